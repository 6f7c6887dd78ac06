/* Texts that were written in another program, as Markdown: a Word document (.docx, ISO/IEC 29500),
 * one of LibreOffice (.odt, ISO/IEC 26300), or HTML, as browsers and word processors put it into
 * the clipboard. */
#ifndef NEWSLETTER_TRANSFER_DOCUMENT_H
#define NEWSLETTER_TRANSFER_DOCUMENT_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* The largest file, and the pictures that are taken out of one. */
enum { NL_DOCUMENT_MOST = 24 << 20, NL_DOCUMENT_PICTURES = 50 };

/* Kinds of content that have no place in an issue. */
enum nl_dropped {
    NL_DROPPED_ACTIVE,   /* scripts, frames and the like */
    NL_DROPPED_FORM,     /* fields of forms */
    NL_DROPPED_PICTURE,  /* pictures that lie elsewhere, or of a kind that mail programs do not show
                          */
    NL_DROPPED_OBJECT,   /* drawings, charts, formulas, recordings */
    NL_DROPPED_COMMENT,  /* remarks of editors */
    NL_DROPPED_DELETED,  /* what a revision has deleted */
    NL_DROPPED_LINK,     /* addresses of links that readers cannot open; the words stay */
    NL_DROPPED_EMPHASIS, /* bold or italic that Markdown cannot say at this place; the words stay */
    NL_DROPPED_CELL,     /* borders between cells of tables that were joined */
    NL_DROPPED_HIDDEN,   /* text that is not shown */
    NL_DROPPED_KINDS,
};
/* "active", "form", ..., in that order: names for programs. */
extern const char *const nl_dropped_names[NL_DROPPED_KINDS];

/* The text refers to a picture as "document-NUMBER.png" or the like. */
struct nl_document_picture {
    char *name;
    struct nl_buf data;
};

/* Zero-initialise; free with nl_document_free. */
struct nl_document {
    struct nl_buf title; /* the first heading of the highest level, or ""; it stays in the text */
    struct nl_buf text;
    struct nl_document_picture pictures[NL_DOCUMENT_PICTURES];
    size_t picture_count;
    size_t dropped[NL_DROPPED_KINDS];
};
void nl_document_free(struct nl_document *document);

/* Whether the bytes of a file begin as a document of these kinds does: then nl_document_read takes
 * it. A zip archive with Markdown in it does not count. */
bool nl_document_is(const char *data, size_t len) NL_ALL_NONNULL;

/* Reads a document. NL_DATA for one that is broken, has a password, or is too large, packed or
 * unpacked. */
NL_CHECKED enum nl_status nl_document_read(const char *data, size_t len, struct nl_document *out,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
