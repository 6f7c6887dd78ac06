#include "newsletter/base/address.h"
#include "newsletter/base/base64.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/report/facts.h"
#include "newsletter/store/consent_wording.h"
#include "service/receipt.h"

#include <stdlib.h>
#include <string.h>

/* ---- the claim ---- */

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static int64_t time_of(const json_t *receipt, const char *kind) {
    const json_t *events = json_object_get(receipt, "events");
    int64_t at = 0;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        if (strcmp(nl_facts_word(event, "event_type"), kind) == 0 &&
            !nl_timestamp_parse(nl_facts_word(event, "event_time"), &at))
            return 0;
    }
    return at;
}

void nl_receipt_claim_free(struct nl_receipt_claim *claim) {
    nl_address_free(&claim->address);
    *claim = (struct nl_receipt_claim){0};
}

/* A statement is the source itself, and has no place of its own. */
enum nl_status nl_receipt_claim(const json_t *receipt, struct nl_receipt_claim *out,
                                struct nl_error *err) {
    const json_t *notice = json_object_get(receipt, "notice");
    const json_t *wordings = json_object_get(notice, "wordings");
    const char *address = text_of(receipt, "pii_principal_id");
    const char *state = text_of(receipt, "state");
    if (address == NULL || state == NULL || nl_address_parse(address, &out->address, err) != NL_OK)
        return nl_error_set(err, NL_DATA, "the receipt names no address or no state");
    out->claim = (struct nl_consent_claim){.address_key = out->address.key,
                                           .state = state,
                                           .confirmed_at = time_of(receipt, "confirmed"),
                                           .consent = {.at = time_of(receipt, "requested"),
                                                       .source = text_of(notice, "source"),
                                                       .version = text_of(notice, "form_version")}};
    for (size_t i = 0; i < json_array_size(wordings); i++)
        for (size_t on = 0; on < NL_SHOWN_ON; on++)
            if (strcmp(nl_facts_word(json_array_get(wordings, i), "shown_on"),
                       nl_shown_on_words[on]) == 0)
                out->claim.consent.wordings[on] = text_of(json_array_get(wordings, i), "digest");
    return NL_OK;
}

/* ---- as JSON ---- */

static json_t *base64_of(const void *data, size_t len) {
    struct nl_buf text = {0};
    nl_base64_add(&text, data, len);
    json_t *string = json_string(nl_buf_text(&text));
    nl_buf_free(&text);
    return string;
}

static json_t *item_of(const struct nl_included *item) {
    json_t *path = json_array();
    for (size_t at = 0; at + NL_DIGEST_LEN <= item->path.len; at += NL_DIGEST_LEN)
        json_array_append_new(path, base64_of(item->path.data + at, NL_DIGEST_LEN));
    return json_pack("{s:o, s:I, s:o}", "entry", base64_of(item->entry.data, item->entry.len),
                     "leaf_index", (json_int_t)item->leaf, "inclusion_path", path);
}

enum nl_status nl_receipt_add_proof(json_t *receipt, const struct nl_inclusion *inclusion,
                                    struct nl_error *err) {
    json_t *items = json_array();
    if (inclusion->checkpoint == NULL) {
        json_decref(items);
        return NL_OK;
    }
    for (size_t i = 0; i < inclusion->count; i++)
        json_array_append_new(items, item_of(&inclusion->items[i]));
    json_t *proof =
        json_pack("{s:s, s:I, s:o, s:o}", "checkpoint", inclusion->checkpoint, "subscription",
                  (json_int_t)inclusion->subscription, "key",
                  inclusion->has_key ? base64_of(inclusion->key, NL_LEDGER_KEY) : json_null(),
                  "entries", items);
    return json_object_set_new(receipt, "proof", proof) == 0 ? NL_OK : nl_error_nomem(err);
}

/* ---- from JSON ---- */

enum { ENTRY_MOST = 64 * 1024, DIGEST_MOST = 64 }; /* in base64 */

static bool add_decoded(struct nl_buf *out, const char *text, size_t most) {
    unsigned char *data = NULL;
    size_t len = 0;
    bool decoded = text != NULL && nl_base64_decode(text, strlen(text), most, &data, &len);
    if (decoded)
        nl_buf_add(out, data, len);
    free(data);
    return decoded;
}

static bool read_item(const json_t *item, struct nl_included *out) {
    const json_t *leaf = json_object_get(item, "leaf_index");
    const json_t *path = json_object_get(item, "inclusion_path");
    bool read = json_is_integer(leaf) && json_integer_value(leaf) >= 0 && json_is_array(path) &&
                json_array_size(path) <= NL_MERKLE_PEAKS &&
                add_decoded(&out->entry, text_of(item, "entry"), ENTRY_MOST);
    out->leaf = read ? (uint64_t)json_integer_value(leaf) : 0;
    for (size_t i = 0; read && i < json_array_size(path); i++)
        read = add_decoded(&out->path, json_string_value(json_array_get(path, i)), DIGEST_MOST) &&
               out->path.len == (i + 1) * NL_DIGEST_LEN;
    return read;
}

static bool read_key(const json_t *key, struct nl_inclusion *out) {
    struct nl_buf bytes = {0};
    bool read = json_is_null(key) || (add_decoded(&bytes, json_string_value(key), DIGEST_MOST) &&
                                      bytes.len == NL_LEDGER_KEY);
    out->has_key = read && bytes.len == NL_LEDGER_KEY;
    if (out->has_key)
        memcpy(out->key, bytes.data, NL_LEDGER_KEY);
    nl_buf_free(&bytes);
    return read;
}

enum nl_status nl_receipt_read_proof(const json_t *proof, struct nl_inclusion *out,
                                     struct nl_error *err) {
    const json_t *items = json_object_get(proof, "entries");
    const json_t *subscription = json_object_get(proof, "subscription");
    const char *checkpoint = text_of(proof, "checkpoint");
    bool read = checkpoint != NULL && json_is_integer(subscription) &&
                json_integer_value(subscription) > 0 && json_is_array(items) &&
                json_array_size(items) <= NL_INCLUDED_MOST &&
                read_key(json_object_get(proof, "key"), out);
    out->subscription = read ? json_integer_value(subscription) : 0;
    out->checkpoint = read ? nl_strdup(checkpoint) : NULL;
    for (size_t i = 0; read && i < json_array_size(items); i++)
        read = read_item(json_array_get(items, i), &out->items[out->count++]);
    return read ? NL_OK : nl_error_set(err, NL_DATA, "the proof of the receipt cannot be read");
}
