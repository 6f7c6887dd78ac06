#include "newsletter/service/receipts.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/base/token.h"
#include "newsletter/config/identity.h"
#include "newsletter/store/consent_wording.h"
#include "newsletter/store/list.h"
#include "service/receipt.h"
#include "service/who.h"

#include <stdlib.h>
#include <string.h>

static void add_event(json_t *events, const char *kind, const json_t *at) {
    if (json_is_string(at))
        json_array_append_new(events,
                              json_pack("{s:s, s:O}", "event_type", kind, "event_time", at));
}

static json_t *text_or_null(const char *text) {
    return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *wording_of(const char *shown_on, const char *digest, const char *language,
                          const char *text) {
    return json_pack("{s:s, s:s, s:o, s:s}", "shown_on", shown_on, "digest", digest, "language",
                     text_or_null(language), "text", text);
}

static enum nl_status add_wording(const struct nl_consent_wording *wording, void *ctx,
                                  struct nl_error *err) {
    json_t *item = wording_of(nl_shown_on_words[wording->shown_on], wording->digest,
                              wording->language, wording->text);
    return json_array_append_new(ctx, item) == 0 ? NL_OK : nl_error_nomem(err);
}

/* Adds the texts that the person saw; for somebody who was brought in, the statement of their
 * consent. */
static enum nl_status add_wordings(const struct nl_office *office, int64_t subscription,
                                   json_t *notice, struct nl_error *err) {
    json_t *wordings = json_array();
    const char *source = json_string_value(json_object_get(notice, "source"));
    enum nl_status status =
        nl_consent_wordings_each(office->store, subscription, add_wording, wordings, err);
    if (status == NL_OK && json_array_size(wordings) == 0 && source != NULL) {
        char digest[NL_HEX_LEN];
        nl_digest_hex(source, strlen(source), digest);
        json_array_append_new(wordings, wording_of("statement", digest, NULL, source));
    }
    json_object_set_new(notice, "wordings", wordings);
    return status;
}

/* Names of the members are those of ISO/IEC TS 27560 where it has one. */
static json_t *receipt_of(const struct nl_office *office, const json_t *facts,
                          const json_t *subscription, const struct nl_list *list) {
    const json_t *consent = json_object_get(subscription, "consent");
    struct nl_identity identity = {0};
    char now[NL_TIMESTAMP_LEN];
    char record[NL_HEX_LEN];
    struct nl_buf about = {0};
    json_t *events = json_array();
    nl_identity_of(office->config, list->name, list->language, &identity);
    nl_timestamp_text(nl_store_now(office->store), now);
    add_event(events, "requested", json_object_get(consent, "at"));
    add_event(events, "confirmed", json_object_get(subscription, "confirmed_at"));
    add_event(events, "ended", json_object_get(subscription, "ended_at"));
    nl_buf_addf(&about, "%s\n%s\n%s", list->list_id,
                json_string_value(json_object_get(facts, "address")),
                json_string_value(json_object_get(consent, "at")) != NULL
                    ? json_string_value(json_object_get(consent, "at"))
                    : "");
    nl_digest_hex(nl_buf_text(&about), about.len, record);
    nl_buf_free(&about);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:{s:o, s:s, s:o}, s:{s:s, s:s, s:o, s:s}, s:{s:O?, s:O?, s:O?}, "
        "s:O, s:o}",
        "schema_version", "ISO/IEC TS 27560:2023", "record_id", record, "receipt_time", now,
        "pii_principal_id", json_string_value(json_object_get(facts, "address")), "pii_controller",
        "name", text_or_null(identity.name), "sender", list->sender, "postal_address",
        text_or_null(list->postal_address), "purpose", "list", list->title, "list_id",
        list->list_id, "language",
        json_is_string(json_object_get(facts, "language"))
            ? json_incref(json_object_get(facts, "language"))
            : json_string(list->language),
        "lawful_basis", "consent", "notice", "form_version",
        json_object_get(consent, "form_version"), "source", json_object_get(consent, "source"),
        "ip", json_object_get(consent, "ip"), "state", json_object_get(subscription, "state"),
        "events", events);
}

static enum nl_status prove(const struct nl_office *office, int64_t subscription, int64_t person,
                            json_t *receipt, struct nl_error *err) {
    struct nl_receipt_claim claim = {0};
    struct nl_inclusion inclusion = {0};
    enum nl_status status = nl_receipt_claim(receipt, &claim, err);
    if (status == NL_OK)
        status = nl_inclusion_make(office->store, office->config, subscription, person,
                                   &claim.claim, &inclusion, err);
    if (status == NL_OK)
        status = nl_receipt_add_proof(receipt, &inclusion, err);
    nl_inclusion_free(&inclusion);
    nl_receipt_claim_free(&claim);
    return status;
}

