/* The reader of HTML, for its parts. */
#ifndef NL_TRANSFER_DOCUMENT_READING_H
#define NL_TRANSFER_DOCUMENT_READING_H

#include "transfer/document_style.h"
#include "transfer/markdown_writer.h"

enum { NL_SPANS_MOST = 64 };

struct nl_reading;
typedef void nl_read_element(struct nl_reading *self, const xmlNode *node, struct nl_style style);

struct nl_reading {
    struct nl_scribe *writer;
    nl_read_element *children; /* reads all that stands in an element */
    nl_read_element *block;    /* reads an element as a paragraph */
    int depth;
    bool too_deep;
    size_t lists;             /* of <ul> and <ol> that are open */
    int spans[NL_SPANS_MOST]; /* rows that a cell above still reaches into each column */
};

/* document_table.c */
void nl_read_table(struct nl_reading *self, const xmlNode *node, struct nl_style style);

#endif
