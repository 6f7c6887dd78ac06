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
static void add_words(json_t *side, const char *text, bool marked) {
    json_t *last = json_array_get(side, json_array_size(side) - 1);
    if (json_array_size(side) > 0 && json_is_true(json_object_get(last, "marked")) == marked)
        json_object_set_new(last, "text", json_sprintf("%s%s", text_of(last), text));
    else
        json_array_append_new(side, json_pack("{s:s, s:b}", "text", text, "marked", (int)marked));
}

static void mark_words(const char *before, const char *after, json_t *left, json_t *right) {
    struct nl_sequence a = {0};
    struct nl_sequence b = {0};
    size_t at = 0;
    const json_t *word = NULL;
    nl_sequence_words(before, &a);
    nl_sequence_words(after, &b);
    json_t *words = nl_sequence_compare(&a, &b);
    json_array_foreach(words, at, word) {
        const char *kind = json_string_value(json_object_get(word, "kind"));
        if (strcmp(kind, "new") != 0)
            add_words(left, text_of(word), strcmp(kind, "gone") == 0);
        if (strcmp(kind, "gone") != 0)
            add_words(right, text_of(word), strcmp(kind, "new") == 0);
    }
    json_decref(words);
    nl_sequence_free(&a);
    nl_sequence_free(&b);
}

static void add_row(json_t *out, const char *before, const char *after) {
    json_t *left = json_array();
    json_t *right = json_array();
    if (before != NULL && after != NULL)
        mark_words(before, after, left, right);
    else
        add_words(before != NULL ? left : right, before != NULL ? before : after, true);
    json_array_append_new(
        out, json_pack("{s:s, s:o, s:o}", "kind", "changed", "left", left, "right", right));
}

/* Ends a run: its lines are compared in pairs, those that are left stand alone. */
static void flush(struct run *run, json_t *out) {
    size_t gone = json_array_size(run->gone);
    size_t added = json_array_size(run->added);
    for (size_t i = 0; i < gone || i < added; i++)
        add_row(out, json_string_value(json_array_get(run->gone, i)),
                json_string_value(json_array_get(run->added, i)));
    json_array_clear(run->gone);
    json_array_clear(run->added);
}

static void add_plain(json_t *out, const char *kind, const char *text) {
    json_array_append_new(out,
                          json_pack("{s:s, s:[{s:s, s:b}], s:[{s:s, s:b}]}", "kind", kind, "left",
                                    "text", text, "marked", 0, "right", "text", text, "marked", 0));
}

json_t *nl_draft_compare(const char *before, const char *after) {
    struct run run = {json_array(), json_array()};
    json_t *lines = nl_draft_difference(before, after);
    json_t *rows = json_array();
    size_t at = 0;
    const json_t *line = NULL;
    json_array_foreach(lines, at, line) {
        const char *kind = json_string_value(json_object_get(line, "kind"));
        bool gone = strcmp(kind, "gone") == 0;
        if (gone || strcmp(kind, "new") == 0) {
            json_array_append(gone ? run.gone : run.added, json_object_get(line, "text"));
            continue;
        }
        flush(&run, rows);
        add_plain(rows, kind, text_of(line));
    }
    flush(&run, rows);
    json_decref(run.gone);
    json_decref(run.added);
    json_decref(lines);
    return rows;
}
