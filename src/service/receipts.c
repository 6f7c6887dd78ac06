#include "newsletter/service/receipts.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/passkey.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/base/token.h"
#include "newsletter/config/identity.h"
#include "newsletter/store/list.h"

#include <stdlib.h>
#include <string.h>

/* ---- the signature ---- */

/* The receipt without its signature, in the one form that RFC 8785 has for it: names are ASCII, and
 * numbers are small integers. The caller frees it; NULL without memory. */
static char *canonical(const json_t *receipt) {
    json_t *copy = json_deep_copy(receipt);
    json_object_del(copy, "signature");
    char *text = copy != NULL ? json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(copy);
    return text;
}

/* "HEADER.PAYLOAD", which is signed (RFC 7515 section 5.1). */
static enum nl_status signing_input(const char *header, const json_t *receipt, struct nl_buf *out,
                                    struct nl_error *err) {
    char *text = canonical(receipt);
    if (text == NULL)
        return nl_error_nomem(err);
    nl_buf_addf(out, "%s.", header);
    nl_base64url_add(out, text, strlen(text));
    free(text);
    return out->failed ? nl_error_nomem(err) : NL_OK;
}

/* A JWS with a detached payload (RFC 7515 appendix F). */
static enum nl_status sign(json_t *receipt, const struct nl_note_signer *signer,
                           struct nl_error *err) {
    unsigned char id[NL_KEY_ID_LEN];
    unsigned char signature[NL_SIGNATURE_LEN];
    struct nl_buf plain = {0};
    struct nl_buf header = {0};
    struct nl_buf input = {0};
    nl_key_id(signer->verifier, id);
    nl_buf_addf(&plain, "{\"alg\":\"EdDSA\",\"kid\":\"%02x%02x%02x%02x\"}", id[0], id[1], id[2],
                id[3]);
    nl_base64url_add(&header, nl_buf_text(&plain), plain.len);
    enum nl_status status = signing_input(nl_buf_text(&header), receipt, &input, err);
    if (status == NL_OK)
        status = nl_sign(signer->key, nl_buf_text(&input), input.len, signature, err);
    if (status == NL_OK) {
        nl_buf_adds(&header, "..");
        nl_base64url_add(&header, signature, sizeof signature);
        if (json_object_set_new(receipt, "signature", json_string(nl_buf_text(&header))) != 0)
            status = nl_error_nomem(err);
    }
    nl_buf_free(&plain);
    nl_buf_free(&header);
    nl_buf_free(&input);
    return status;
}

enum nl_status nl_receipt_check(const json_t *receipt, const struct nl_key_ring *ring,
                                struct nl_error *err) {
    const char *jws = json_string_value(json_object_get(receipt, "signature"));
    const char *dots = jws != NULL ? strstr(jws, "..") : NULL;
    unsigned char signature[NL_SIGNATURE_LEN];
    size_t len = 0;
    struct nl_buf header = {0};
    struct nl_buf input = {0};
    bool holds = false;
    if (dots == NULL || !nl_base64url(dots + 2, signature, sizeof signature, &len) ||
        len != sizeof signature)
        return nl_error_set(err, NL_DATA, "the receipt is not signed");
    nl_buf_add(&header, jws, (size_t)(dots - jws));
    enum nl_status status = signing_input(nl_buf_text(&header), receipt, &input, err);
    for (size_t i = 0; status == NL_OK && !holds && i < ring->count; i++)
        holds =
            nl_sign_holds(ring->keys[i].verifier.key, nl_buf_text(&input), input.len, signature);
    if (status == NL_OK && !holds)
        status =
            nl_error_set(err, NL_DATA, "the signature of the receipt holds by none of the keys");
    nl_buf_free(&header);
    nl_buf_free(&input);
    return status;
}

/* ---- the receipt ---- */

static void add_event(json_t *events, const char *kind, const json_t *at) {
    if (json_is_string(at))
        json_array_append_new(events,
                              json_pack("{s:s, s:O}", "event_type", kind, "event_time", at));
}

static json_t *text_or_null(const char *text) {
    return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
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

static enum nl_status add_receipt(const struct nl_office *office, const json_t *facts,
                                  const json_t *subscription, const struct nl_note_signer *signer,
                                  json_t *out, struct nl_error *err) {
    struct nl_list list = {0};
    const char *name = json_string_value(json_object_get(subscription, "list"));
    enum nl_status status = nl_list_find(office->store, name, &list, err);
    json_t *receipt = status == NL_OK ? receipt_of(office, facts, subscription, &list) : NULL;
    if (status == NL_OK && receipt == NULL)
        status = nl_error_nomem(err);
    if (status == NL_OK && signer->key != NULL)
        status = sign(receipt, signer, err);
    if (status == NL_OK && json_array_append(out, receipt) != 0)
        status = nl_error_nomem(err);
    json_decref(receipt);
    nl_list_free(&list);
    return status;
}

enum nl_status nl_office_receipts(const struct nl_office *office, const struct nl_who *who,
                                  json_t **out, struct nl_error *err) {
    struct nl_subscriber person = {0};
    struct nl_note_signer signer = {0};
    *out = json_array();
    enum nl_status status = nl_office_subscriber_read(office, who, &person, err);
    if (status == NL_OK && office->config->signing.key_file != NULL)
        status = nl_note_signer_open(office->config->signing.key_file,
                                     office->config->signing.public_keys, &signer, err);
    const json_t *subscriptions = json_object_get(person.facts, "subscriptions");
    for (size_t i = 0; status == NL_OK && i < json_array_size(subscriptions); i++)
        status =
            add_receipt(office, person.facts, json_array_get(subscriptions, i), &signer, *out, err);
    nl_note_signer_free(&signer);
    nl_subscriber_free(&person);
    if (status != NL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}
