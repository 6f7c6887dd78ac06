#include "bulletin/genuine_describe.h"

#include "bulletin/canonical.h"

#include <string.h>

static bool holds(const char *note, const struct nl_key_ring *ring, size_t *len) {
    for (size_t i = 0; i < ring->count; i++) {
        struct nl_verifier verifier = ring->keys[i].verifier;
        if (verifier.name[0] == '\0') {
            /* A key in PEM has no name: that of the note will do. */
            struct nl_note_of_issue read = {.note = note, .len = strlen(note)};
            size_t name_len = 0;
            const char *name = nl_note_value(&read, "office", 0, &name_len);
            if (name == NULL || name_len > NL_KEY_NAME_LEN)
                continue;
            memcpy(verifier.name, name, name_len);
        }
        if (nl_note_holds(note, &verifier, len))
            return true;
    }
    return false;
}

enum nl_status nl_genuine_open(const char *note, const struct nl_key_ring *ring,
                               struct nl_note_of_issue *out, struct nl_error *err) {
    size_t len = 0;
    return holds(note, ring, &len)
               ? nl_note_of_issue_read(note, len, out, err)
               : nl_error_set(err, NL_DATA,
                              "the signature of the issue does not match any of the keys");
}

static json_t *value_json(const struct nl_note_of_issue *note, const char *name) {
    size_t len = 0;
    const char *value = nl_note_value(note, name, 0, &len);
    return value != NULL ? json_stringn(value, len) : json_null();
}

json_t *nl_genuine_facts(const struct nl_note_of_issue *note) {
    static const char *const names[][2] = {{"reference", "reference"}, {"office", "office"},
                                           {"list", "list"},           {"issue", "issue"},
                                           {"language", "language"},   {"title", "title"},
                                           {"date", "date"},           {"signed", "signed_at"}};
    json_t *facts = json_object();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_object_set_new(facts, names[i][1], value_json(note, names[i][0]));
    return facts;
}

enum nl_status nl_genuine_describe(const char *note, const struct nl_key_ring *ring, json_t **out,
                                   struct nl_error *err) {
    struct nl_note_of_issue read = {0};
    *out = NULL;
    enum nl_status status = nl_genuine_open(note, ring, &read, err);
    if (status == NL_OK)
        *out = nl_genuine_facts(&read);
    nl_note_of_issue_free(&read);
    return status;
}

bool nl_genuine_is_note(const char *text) {
    return strncmp(text, NL_CANONICAL_HEAD "\n", strlen(NL_CANONICAL_HEAD) + 1) == 0;
}
