/* Writes Markdown for the readers of documents, from paragraphs and runs of text. */
#ifndef NL_TRANSFER_MARKDOWN_WRITER_H
#define NL_TRANSFER_MARKDOWN_WRITER_H

#include "newsletter/transfer/document.h"

enum { NL_RUN_BOLD = 1, NL_RUN_ITALIC = 2, NL_RUN_STRIKE = 4, NL_RUN_CODE = 8 };
enum { NL_NESTED_MOST = 8, NL_TABLE_CELLS = 20000, NL_LINKS_MOST = 5000 };

/* A piece of a paragraph with one look. `link`: 0 for none, else the number of an address. */
struct nl_run {
    struct nl_buf text;
    unsigned look;
    size_t link;
    bool raw; /* Markdown already: a picture, the sign of a note */
};

struct nl_nested {
    bool numbered;
    int number; /* of the item that is being written; 0 before the first */
};

/* Zero-initialise all but `document`; free with nl_scribe_free. */
struct nl_scribe {
    struct nl_document *document;
    struct nl_buf out;
    struct nl_run *runs;
    size_t run_count, run_room;
    char **links;
    size_t link_count;
    size_t open_link; /* whose words are being written; 0: none */
    int heading;      /* level of the paragraph that is being written; 0: none */
    int title_level;
    int quote, last_quote; /* of this block, and of the one before */
    struct nl_nested lists[NL_NESTED_MOST];
    size_t depth;
    bool item;  /* the paragraph begins an item */
    bool tight; /* the last block was an item, too */
    struct nl_buf notes;
    struct nl_buf *cells; /* of a table that is being written */
    size_t cell_count, cell_room, column, columns;
    bool in_table, in_note, note_begins;
};
void nl_scribe_free(struct nl_scribe *writer);

/* ---- in a paragraph ---- */

void nl_scribe_text(struct nl_scribe *writer, const char *text, size_t len, unsigned look,
                    size_t link);
/* A line break within a paragraph. */
void nl_scribe_break(struct nl_scribe *writer);
/* Markdown as it is. */
void nl_scribe_raw(struct nl_scribe *writer, const char *text);
/* The number of an address, for nl_scribe_text; 0 for one that readers cannot open. */
size_t nl_scribe_link(struct nl_scribe *writer, const char *address);
/* Takes a picture with its words. Takes the data. */
void nl_scribe_picture(struct nl_scribe *writer, struct nl_buf *data, const char *alt);

/* ---- blocks ---- */

/* Ends a paragraph; one without text leaves nothing. */
void nl_scribe_end(struct nl_scribe *writer);
/* The next paragraph is a heading of this level. */
void nl_scribe_heading(struct nl_scribe *writer, int level);
void nl_scribe_rule(struct nl_scribe *writer);
/* Text that keeps its lines. */
void nl_scribe_code(struct nl_scribe *writer, const char *text);
void nl_scribe_quote(struct nl_scribe *writer, int change);

/* The next paragraph is an item of a list of this depth, from 1. For documents whose lists are
 * paragraphs with a level. */
void nl_scribe_item(struct nl_scribe *writer, size_t depth, bool numbered);
/* No list from here on. */
void nl_scribe_lists_end(struct nl_scribe *writer);
/* Lists that contain each other. */
void nl_scribe_list_begin(struct nl_scribe *writer, bool numbered);
void nl_scribe_list_end(struct nl_scribe *writer);

void nl_scribe_table_begin(struct nl_scribe *writer);
void nl_scribe_cell_end(struct nl_scribe *writer);
void nl_scribe_row_end(struct nl_scribe *writer);
void nl_scribe_table_end(struct nl_scribe *writer);

/* A note of the text, by its number: between these calls its paragraphs are written. */
void nl_scribe_note_begin(struct nl_scribe *writer, const char *name);
void nl_scribe_note_end(struct nl_scribe *writer);

/* Hands the text to the document. */
void nl_scribe_finish(struct nl_scribe *writer);

#endif
