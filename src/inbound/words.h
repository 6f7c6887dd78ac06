/* Text taken apart into the words that the table of patterns knows, so that an expression says what
 * a sentence means and not how it is punctuated, capitalised or folded into lines. */
#ifndef NL_INBOUND_WORDS_H
#define NL_INBOUND_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { NL_WORD_IDS = 6 };

/* One word of a text. Words that no pattern mentions have no identifiers but take their place. */
struct nl_word {
    unsigned short ids[NL_WORD_IDS]; /* of the word itself and of beginnings of it ("reject*") */
    unsigned char count;
    bool opens;  /* the first of a sentence or paragraph */
    bool framed; /* part of what a mail system wraps around the words of another */
    unsigned line;
    unsigned at; /* where it stands: in bytes from the start of the text */
};

/* Zero-initialise it; free with nl_words_free. Kept for many texts. */
struct nl_words {
    struct nl_word *words;
    size_t count, cap;
    unsigned line, at;
    bool opens;
    bool failed; /* out of memory */
};

/* The words of the patterns. Opaque. */
struct nl_vocabulary;

struct nl_vocabulary *nl_vocabulary_new(void);
void nl_vocabulary_free(struct nl_vocabulary *vocabulary);

enum { NL_VOCABULARY_MEANINGS = 8 };

/* The identifiers of a word of a pattern in small letters, as that word of a text would have them:
 * none for one that is left out, several for one that stands for others. One that ends in '*'
 * stands for all that begin so. Returns how many, or -1 without memory. */
int nl_vocabulary_add(struct nl_vocabulary *vocabulary, const char *word, size_t len,
                      unsigned short ids[NL_VOCABULARY_MEANINGS]);

/* Declares that a word says nothing ("the"): it is left out of all texts. False without memory. */
bool nl_vocabulary_drop(struct nl_vocabulary *vocabulary, const char *word);

/* Declares that a word stands for others ("doesnt" for "does not"). False without memory. */
bool nl_vocabulary_same(struct nl_vocabulary *vocabulary, const char *word, const char *others);

/* Declares a word that counts within the name of a host too. False without memory. */
bool nl_vocabulary_keep(struct nl_vocabulary *vocabulary, const char *word);

/* The words of UTF-8 text, replacing those in *out. Addresses are the word "addr", names of hosts
 * "host", numbers of hosts "ip", links "weblink" followed by those of their words that are kept;
 * numbers of replies and status codes are left out. Takes a time in proportion to `len`. Lines
 * beyond `lines` and words beyond `most` are not read. */
void nl_words_split(const struct nl_vocabulary *vocabulary, const char *text, size_t len,
                    size_t lines, size_t most, struct nl_words *out);
void nl_words_free(struct nl_words *words);

#endif
