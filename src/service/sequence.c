#include "service/sequence.h"
#include "newsletter/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A table of lengths has at most this many cells; of texts that differ more, all is gone and new.
 */
enum { CELLS_MOST = 4000000 };

/* A sign of Chinese or Japanese, or one far up, stands for itself: no blanks part their words. */
static size_t sign_length(const unsigned char *at) {
    if (at[0] < 0xe2 || (at[0] == 0xe2 && at[1] < 0xba))
        return 0;
    size_t len = at[0] < 0xf0 ? 3 : 4;
    return memchr(at, '\0', len) == NULL ? len : 0;
}

static bool is_word_byte(unsigned char c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of a word, of blanks, or of one sign. */
static size_t word_length(const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    size_t len = sign_length(at);
    if (len > 0)
        return len;
    if (is_word_byte(at[0]))
        while (is_word_byte(at[len]) && sign_length(at + len) == 0)
            len++;
    return len > 0 ? len : 1;
}

static void make_room(struct nl_sequence *out, size_t most) {
    out->at = nl_calloc(most + 1, sizeof *out->at);
    out->len = nl_calloc(most + 1, sizeof *out->len);
}

void nl_sequence_lines(const char *text, struct nl_sequence *out) {
    size_t most = 1;
    for (const char *p = text; *p != '\0'; p++)
        most += *p == '\n';
    make_room(out, most);
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        out->at[out->count] = text;
        out->len[out->count++] = len;
        text += len + (text[len] == '\n');
    }
}

void nl_sequence_words(const char *text, struct nl_sequence *out) {
    make_room(out, strlen(text));
    while (*text != '\0') {
        size_t len = word_length(text);
        out->at[out->count] = text;
        out->len[out->count++] = len;
        text += len;
    }
}

void nl_sequence_free(struct nl_sequence *sequence) {
    free(sequence->at);
    free(sequence->len);
    *sequence = (struct nl_sequence){0};
}

static bool is_same(const struct nl_sequence *a, size_t i, const struct nl_sequence *b, size_t j) {
    return a->len[i] == b->len[j] && memcmp(a->at[i], b->at[j], a->len[i]) == 0;
}

static void add_item(json_t *out, const char *kind, const struct nl_sequence *items, size_t i) {
    json_array_append_new(
        out, json_pack("{s:s, s:s%}", "kind", kind, "text", items->at[i], items->len[i]));
}

/* The middle, without what both begin and end with. */
struct middle {
    const struct nl_sequence *a, *b;
    size_t a_from, a_to, b_from, b_to;
};

/* The longest common subsequence; `table` has the lengths of those of the rests. */
static void walk(const struct middle *middle, const uint32_t *table, json_t *out) {
    size_t width = middle->b_to - middle->b_from + 1;
    size_t i = middle->a_from;
    size_t j = middle->b_from;
    while (i < middle->a_to || j < middle->b_to) {
        const uint32_t *cell =
            table != NULL ? table + (i - middle->a_from) * width + (j - middle->b_from) : NULL;
        if (table != NULL && i < middle->a_to && j < middle->b_to &&
            is_same(middle->a, i, middle->b, j)) {
            add_item(out, "same", middle->a, i++);
            j++;
        } else if (i < middle->a_to &&
                   (j == middle->b_to || table == NULL || cell[width] >= cell[1]))
            add_item(out, "gone", middle->a, i++);
        else
            add_item(out, "new", middle->b, j++);
    }
}

static uint32_t *make_table(const struct middle *middle) {
    size_t height = middle->a_to - middle->a_from;
    size_t width = middle->b_to - middle->b_from;
    if ((height + 1) > CELLS_MOST / (width + 1))
        return NULL;
    uint32_t *table = nl_calloc((height + 1) * (width + 1), sizeof *table);
    for (size_t i = height; i-- > 0;)
        for (size_t j = width; j-- > 0;) {
            uint32_t *cell = table + i * (width + 1) + j;
            uint32_t below = cell[width + 1];
            bool same = is_same(middle->a, middle->a_from + i, middle->b, middle->b_from + j);
            *cell = same ? cell[width + 2] + 1 : below > cell[1] ? below : cell[1];
        }
    return table;
}

json_t *nl_sequence_compare(const struct nl_sequence *a, const struct nl_sequence *b) {
    json_t *out = json_array();
    struct middle middle = {a, b, 0, a->count, 0, b->count};
    while (middle.a_from < middle.a_to && middle.b_from < middle.b_to &&
           is_same(a, middle.a_from, b, middle.b_from)) {
        add_item(out, "same", a, middle.a_from++);
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
        add_item(out, "same", a, i);
    return out;
}
