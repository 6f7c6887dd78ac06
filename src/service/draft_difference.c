#include "newsletter/service/drafts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A table of lengths has at most so many cells; of texts that differ more, all is gone and new. */
enum { CELLS_MOST = 4000000, NEAR = 2 };

struct lines {
    const char **at;
    size_t *len;
    size_t count;
};

static enum nl_status split(const char *text, struct lines *out, struct nl_error *err) {
    size_t most = 1;
    for (const char *p = text; *p != '\0'; p++)
        most += *p == '\n';
    out->at = calloc(most, sizeof *out->at);
    out->len = calloc(most, sizeof *out->len);
    if (out->at == NULL || out->len == NULL)
        return nl_error_nomem(err);
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        out->at[out->count] = text;
        out->len[out->count++] = len;
        text += len + (text[len] == '\n');
    }
    return NL_OK;
}

static bool is_same(const struct lines *a, size_t i, const struct lines *b, size_t j) {
    return a->len[i] == b->len[j] && memcmp(a->at[i], b->at[j], a->len[i]) == 0;
}

static void add_line(json_t *out, const char *kind, const struct lines *lines, size_t i) {
    json_array_append_new(
        out, json_pack("{s:s, s:s%}", "kind", kind, "text", lines->at[i], lines->len[i]));
}

/* The middle, without the lines that both texts begin and end with. */
struct middle {
    const struct lines *a, *b;
    size_t a_from, a_to, b_from, b_to;
};

/* The longest common subsequence of lines; `table` has the lengths of those of the rests. */
static void walk(const struct middle *middle, const uint32_t *table, json_t *out) {
    size_t width = middle->b_to - middle->b_from + 1;
    size_t i = middle->a_from;
    size_t j = middle->b_from;
    while (i < middle->a_to || j < middle->b_to) {
        const uint32_t *cell =
            table != NULL ? table + (i - middle->a_from) * width + (j - middle->b_from) : NULL;
        if (table != NULL && i < middle->a_to && j < middle->b_to &&
            is_same(middle->a, i, middle->b, j)) {
            add_line(out, "same", middle->a, i++);
            j++;
        } else if (i < middle->a_to &&
                   (j == middle->b_to || table == NULL || cell[width] >= cell[1]))
            add_line(out, "gone", middle->a, i++);
        else
            add_line(out, "new", middle->b, j++);
    }
}

static uint32_t *make_table(const struct middle *middle) {
    size_t height = middle->a_to - middle->a_from;
    size_t width = middle->b_to - middle->b_from;
    if ((height + 1) > CELLS_MOST / (width + 1))
        return NULL;
    uint32_t *table = calloc((height + 1) * (width + 1), sizeof *table);
    for (size_t i = height; table != NULL && i-- > 0;)
        for (size_t j = width; j-- > 0;) {
            uint32_t *cell = table + i * (width + 1) + j;
            uint32_t below = cell[width + 1];
            bool same = is_same(middle->a, middle->a_from + i, middle->b, middle->b_from + j);
            *cell = same ? cell[width + 2] + 1 : below > cell[1] ? below : cell[1];
        }
    return table;
}

/* Leaves out lines that are far from any change. */
static json_t *shorten(const json_t *all) {
    json_t *out = json_array();
    size_t count = json_array_size(all);
    bool *near = calloc(count + 1, sizeof *near);
    for (size_t i = 0; near != NULL && i < count; i++) {
        const char *kind = json_string_value(json_object_get(json_array_get(all, i), "kind"));
        for (size_t k = i >= NEAR ? i - NEAR : 0;
             strcmp(kind, "same") != 0 && k < count && k <= i + NEAR; k++)
            near[k] = true;
    }
    for (size_t i = 0; near != NULL && i < count; i++) {
        if (near[i])
            json_array_append(out, json_array_get(all, i));
        else if (i == 0 || near[i - 1])
            json_array_append_new(out, json_pack("{s:s, s:s}", "kind", "gap", "text", ""));
    }
    free(near);
    return out;
}

static json_t *compare(const struct lines *a, const struct lines *b) {
    json_t *out = json_array();
    struct middle middle = {a, b, 0, a->count, 0, b->count};
    while (middle.a_from < middle.a_to && middle.b_from < middle.b_to &&
           is_same(a, middle.a_from, b, middle.b_from)) {
        add_line(out, "same", a, middle.a_from++);
        middle.b_from++;
    }
    while (middle.a_from < middle.a_to && middle.b_from < middle.b_to &&
           is_same(a, middle.a_to - 1, b, middle.b_to - 1)) {
        middle.a_to--;
        middle.b_to--;
    }
    uint32_t *table = make_table(&middle);
    walk(&middle, table, out);
    free(table);
    for (size_t i = middle.a_to; i < a->count; i++)
        add_line(out, "same", a, i);
    return out;
}

enum nl_status nl_draft_difference(const char *before, const char *after, json_t **out,
                                   struct nl_error *err) {
    struct lines a = {0};
    struct lines b = {0};
    *out = NULL;
    enum nl_status status = split(before, &a, err);
    if (status == NL_OK)
        status = split(after, &b, err);
    if (status == NL_OK) {
        json_t *all = compare(&a, &b);
        *out = shorten(all);
        json_decref(all);
    }
    free(a.at);
    free(a.len);
    free(b.at);
    free(b.len);
    return status;
}
