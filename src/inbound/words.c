#include "inbound/words.h"

#include "inbound/vocabulary.h"
#include "newsletter/base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

/* The beginning of a longer line is enough. */
enum { LINE_LIMIT = 4000 };

enum { WORD = 48 };

static struct nl_word *append(struct nl_words *out) {
    if (out->count == out->cap) {
        size_t cap = out->cap > 0 ? out->cap * 2 : 512;
        out->words = nl_realloc(out->words, cap * sizeof *out->words);
        out->cap = cap;
    }
    struct nl_word *word = &out->words[out->count++];
    word->count = 0;
    word->opens = out->opens;
    word->framed = false;
    word->line = out->line;
    word->at = out->at;
    out->opens = false;
    return word;
}

/* Appends a word in small letters. */
static void emit(const struct nl_vocabulary *vocabulary, struct nl_words *out, const char *text,
                 size_t len);

/* Appends the words that an entry stands for: words that stand for themselves. */
static void emit_others(const struct nl_vocabulary *vocabulary, struct nl_words *out,
                        const struct nl_entry *entry) {
    for (size_t i = 0; i < NL_VOCABULARY_OTHERS && entry->others[i] != NULL; i++)
        if (strcmp(entry->others[i], entry->text) != 0)
            emit(vocabulary, out, entry->others[i], strlen(entry->others[i]));
}

static void emit(const struct nl_vocabulary *vocabulary, struct nl_words *out, const char *text,
                 size_t len) {
    unsigned short ids[NL_WORD_IDS];
    unsigned char count = 0;
    unsigned digest = NL_VOCABULARY_BASIS;
    const struct nl_entry *begins = NULL; /* says what all words stand for that begin as this one */
    for (size_t i = 0; i < len; i++) {
        digest = nl_vocabulary_mix(digest, text[i]);
        if (i + 1 < NL_VOCABULARY_SHORTEST ||
            !vocabulary->beginnings[digest % NL_VOCABULARY_SLOTS] || count == NL_WORD_IDS - 1)
            continue;
        const struct nl_entry *entry =
            &vocabulary->table[nl_vocabulary_place(vocabulary, digest, text, i + 1, true)];
        if (entry->id != 0)
            ids[count++] = entry->id;
        if (entry->others[0] != NULL)
            begins = entry;
    }
    const struct nl_entry *entry =
        &vocabulary->table[nl_vocabulary_place(vocabulary, digest, text, len, false)];
    if (entry->drop)
        return;
    if (entry->others[0] != NULL || begins != NULL) {
        emit_others(vocabulary, out, entry->others[0] != NULL ? entry : begins);
        return;
    }
    if (entry->id != 0)
        ids[count++] = entry->id;
    struct nl_word *word = append(out);
    memcpy(word->ids, ids, count * sizeof *ids);
    word->count = count;
}

static bool is_punctuation(ucs4_t c) {
    return c < 0xC0 || c == 0xD7 || (c >= 0x2000 && c <= 0x206F) || (c >= 0x3000 && c <= 0x303F) ||
           c >= 0xFF00;
}

/* Whether an apostrophe stands for a vowel before a word of its own ("l'adresse", "qu'un",
 * "dell'utente"), and not within one ("doesn't"). */
static bool is_elided(const char *word, size_t at, const char *rest, size_t len) {
    bool short_word = (at == 1 && strchr("ldnscjmt", word[0]) != NULL) ||
                      (at == 2 && memcmp(word, "qu", 2) == 0) ||
                      (at > 2 && at < 6 && memcmp(word + at - 2, "ll", 2) == 0);
    size_t letters = 0;
    while (letters < len && (isalpha((unsigned char)rest[letters]) || rest[letters] & '\x80'))
        letters++;
    return short_word && letters > 2;
}

