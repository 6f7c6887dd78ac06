/* The words that the table of patterns knows. */
#ifndef NL_INBOUND_VOCABULARY_H
#define NL_INBOUND_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <unistr.h>

enum { NL_VOCABULARY_SLOTS = 16384, NL_VOCABULARY_OTHERS = 4 };

/* The length of the shortest beginning that a pattern may name. */
enum { NL_VOCABULARY_SHORTEST = 3 };

struct nl_entry {
    char *text;
    unsigned short id;
    bool begins; /* "reject*" */
    bool drop, keep;
    char *others[NL_VOCABULARY_OTHERS]; /* what it stands for */
};

struct nl_vocabulary {
    struct nl_entry table[NL_VOCABULARY_SLOTS];
    size_t count;
    unsigned short next;
    unsigned char
        beginnings[NL_VOCABULARY_SLOTS]; /* whether a beginning of that digest may exist */
};

struct nl_vocabulary *nl_vocabulary_new(void);
void nl_vocabulary_free(struct nl_vocabulary *vocabulary);

enum { NL_VOCABULARY_MEANINGS = 8 };

/* The identifiers of a word of a pattern in small letters, as that word of a text would have them:
 * none for one that is left out, several for one that stands for others. One that ends in '*'
 * stands for all that begin so. Returns how many, or -1 when there are too many words. */
int nl_vocabulary_add(struct nl_vocabulary *vocabulary, const char *word, size_t len,
                      unsigned short ids[NL_VOCABULARY_MEANINGS]);

/* Declares that a word says nothing ("the"): it is left out of all texts. False when there are
 * too many words, as of the two below. */
bool nl_vocabulary_drop(struct nl_vocabulary *vocabulary, const char *word);

/* Declares that a word stands for others ("doesnt" for "does not"), or all that begin so do
 * ("unbekannt*" for "unknown"). */
bool nl_vocabulary_same(struct nl_vocabulary *vocabulary, const char *word, const char *others);

/* Declares a word that counts within the name of a host too. */
bool nl_vocabulary_keep(struct nl_vocabulary *vocabulary, const char *word);

/* The place of a word's entry in the table, or a free one where it has none: the table is never
 * full. `begins` looks for "reject*". */
size_t nl_vocabulary_place(const struct nl_vocabulary *vocabulary, unsigned digest,
                           const char *text, size_t len, bool begins);

/* FNV-1a, byte by byte, so that the digests of all beginnings of a word cost one pass. */
static const unsigned NL_VOCABULARY_BASIS = 2166136261u;

static inline unsigned nl_vocabulary_mix(unsigned digest, char c) {
    return (digest ^ (unsigned char)c) * 16777619u;
}

unsigned nl_vocabulary_digest(const char *text, size_t len);

enum { NL_VOCABULARY_LETTER = 8 };

/* Writes a letter in small and without its accents, which many leave out; nothing for an accent
 * that stands by itself. Returns the number of bytes, never more than the letter had. */
size_t nl_vocabulary_letter(ucs4_t c, char out[NL_VOCABULARY_LETTER]);

/* Does that with the letters beyond ASCII of a text, in place. */
void nl_vocabulary_fold(char *text);

/* Chinese, Japanese and Korean have no blanks between words: each sign is one. */
bool nl_vocabulary_is_sign(ucs4_t c);

#endif
