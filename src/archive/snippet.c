#include "archive/excerpt.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

enum { AROUND = 90, LENGTH = 240, WORDS = 16 };

/* A word as the full-text index sees it: without capitals and accents. NULL for text that is not
 * UTF-8. The caller frees it. */
static char *plain_word(const char *text, size_t len) {
    char *copy = nl_strndup(text, len);
    char *folded = nl_text_fold(copy);
    free(copy);
    size_t size = 0;
    uint8_t *parts = folded != NULL ? u8_normalize(UNINORM_NFD, (const uint8_t *)folded,
                                                   strlen(folded) + 1, NULL, &size)
                                    : NULL;
    free(folded);
    if (parts == NULL)
        return NULL;
    uint8_t *to = parts;
    for (const uint8_t *p = parts; *p != '\0';) {
        ucs4_t c = 0;
        int bytes = u8_strmbtouc(&c, p);
        if (bytes <= 0)
            break;
        if (!uc_is_general_category(c, UC_MARK)) {
            memmove(to, p, (size_t)bytes);
            to += bytes;
        }
        p += bytes;
    }
    *to = '\0';
    return (char *)parts;
}

/* The bytes of the word at `text`, or of what stands between two words; *is_word tells which. */
static size_t next_piece(const char *text, bool *is_word) {
    const uint8_t *p = (const uint8_t *)text;
    bool first = true;
    while (*p != '\0') {
        ucs4_t c = 0;
        int bytes = u8_strmbtouc(&c, p);
        if (bytes <= 0)
            bytes = 1;
        bool part = uc_is_general_category(c, UC_LETTER) || uc_is_general_category(c, UC_NUMBER) ||
                    uc_is_general_category(c, UC_MARK);
        if (first)
            *is_word = part;
        else if (part != *is_word)
            break;
        first = false;
        p += bytes;
    }
    return (size_t)(p - (const uint8_t *)text);
}

struct words {
    char *items[WORDS];
    size_t count;
};

static void read_words(const char *text, struct words *out) {
    bool is_word = false;
    while (*text != '\0' && out->count < WORDS) {
        size_t len = next_piece(text, &is_word);
        if (is_word && (out->items[out->count] = plain_word(text, len)) != NULL)
            out->count++;
        text += len;
    }
}

static bool is_hit(const struct words *words, const char *text, size_t len) {
    char *word = plain_word(text, len);
    bool hit = false;
    for (size_t i = 0; word != NULL && i < words->count && !hit; i++)
        hit = strcmp(words->items[i], word) == 0;
    free(word);
    return hit;
}

/* Where the first hit begins; NULL for none. */
static const char *first_hit(const struct words *words, const char *text) {
    bool is_word = false;
    while (*text != '\0') {
        size_t len = next_piece(text, &is_word);
        if (is_word && is_hit(words, text, len))
            return text;
        text += len;
    }
    return NULL;
}

static void add_piece(json_t *array, struct nl_buf *text, bool hit) {
    if (text->len > 0)
        json_array_append_new(array,
                              json_pack("{s:s, s:b}", "text", nl_buf_text(text), "hit", hit));
    nl_buf_clear(text);
}

static json_t *mark_hits(const struct words *words, const char *text, bool cut) {
    json_t *array = json_array();
    struct nl_buf plain = {0};
    struct nl_buf hit = {0};
    bool is_word = false;
    const char *begin = text;
    if (cut)
        nl_buf_adds(&plain, "\u2026 ");
    while (*text != '\0' && text - begin < LENGTH) {
        size_t len = next_piece(text, &is_word);
        if (is_word && is_hit(words, text, len)) {
            add_piece(array, &plain, false);
            nl_buf_add(&hit, text, len);
            add_piece(array, &hit, true);
        } else {
            nl_buf_add(&plain, text, len);
        }
        text += len;
    }
    if (*text != '\0')
        nl_buf_adds(&plain, "\u2026");
    add_piece(array, &plain, false);
    nl_buf_free(&plain);
    nl_buf_free(&hit);
    return array;
}

json_t *nl_snippet_find(const char *text, const char *wanted) {
    struct words words = {0};
    json_t *found = NULL;
    read_words(wanted, &words);
    const char *hit = words.count > 0 ? first_hit(&words, text) : NULL;
    if (hit != NULL) {
        const char *begin = hit - text > AROUND ? hit - AROUND : text;
        while (begin > text && begin < hit && begin[-1] != ' ')
            begin++;
        found = mark_hits(&words, begin, begin > text);
    }
    for (size_t i = 0; i < words.count; i++)
        free(words.items[i]);
    return found;
}
