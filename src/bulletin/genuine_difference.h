/* Differences between a text and a note, as they are shown. */
#ifndef NL_BULLETIN_GENUINE_DIFFERENCE_H
#define NL_BULLETIN_GENUINE_DIFFERENCE_H

#include "bulletin/genuine_asked.h"
#include "bulletin/genuine_match.h"

enum { NL_DIFFERENCE_SHOWN = 600, NL_DIFFERENCES_MOST = 100 };

/* A comparison while it goes on: arrays of what was found. */
struct nl_comparison {
    const struct nl_note_of_issue *note;
    json_t *differences, *personal, *around, *checked;
};

/* At most NL_DIFFERENCE_SHOWN bytes, at the end of a character. */
json_t *nl_difference_text(const struct nl_buf *text);

/* Appends words [from, to) that belong to no paragraph. */
void nl_difference_foreign(const struct nl_matching *matching, size_t from, size_t to,
                           struct nl_buf *out);

/* Appends a paragraph of ours as a reader would see it. */
void nl_difference_ours(const struct nl_passage *passage, struct nl_buf *out);

void nl_difference_add(struct nl_comparison *comparison, const char *kind, size_t paragraph,
                       const struct nl_buf *ours, const struct nl_buf *here);

/* Compares the Markdown file of an issue by the digests of its paragraphs. Returns how many are the
 * same; 0 if it is not its file. */
size_t nl_difference_source(struct nl_comparison *comparison, const struct nl_asked_text *text);

#endif
