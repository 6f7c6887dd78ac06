#include "newsletter/service/verdicts.h"

#include "newsletter/store/issue_note.h"

#include <stdlib.h>
#include <string.h>

struct asking {
    const struct nl_office *office;
    const struct nl_asked *asked;
    const struct nl_key_ring *ring;
    bool open;
    struct nl_genuine *best;
    json_t *named; /* an array */
};

static bool is_better(const struct nl_genuine *a, const struct nl_genuine *b) {
    return a->matched != b->matched ? a->matched > b->matched : a->verdict > b->verdict;
}

/* A note whose signature does not hold is left out: somebody has changed the database. */
static enum nl_status compare(const char *note, void *ctx, struct nl_error *err) {
    struct asking *asking = ctx;
    struct nl_genuine found = {0};
    struct nl_error damaged = {0};
    enum nl_status status = nl_genuine_compare(asking->asked, note, asking->ring, &found, &damaged);
    if (status == NL_DATA) {
        nl_error_free(&damaged);
        return NL_OK;
    }
    if (status != NL_OK)
        return nl_error_take(err, status, &damaged);
    if (is_better(&found, asking->best)) {
        nl_genuine_free(asking->best);
        *asking->best = found;
    } else {
        nl_genuine_free(&found);
    }
    return NL_OK;
}

static enum nl_status name_issue(const char *note, void *ctx, struct nl_error *err) {
    struct asking *asking = ctx;
    json_t *facts = NULL;
    struct nl_error damaged = {0};
    enum nl_status status = nl_genuine_describe(note, asking->ring, &facts, &damaged);
    if (status == NL_DATA) {
        nl_error_free(&damaged);
        return NL_OK;
    }
    if (status != NL_OK)
        return nl_error_take(err, status, &damaged);
    return json_array_append_new(asking->named, facts) == 0 ? NL_OK : nl_error_nomem(err);
}

static enum nl_status ask_reference(const char *reference, void *ctx, struct nl_error *err) {
    struct asking *asking = ctx;
    if (json_array_size(asking->named) > 0)
        return NL_OK;
    return nl_issue_notes_of_reference(asking->office->store, reference, asking->open, name_issue,
                                       asking, err);
}

enum nl_status nl_office_genuine(const struct nl_office *office, const struct nl_asked *asked,
                                 const struct nl_key_ring *ring, bool open, struct nl_genuine *out,
                                 struct nl_error *err) {
    struct asking asking = {office, asked, ring, open, out, json_array()};
    int64_t *passages = NULL;
    size_t count = 0;
    *out = (struct nl_genuine){.verdict = NL_VERDICT_UNKNOWN};
    enum nl_status status = NL_OK;
    nl_asked_passages(asked, &passages, &count);
    if (count > 0)
        status =
            nl_issue_notes_of_passages(office->store, passages, count, open, compare, &asking, err);
    if (status == NL_OK && out->verdict == NL_VERDICT_UNKNOWN)
        status = nl_asked_references(asked, ask_reference, &asking, err);
    if (status == NL_OK && out->verdict == NL_VERDICT_UNKNOWN) {
        json_decref(out->facts);
        out->facts = json_pack("{s:s}", "verdict", nl_verdict_names[NL_VERDICT_UNKNOWN]);
    }
    if (status == NL_OK) {
        json_t *named = json_array_get(asking.named, 0);
        if (json_object_set(out->facts, "named", named != NULL ? named : json_null()) != 0)
            status = nl_error_nomem(err);
    }
    json_decref(asking.named);
    free(passages);
    if (status != NL_OK)
        nl_genuine_free(out);
    return status;
}

enum nl_status nl_office_reference(const struct nl_office *office, const char *reference,
                                   const struct nl_key_ring *ring, bool open, json_t **out,
                                   struct nl_error *err) {
    struct asking asking = {.office = office, .ring = ring, .open = open, .named = json_array()};
    *out = NULL;
    enum nl_status status =
        nl_issue_notes_of_reference(office->store, reference, open, name_issue, &asking, err);
    if (status == NL_OK)
        *out = asking.named;
    else
        json_decref(asking.named);
    return status;
}
