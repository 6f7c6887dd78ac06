#include "bulletin/wording.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

enum { WORD_BYTES = 2000, OBJECT = 0xFFFC, SLOT = 0xFDD0, BEGIN = 0xFDD1, END = 0xFDD2 };

void nl_wording_free(struct nl_wording *words) {
    nl_buf_free(&words->text);
    free(words->items);
    *words = (struct nl_wording){0};
}

const char *nl_wording_at(const struct nl_wording *words, size_t at) {
    return words->text.data + words->items[at].at;
}

/* FNV-1a, which is quick. Words with the same hash are compared before they count as the same. */
uint64_t nl_wording_hash(const char *text, size_t len) {
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3U;
    return hash;
}

void nl_wording_break(struct nl_wording *words) {
    if (words->count > 0 && words->items[words->count - 1].paragraph == words->paragraphs)
        words->paragraphs++;
}

static void add_word(struct nl_wording *words, const char *text, size_t len, bool link) {
    if (words->count == NL_WORDING_MOST || words->text.len > NL_WORDING_BYTES || words->failed)
        return;
    if (words->count == words->cap) {
        size_t cap = words->cap > 0 ? words->cap * 2 : 256;
        words->items = nl_realloc(words->items, cap * sizeof *words->items);
        words->cap = cap;
    }
    words->items[words->count++] = (struct nl_worded){.at = (uint32_t)words->text.len,
                                                      .len = (uint32_t)len,
                                                      .paragraph = words->paragraphs,
                                                      .link = link,
                                                      .some = words->depth > 0,
                                                      .hash = nl_wording_hash(text, len)};
    nl_buf_add(&words->text, text, len);
    nl_buf_addc(&words->text, '\0');
}

/* ---- characters ---- */

/* Signs that editors and mail programs put in the place of one another. */
static ucs4_t fold(ucs4_t c) {
    switch (c) {
    case 0x2018:
    case 0x2019:
    case 0x201A:
    case 0x201B:
    case 0x2032:
    case 0x02BC:
    case '`':
        return '\'';
    case 0x201C:
    case 0x201D:
    case 0x201E:
    case 0x201F:
    case 0x2033:
    case 0x00AB:
    case 0x00BB:
        return '"';
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2014:
    case 0x2015:
    case 0x2212:
        return '-';
    default:
        return c;
    }
}

/* Scripts that are written without blanks: a line may break between any two characters. */
static bool stands_alone(ucs4_t c) {
    return c >= 0x0E00 &&
           ((c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) || (c >= 0x1780 && c <= 0x17FF) ||
            (c >= 0x3040 && c <= 0x30FF) || uc_is_property_ideographic(c));
}

static bool says_something(ucs4_t c) {
    return c == OBJECT || uc_is_general_category_withtable(
                              c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_Sc);
}

/* Adds the word in `word` without signs of markup at its ends, if it says anything, and empties it.
 */
static void end_word(struct nl_wording *words, struct nl_buf *word, bool *says) {
    static const char markup[] = "*_<>|#~";
    size_t at = 0;
    size_t len = word->len;
    while (at < len && strchr(markup, word->data[at]) != NULL)
        at++;
    while (len > at && strchr(markup, word->data[len - 1]) != NULL)
        len--;
    if (*says && len > at)
        add_word(words, word->data + at, len - at, false);
    nl_buf_clear(word);
    *says = false;
}

static void add_character(struct nl_wording *words, struct nl_buf *word, ucs4_t c, bool *says) {
    uint8_t bytes[6];
    int len = u8_uctomb(bytes, c, sizeof bytes);
    bool alone = stands_alone(c);
    if (alone || word->len > WORD_BYTES)
        end_word(words, word, says);
    if (len > 0)
        nl_buf_add(word, bytes, (size_t)len);
    *says = *says || says_something(c);
    if (alone)
        end_word(words, word, says);
}

static void add_normal(struct nl_wording *words, const uint8_t *text, size_t len) {
    struct nl_buf word = {0};
    bool says = false;
    bool empty = false; /* nothing stands in this line so far */
    for (size_t at = 0; at < len;) {
        ucs4_t c = 0;
        int used = u8_mbtouc(&c, text + at, len - at);
        at += used > 0 ? (size_t)used : 1;
        if (c == '\n' && empty)
            nl_wording_break(words);
        empty = c == '\n' ||
                (empty && (uc_is_property_white_space(c) || c == '>' || c == BEGIN || c == END));
        if (uc_is_property_white_space(c)) {
            end_word(words, &word, &says);
        } else if (c == BEGIN || c == END) {
            if (!words->slots)
                continue;
            end_word(words, &word, &says);
            words->depth += c == BEGIN;
            words->depth -= c == END && words->depth > 0;
        } else if (c == SLOT) {
            if (words->slots)
                add_character(words, &word, OBJECT, &says);
        } else if (c != OBJECT && !uc_is_property_default_ignorable_code_point(c) &&
                   !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cc)) {
            add_character(words, &word, fold(c), &says);
        }
    }
    end_word(words, &word, &says);
    nl_buf_free(&word);
}

void nl_wording_add_text(struct nl_wording *words, const char *text, size_t len) {
    size_t normal_len = 0;
    if (len > NL_WORDING_BYTES)
        len = NL_WORDING_BYTES;
    if (u8_check((const uint8_t *)text, len) != NULL)
        len = (size_t)(u8_check((const uint8_t *)text, len) - (const uint8_t *)text);
    uint8_t *normal =
        len > 0 ? u8_normalize(UNINORM_NFKC, (const uint8_t *)text, len, NULL, &normal_len) : NULL;
    if (normal != NULL)
        add_normal(words, normal, normal_len);
    words->failed = words->failed || (len > 0 && normal == NULL);
    free(normal);
}

void nl_wording_add_link(struct nl_wording *words, const char *address) {
    struct nl_buf text = {0};
    nl_buf_addc(&text, '<');
    for (const char *p = address; *p != '\0' && text.len < WORD_BYTES; p++) {
        if (strncmp(p, NL_WORDING_SLOT, 3) == 0 && words->slots) {
            nl_buf_adds(&text, NL_WORD_SLOT);
            p += 2;
        } else if ((unsigned char)*p > ' ') {
            nl_buf_addc(&text, *p);
        }
    }
    nl_buf_addc(&text, '>');
    if (text.len > 2)
        add_word(words, nl_buf_text(&text), text.len, true);
    nl_buf_free(&text);
}
