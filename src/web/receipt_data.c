#include "web/receipt_data.h"

#include "newsletter/bulletin/bulletin.h"
#include "newsletter/report/facts.h"
#include "newsletter/template/data.h"
#include "newsletter/template/language_name.h"

#include <stdlib.h>
#include <string.h>

/* ---- the data of the page ---- */

/* "2026-11-27 08:22 UTC" */
static void set_time(json_t *data, const json_t *receipt, const char *kind) {
    const json_t *events = json_object_get(receipt, "events");
    struct nl_buf text = {0};
    for (size_t i = 0; i < json_array_size(events); i++) {
        const char *at = nl_facts_word(json_array_get(events, i), "event_time");
        if (strcmp(nl_facts_word(json_array_get(events, i), "event_type"), kind) != 0 ||
            strlen(at) < sizeof "2026-11-27T08:22" - 1)
            continue;
        nl_buf_clear(&text);
        nl_buf_addf(&text, "%.10s %.5s UTC", at, at + 11);
    }
    nl_data_set(data, kind, nl_buf_text(&text));
    nl_buf_free(&text);
}

static const char *heading_of(const char *shown_on) {
    static const char *const words[][2] = {
        {"form", NL_TEXT("Text of the form that you filled in")},
        {"mail", NL_TEXT("Text of the email whose link you opened")},
        {"page", NL_TEXT("Text of the page whose button you pressed")}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i][0], shown_on) == 0)
            return words[i][1];
    return NL_TEXT("Stated when you were added");
}

/* Browsers have no good sign for what differs from person to person. */
static void set_text(json_t *item, const char *text) {
    struct nl_buf shown = {0};
    for (const char *at = strstr(text, NL_DIFFERS); at != NULL; at = strstr(text, NL_DIFFERS)) {
        nl_buf_add(&shown, text, (size_t)(at - text));
        nl_buf_adds(&shown, "[\u2026]");
        text = at + strlen(NL_DIFFERS);
    }
    nl_buf_adds(&shown, text);
    nl_data_set(item, "text", nl_buf_text(&shown));
    nl_buf_free(&shown);
}

static json_t *wordings_data(const struct nl_theme *theme, const json_t *receipt) {
    const json_t *wordings = json_object_get(json_object_get(receipt, "notice"), "wordings");
    json_t *array = json_array();
    for (size_t i = 0; i < json_array_size(wordings); i++) {
        const json_t *wording = json_array_get(wordings, i);
        const char *tag = nl_facts_word(wording, "language");
        json_t *item = json_object();
        nl_data_set(
            item, "heading",
            nl_catalog_text(theme->catalog, NULL, heading_of(nl_facts_word(wording, "shown_on"))));
        nl_data_set(item, "tag", tag[0] != '\0' ? tag : "und");
        set_text(item, nl_facts_word(wording, "text"));
        nl_data_set(item, "digest", nl_facts_word(wording, "digest"));
        json_array_append_new(array, item);
    }
    return array;
}

/* The name and the size that a checkpoint begins with. */
static void set_proof(json_t *data, const json_t *receipt) {
    const char *note = nl_facts_word(json_object_get(receipt, "proof"), "checkpoint");
    size_t name = strcspn(note, "\n");
    struct nl_buf signer = {0};
    struct nl_buf size = {0};
    nl_buf_add(&signer, note, name);
    if (note[name] != '\0')
        nl_buf_add(&size, note + name + 1, strcspn(note + name + 1, "\n"));
    nl_data_set(data, "size", nl_buf_text(&size));
    nl_data_set(data, "signed", nl_buf_text(&signer));
    nl_buf_free(&signer);
    nl_buf_free(&size);
}

static json_t *receipt_data(const struct nl_theme *theme, const json_t *receipt,
                            const char *address) {
    const json_t *controller = json_object_get(receipt, "pii_controller");
    const json_t *purpose = json_object_get(receipt, "purpose");
    const json_t *notice = json_object_get(receipt, "notice");
    const char *tag = nl_facts_word(purpose, "language");
    struct nl_buf name = {0};
    struct nl_buf download = {0};
    json_t *data = json_object();
    nl_language_name(tag, &name);
    nl_buf_addf(&download, "%s%s", address, nl_facts_word(receipt, "record_id"));
    nl_data_set(data, "list", nl_facts_word(purpose, "list"));
    nl_data_set(data, "address", nl_facts_word(receipt, "pii_principal_id"));
    nl_data_set(data, "sender", nl_facts_word(controller, "sender"));
    nl_data_set(data, "postal_address", nl_facts_word(controller, "postal_address"));
    nl_data_set(data, "language_tag", tag);
    nl_data_set(data, "language_name", nl_buf_text(&name));
    set_time(data, receipt, "requested");
    set_time(data, receipt, "confirmed");
    set_time(data, receipt, "ended");
    nl_data_set(data, "source", nl_facts_word(notice, "source"));
    nl_data_set(data, "ip", nl_facts_word(notice, "ip"));
    json_object_set_new(data, "wordings", wordings_data(theme, receipt));
    set_proof(data, receipt);
    nl_data_set(data, "download", nl_buf_text(&download));
    nl_buf_free(&name);
    nl_buf_free(&download);
    return data;
}

json_t *nl_receipts_data(const struct nl_theme *theme, const json_t *receipts,
                         const char *address) {
    json_t *array = json_array();
    for (size_t i = 0; i < json_array_size(receipts); i++)
        json_array_append_new(array, receipt_data(theme, json_array_get(receipts, i), address));
    return array;
}

/* ---- the file ---- */

static void answer(const json_t *receipt, struct nl_response *response) {
    char *text = json_dumps(receipt, JSON_INDENT(2));
    nl_buf_addf(&response->body, "%s\n", text);
    response->type = "application/json";
    response->attachment = "consent-receipt.json";
    free(text);
}

bool nl_receipt_file(const json_t *receipts, const char *record, struct nl_response *response) {
    for (size_t i = 0; i < json_array_size(receipts); i++) {
        const json_t *receipt = json_array_get(receipts, i);
        if (strcmp(nl_facts_word(receipt, "record_id"), record) == 0) {
            answer(receipt, response);
            return true;
        }
    }
    return false;
}
