/* The signs of list items that CommonMark lacks: "a)", "(a)", "a.", "iv)", "(1)", in the Latin,
 * Cyrillic, Greek and Arabic alphabets. */
#ifndef NL_BULLETIN_LIST_SIGN_H
#define NL_BULLETIN_LIST_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <unistr.h>

struct nl_list_sign {
    size_t len;    /* in bytes, without the blanks after it */
    int columns;   /* the same in columns */
    char form;     /* ')' of "a)", '(' of "(a)", '.' of "a." */
    bool upper;    /* in capitals */
    bool initial;  /* "A. " may as well begin a name, as in "A. Smith" */
    ucs4_t letter; /* in lower case; 0 unless it is a single letter */
    int number;    /* as a Roman numeral or in digits; 0 if it is neither */
};

/* Reads the sign at the start of a text, which a blank, a no-break space or the end must follow.
 * False if there is none. "1)" and "1." do not count, since CommonMark knows them. */
bool nl_list_sign_read(const char *text, size_t len, struct nl_list_sign *out);

/* Whether an item with sign `b` is the next one after an item with sign `a`. Rare letters may be
 * left out, as Russian lists leave out "ё" and "й". A Latin letter may stand for the Cyrillic one
 * that looks the same. */
bool nl_list_sign_follows(const struct nl_list_sign *a, const struct nl_list_sign *b);

/* Whether a list begins with it: "a)", "i)", "(1)". */
bool nl_list_sign_begins(const struct nl_list_sign *sign);

/* How many styles there are. */
enum { NL_LIST_STYLES = 6 };

/* A number below NL_LIST_STYLES that is the same for the signs of one list. */
unsigned nl_list_sign_style(const struct nl_list_sign *sign);

#endif
