/* Signs that word processors leave in HTML: conditions, marks of notes, small digits. */
#ifndef NL_TRANSFER_DOCUMENT_MARK_H
#define NL_TRANSFER_DOCUMENT_MARK_H

#include "newsletter/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends HTML without its comments and without the conditions of Word, "<![if !supportLists]>",
 * which are neither elements nor comments: parsers take them for text. The content of a condition
 * that other programs see stays. */
void nl_html_without_remarks(const char *data, size_t len, struct nl_buf *out) NL_ALL_NONNULL;

struct nl_note_mark {
    const char *kind; /* "", or "e" for a note at the end of a document */
    int number;
    bool back; /* it leads from the note to the text */
};

/* Reads the address of a mark in the text, "#_ftn2" of Word or "#sdfootnote2sym" of LibreOffice, or
 * of the way back, "#_ftnref2", "#sdfootnote2anc". False for another address. */
bool nl_note_link(const char *address, struct nl_note_mark *out) NL_ALL_NONNULL;

/* Reads the name of a note: "ftn2" of Word, "sdfootnote2" of LibreOffice. */
bool nl_note_id(const char *id, struct nl_note_mark *out) NL_ALL_NONNULL;

/* Appends raised or lowered digits and signs as the characters that Unicode has for them. False,
 * and nothing appended, for a text that has others, or none. */
bool nl_small_digits(const char *text, bool raised, struct nl_buf *out) NL_ALL_NONNULL;

#endif
