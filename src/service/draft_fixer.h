/* Fixes of single rules, and how they find their place in a text. */
#ifndef NL_SERVICE_DRAFT_FIXER_H
#define NL_SERVICE_DRAFT_FIXER_H

#include "newsletter/bulletin/front_fields.h"
#include "newsletter/service/draft_fix.h"

#include <stdbool.h>

/* Appends the Markdown with one thing fixed, or nothing. */
typedef enum nl_status nl_draft_fixer(const char *body, const struct nl_draft_fix *fix,
                                      struct nl_buf *out, struct nl_error *err);

/* The lines of a paragraph or block, as one piece of the text. */
struct nl_fix_place {
    const char *at;
    size_t len;       /* without the line end */
    const char *next; /* what follows */
};

/* Finds a line, from 1. False where the text has no such line. */
bool nl_fix_find_line(const char *body, size_t line, struct nl_fix_place *out) NL_ALL_NONNULL;

/* The end of the paragraph that a place stands in. */
const char *nl_fix_paragraph_end(const char *at) NL_ALL_NONNULL;

/* Appends the body with `text` in place of the bytes from `at` to `next`. */
void nl_fix_write(const char *body, const struct nl_fix_place *place, const char *text, size_t len,
                  struct nl_buf *out) NL_ALL_NONNULL;

/* Appends words of the writer as they stand within square brackets. */
void nl_fix_add_words(struct nl_buf *out, const char *words) NL_ALL_NONNULL;

/* Refuses words that are missing or too long; `problem` says which are wanted. */
NL_CHECKED enum nl_status nl_fix_check_words(const struct nl_draft_fix *fix, const char *problem,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* NL_DATA: the place is not there any more. */
NL_CHECKED enum nl_status nl_fix_moved(struct nl_error *err) NL_ALL_NONNULL;

/* draft_fix_table.c: the names of columns; lines that are not a table yet. */
nl_draft_fixer nl_fix_table_head, nl_fix_table_rows;
/* Whether the first row of a table can only be the one below it: nobody has to say anything. */
bool nl_fix_table_is_plain(const char *body, size_t line) NL_ALL_NONNULL;

/* draft_fix_link.c: words of links, long addresses, addresses that can be encrypted. */
nl_draft_fixer nl_fix_link_words, nl_fix_link_empty, nl_fix_long_word, nl_fix_https;

/* draft_fix_field.c: the subject and the number. False for a rule of the Markdown. */
bool nl_fix_is_field(const char *rule) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_fix_field(const struct nl_draft_fix *fix,
                                       struct nl_front_fields *fields,
                                       struct nl_error *err) NL_ALL_NONNULL;

#endif