static enum nl_status add_receipt(const struct nl_office *office, int64_t person,
                                  const json_t *facts, const json_t *subscription,
                                  const struct nl_note_signer *signer, json_t *out,
                                  struct nl_error *err) {
    struct nl_list list = {0};
    int64_t id = 0;
    const char *name = json_string_value(json_object_get(subscription, "list"));
    enum nl_status status = nl_list_find(office->store, name, &list, err);
    json_t *receipt = status == NL_OK ? receipt_of(office, facts, subscription, &list) : NULL;
    if (status == NL_OK && receipt == NULL)
        status = nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_consent_subscription(office->store, person, list.id, &id, err);
    if (status == NL_OK)
        status = add_wordings(office, id, json_object_get(receipt, "notice"), err);
    if (status == NL_OK && signer->key != NULL)
        status = prove(office, id, person, receipt, err);
    if (status == NL_OK && signer->key != NULL)
        status = nl_receipt_sign(receipt, signer, err);
    if (status == NL_OK)
        json_array_append(out, receipt);
    json_decref(receipt);
    nl_list_free(&list);
    return status;
}

static bool is_among(const json_t *lists, const json_t *subscription) {
    const char *name = json_string_value(json_object_get(subscription, "list"));
    json_t *one = NULL;
    size_t at = 0;
    json_array_foreach(lists, at, one) {
        const char *other = json_string_value(json_object_get(one, "name"));
        if (name != NULL && other != NULL && strcmp(name, other) == 0)
            return true;
    }
    return lists == NULL;
}

/* `lists`: only of these; NULL: all. */
static enum nl_status gather(const struct nl_office *office, const struct nl_who *who,
                             const json_t *lists, json_t **out, struct nl_error *err) {
    struct nl_subscriber person = {0};
    struct nl_note_signer signer = {0};
    int64_t id = 0;
    *out = json_array();
    enum nl_status status = nl_who_find(office, who, &id, err);
    if (status == NL_OK)
        status = nl_office_subscriber_read(office, who, &person, err);
    if (status == NL_OK && office->config->signing.key_file != NULL)
        status = nl_note_signer_open(office->config->signing.key_file,
                                     office->config->signing.public_keys, &signer, err);
    const json_t *subscriptions = json_object_get(person.facts, "subscriptions");
    for (size_t i = 0; status == NL_OK && i < json_array_size(subscriptions); i++)
        if (is_among(lists, json_array_get(subscriptions, i)))
            status = add_receipt(office, id, person.facts, json_array_get(subscriptions, i),
                                 &signer, *out, err);
    nl_note_signer_free(&signer);
    nl_subscriber_free(&person);
    if (status != NL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}

enum nl_status nl_office_receipts(const struct nl_office *office, const struct nl_who *who,
                                  json_t **out, struct nl_error *err) {
    return gather(office, who, NULL, out, err);
}

enum nl_status nl_office_receipts_shown(const struct nl_office *office, int64_t id,
                                        const json_t *lists, json_t **out, struct nl_error *err) {
    const struct nl_who who = {.id = id};
    enum nl_status status = gather(office, &who, lists, out, err);
    return status == NL_OK ? nl_office_note(office, "consent show", "subscriber", NULL, id, err)
                           : status;
}

/* Lines end as ours do, so that the same text is the same wording. */
enum nl_status nl_wording_normal(const char *text, struct nl_buf *out, struct nl_error *err) {
    for (const char *at = text; *at != '\0'; at++)
        if (*at != '\r' || at[1] != '\n')
            nl_buf_addc(out, *at);
    while (out->len > 0 && out->data[out->len - 1] == '\n')
        out->data[--out->len] = '\0';
    if (out->len > NL_CONSENT_WORDING_MOST)
        return nl_error_set(err, NL_DATA, NL_TEXT("the wording is longer than %d bytes"),
                            NL_CONSENT_WORDING_MOST);
    return nl_text_check_body(nl_buf_text(out), out->len, NL_TEXT_IN("error", "the wording"), err);
}

enum nl_status nl_office_wording(struct nl_store *store, const char *language, const char *text,
                                 int64_t *id, struct nl_error *err) {
    struct nl_buf lines = {0};
    *id = 0;
    if (text == NULL)
        return NL_OK;
    enum nl_status status = nl_wording_normal(text, &lines, err);
    if (status == NL_OK)
        status = nl_consent_wording_put(store, language, nl_buf_text(&lines), id, err);
    nl_buf_free(&lines);
    return status;
}
