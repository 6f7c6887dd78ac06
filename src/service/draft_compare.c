#include "newsletter/service/drafts.h"
#include "service/sequence.h"

#include <string.h>

/* Lines that differ, one next to the other. */
struct run {
    json_t *gone, *added; /* arrays of lines */
};

static const char *text_of(const json_t *line) {
    return json_string_value(json_object_get(line, "text"));
}

/* Appends words to one side; neighbours of one kind become one text. */
static enum nl_status add_words(json_t *side, const char *text, bool marked, struct nl_error *err) {
    json_t *last = json_array_get(side, json_array_size(side) - 1);
    if (json_array_size(side) > 0 && json_is_true(json_object_get(last, "marked")) == marked) {
        json_t *both = json_sprintf("%s%s", text_of(last), text);
        return json_object_set_new(last, "text", both) == 0 ? NL_OK : nl_error_nomem(err);
    }
    return json_array_append_new(side,
                                 json_pack("{s:s, s:b}", "text", text, "marked", (int)marked)) == 0
               ? NL_OK
               : nl_error_nomem(err);
}

static enum nl_status mark_words(const char *before, const char *after, json_t *left, json_t *right,
                                 struct nl_error *err) {
    struct nl_sequence a = {0};
    struct nl_sequence b = {0};
    json_t *words = NULL;
    size_t at = 0;
    const json_t *word = NULL;
    enum nl_status status = nl_sequence_words(before, &a, err);
    if (status == NL_OK)
        status = nl_sequence_words(after, &b, err);
    if (status == NL_OK)
        words = nl_sequence_compare(&a, &b);
    json_array_foreach(words, at, word) {
        const char *kind = json_string_value(json_object_get(word, "kind"));
        if (status == NL_OK && strcmp(kind, "new") != 0)
            status = add_words(left, text_of(word), strcmp(kind, "gone") == 0, err);
        if (status == NL_OK && strcmp(kind, "gone") != 0)
            status = add_words(right, text_of(word), strcmp(kind, "new") == 0, err);
    }
    json_decref(words);
    nl_sequence_free(&a);
    nl_sequence_free(&b);
    return status;
}

static enum nl_status add_row(json_t *out, const char *before, const char *after,
                              struct nl_error *err) {
    json_t *left = json_array();
    json_t *right = json_array();
    enum nl_status status = NL_OK;
    if (before != NULL && after != NULL)
        status = mark_words(before, after, left, right, err);
    else
        status =
            add_words(before != NULL ? left : right, before != NULL ? before : after, true, err);
    json_t *row = json_pack("{s:s, s:o, s:o}", "kind", "changed", "left", left, "right", right);
    if (json_array_append_new(out, row) != 0 && status == NL_OK)
        status = nl_error_nomem(err);
    return status;
}

/* Ends a run: its lines are compared in pairs, those that are left stand alone. */
static enum nl_status flush(struct run *run, json_t *out, struct nl_error *err) {
    size_t gone = json_array_size(run->gone);
    size_t added = json_array_size(run->added);
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && (i < gone || i < added); i++)
        status = add_row(out, json_string_value(json_array_get(run->gone, i)),
                         json_string_value(json_array_get(run->added, i)), err);
    json_array_clear(run->gone);
    json_array_clear(run->added);
    return status;
}

static enum nl_status add_plain(json_t *out, const char *kind, const char *text,
                                struct nl_error *err) {
    json_t *row = json_pack("{s:s, s:[{s:s, s:b}], s:[{s:s, s:b}]}", "kind", kind, "left", "text",
                            text, "marked", 0, "right", "text", text, "marked", 0);
    return json_array_append_new(out, row) == 0 ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_draft_compare(const char *before, const char *after, json_t **out,
                                struct nl_error *err) {
    struct run run = {json_array(), json_array()};
    json_t *lines = NULL;
    json_t *rows = json_array();
    size_t at = 0;
    const json_t *line = NULL;
    *out = NULL;
    enum nl_status status = nl_draft_difference(before, after, &lines, err);
    json_array_foreach(lines, at, line) {
        const char *kind = json_string_value(json_object_get(line, "kind"));
        bool gone = strcmp(kind, "gone") == 0;
        if (status != NL_OK)
            break;
        if (gone || strcmp(kind, "new") == 0) {
            json_array_append(gone ? run.gone : run.added, json_object_get(line, "text"));
            continue;
        }
        status = flush(&run, rows, err);
        if (status == NL_OK)
            status = add_plain(rows, kind, text_of(line), err);
    }
    if (status == NL_OK)
        status = flush(&run, rows, err);
    json_decref(run.gone);
    json_decref(run.added);
    json_decref(lines);
    if (status == NL_OK)
        *out = rows;
    else
        json_decref(rows);
    return status;
}
