/* Finding the paragraphs of a note among the words of a text. */
#ifndef NL_BULLETIN_GENUINE_MATCH_H
#define NL_BULLETIN_GENUINE_MATCH_H

#include "bulletin/genuine_note.h"
#include "newsletter/base/buf.h"

/* Where a paragraph was found: words [start, end), or nowhere. */
struct nl_place {
    size_t start, end;
    bool found;
};

/* A text while it is compared with one section. Free with nl_matching_free. */
struct nl_matching {
    const struct nl_wording *words;
    const struct nl_section *section;
    bool links;              /* the text has the addresses of its links: it is HTML */
    struct nl_place *places; /* one for each paragraph */
    bool *taken;             /* one for each word: it belongs to a paragraph */
    size_t steps;            /* that are left */
    size_t matched, known;   /* words of the paragraphs "b" that were found, and of all of them */
    struct nl_buf personal;  /* the values of slots, each ended by a NUL */
};

void nl_matching_run(struct nl_matching *matching) NL_ALL_NONNULL;

/* The words [from, to) between the paragraphs that were found before and after this one. */
void nl_matching_gap(const struct nl_matching *matching, size_t index, size_t *from,
                     size_t *to) NL_ALL_NONNULL;

void nl_matching_free(struct nl_matching *matching);

#endif
