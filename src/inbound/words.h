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
};

struct nl_vocabulary;

/* The words of UTF-8 text, replacing those in *out. Addresses are the word "addr", names of hosts
 * "host", numbers of hosts "ip", links "weblink" followed by those of their words that are kept;
 * numbers of replies and status codes are left out. Takes a time in proportion to `len`. Lines
 * beyond `lines` and words beyond `most` are not read. */
void nl_words_split(const struct nl_vocabulary *vocabulary, const char *text, size_t len,
                    size_t lines, size_t most, struct nl_words *out);
void nl_words_free(struct nl_words *words);

#endif