/* Appends the words of text[0..len) as they stand between punctuation. */
static void emit_words(const struct nl_vocabulary *vocabulary, struct nl_words *out,
                       const char *text, size_t len, size_t most) {
    char word[WORD + NL_VOCABULARY_LETTER];
    size_t at = 0;
    size_t before = out->count;
    for (size_t i = 0; i <= len && out->count - before < most;) {
        unsigned char byte = i < len ? (unsigned char)text[i] : ' ';
        ucs4_t c = byte;
        size_t size = 1;
        if (byte >= 0x80)
            size = (size_t)u8_mbtouc(&c, (const uint8_t *)text + i, len - i);
        bool apostrophe = c == '\'' || c == '`' || c == 0xB4 || c == 0x2019 || c == 0x2018;
        bool letter = byte < 0x80 ? isalnum(byte) != 0 : !is_punctuation(c);
        bool sign = byte >= 0x80 && nl_vocabulary_is_sign(c);
        bool parts = apostrophe && is_elided(word, at, text + i + size, len - i - size);
        if ((!letter && !apostrophe) || sign || parts) {
            if (at > 0)
                emit(vocabulary, out, word, at);
            at = 0;
            if (sign)
                emit(vocabulary, out, text + i, size);
        } else if (letter && at < WORD) {
            if (byte < 0x80)
                word[at++] = (char)tolower(byte);
            else
                at += nl_vocabulary_letter(c, word + at);
        }
        i += size;
    }
}

/* Appends those words of a location that count by themselves: "...?p=NoSuchUser". The others are
 * names of pages, and say anything. */
static void emit_kept(const struct nl_vocabulary *vocabulary, struct nl_words *out,
                      const char *text, size_t len) {
    char word[WORD];
    size_t at = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && isalnum((unsigned char)text[i])) {
            if (at < WORD)
                word[at++] = (char)tolower((unsigned char)text[i]);
            continue;
        }
        if (at > 0 && vocabulary
                          ->table[nl_vocabulary_place(vocabulary, nl_vocabulary_digest(word, at),
                                                      word, at, false)]
                          .keep)
            emit(vocabulary, out, word, at);
        at = 0;
    }
}

/* "5.1.1", "#5.1.1", "550": they are read elsewhere, and stand anywhere within a sentence. */
static bool is_code(const char *text, size_t len) {
    size_t dots = 0;
    if (len > 0 && text[0] == '#') {
        text++;
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)text[i]) && text[i] != '.')
            return false;
        dots += text[i] == '.';
    }
    /* RFC 7504: these two name a reason by themselves. */
    if (len == 3 && (memcmp(text, "521", 3) == 0 || memcmp(text, "556", 3) == 0))
        return false;
    return len > 0 && strchr("245", text[0]) != NULL && ((dots == 0 && len == 3) || dots == 2);
}

static bool is_number(const char *text, size_t len) {
    size_t dots = 0;
    size_t colons = 0;
    for (size_t i = 0; i < len; i++) {
        if (!isxdigit((unsigned char)text[i]) && text[i] != '.' && text[i] != ':')
            return false;
        dots += text[i] == '.';
        colons += text[i] == ':';
    }
    if (colons >= 3)
        return true;
    return dots == 3 && len >= 7 && strspn(text, "0123456789.") >= len;
}

/* The name of a host: labels of letters, digits and hyphens between dots, the last one of letters.
 */
static bool is_host(const char *text, size_t len) {
    size_t dots = 0;
    size_t last = 0;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr("-._", text[i]) == NULL)
            return false;
        if (text[i] != '.')
            continue;
        if (i == 0 || i + 1 == len || text[i + 1] == '.' ||
            (islower((unsigned char)text[i - 1]) && isupper((unsigned char)text[i + 1])))
            return false; /* "mailbox.Please": a sentence ends */
        dots++;
        last = i + 1;
    }
    return dots > 0 && len - last >= 2 && isalpha((unsigned char)text[last]);
}

/* "RESOLVER.ADR.RecipNotFound", as Exchange names its errors: no host. */
static bool is_symbol(const char *text, size_t len) {
    bool lower = false;
    size_t first = 0;
    while (first < len && isupper((unsigned char)text[first]))
        first++;
    for (size_t i = first; i < len; i++)
        lower |= islower((unsigned char)text[i]) != 0;
    return first > 2 && text[first] == '.' && lower;
}

static void emit_host(const struct nl_vocabulary *vocabulary, struct nl_words *out,
                      const char *text, size_t len) {
    char name[WORD * 2];
    size_t label = 0;
    emit(vocabulary, out, "host", 4);
    len = len < sizeof name ? len : sizeof name;
    for (size_t i = 0; i < len; i++)
        name[i] = (char)tolower((unsigned char)text[i]);
    for (size_t i = 0; i <= len; i++) {
        if (i < len && name[i] != '.')
            continue;
        unsigned digest = nl_vocabulary_digest(name + label, i - label);
        if (vocabulary
                ->table[nl_vocabulary_place(vocabulary, digest, name + label, i - label, false)]
                .keep)
            emit(vocabulary, out, name + label, i - label);
        label = i + 1;
    }
}

/* An address, and what stands next to it without a blank, as in Chinese and Japanese. */
static void emit_address(const struct nl_vocabulary *vocabulary, struct nl_words *out,
                         const char *text, size_t len, const char *at) {
    size_t start = (size_t)(at - text);
    size_t end = start + 1;
    while (start > 0 && !(text[start - 1] & '\x80'))
        start--;
    while (end < len && !(text[end] & '\x80'))
        end++;
    emit_words(vocabulary, out, text, start, start);
    emit(vocabulary, out, "addr", 4);
    emit_words(vocabulary, out, text + end, len - end, len - end);
}

/* A run of characters without white space or brackets. */
static void emit_chunk(const struct nl_vocabulary *vocabulary, struct nl_words *out,
                       const char *text, size_t len) {
    while (len > 4 && strchr("245", text[0]) != NULL && isdigit((unsigned char)text[1]) &&
           isdigit((unsigned char)text[2]) && text[3] == '-') { /* "550-5.1.1 The" */
        text += 4;
        len -= 4;
    }
    size_t bare = len;
    while (bare > 0 && strchr(".:!?'*=", text[bare - 1]) != NULL)
        bare--;
    const char *at = memchr(text, '@', bare);
    if (is_code(text, bare))
        return;
    if (memmem(text, len, "://", 3) != NULL) {
        emit(vocabulary, out, "weblink", 7);
        emit_kept(vocabulary, out, text, bare);
    } else if (at != NULL && at + 1 < text + bare) {
        emit_address(vocabulary, out, text, len, at);
    } else if (is_number(text, bare)) {
        emit(vocabulary, out, "ip", 2);
    } else if (is_host(text, bare) && !is_symbol(text, bare)) {
        emit_host(vocabulary, out, text, bare);
    } else {
        emit_words(vocabulary, out, text, len, len);
    }
}

/* Whether a sentence ends with text[at - 1]: "full. Please", and not "<ann@x>... User". */
static bool ends_sentence(const char *text, size_t len, size_t at) {
    if (at < 2 || strchr(".!?", text[at - 1]) == NULL || text[at - 2] == '.')
        return false;
    return at == len || isspace((unsigned char)text[at]);
}

void nl_words_split(const struct nl_vocabulary *vocabulary, const char *text, size_t len,
                    size_t lines, size_t most, struct nl_words *out) {
    static const char breaks[] = " \t\r\v\f\n<>()[]{},;\"";
    bool blank = true;
    size_t line = 0;
    out->count = 0;
    out->line = 0;
    out->opens = true;
    for (size_t i = 0; i < len && out->line < lines && out->count < most;) {
        size_t start = i;
        while (i < len && (text[i] == '\0' || strchr(breaks, text[i]) == NULL))
            i++;
        if (i > start && i - line > LINE_LIMIT) {
            const char *end = memchr(text + i, '\n', len - i);
            i = end != NULL ? (size_t)(end - text) : len;
            continue;
        }
        if (i > start) {
            out->at = (unsigned)start;
            emit_chunk(vocabulary, out, text + start, i - start);
            out->opens |= ends_sentence(text, len, i);
            blank = false;
            continue;
        }
        if (text[i] == '\n') {
            out->opens |= blank;
            out->line++;
            line = i + 1;
            blank = true;
        }
        i++;
    }
}

void nl_words_free(struct nl_words *words) {
    free(words->words);
    *words = (struct nl_words){0};
}
