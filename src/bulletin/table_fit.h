/* Tables in mails on a telephone: which columns may break their words. */
#ifndef NL_BULLETIN_TABLE_FIT_H
#define NL_BULLETIN_TABLE_FIT_H

#include "bulletin/markdown.h"

enum { NL_FIT_COLUMNS = 16 };

struct nl_table_fit {
    bool narrow[NL_FIT_COLUMNS]; /* the words of this column may break */
};

/* Measures a table by its longest words. A mail program gives a column at least the width of its
 * longest word, and a mail that is wider than the screen hides the ends of all its lines. */
void nl_table_fit(const struct nl_md_node *table, struct nl_table_fit *out);

/* The width of the longest word of a text, in columns of a terminal. */
size_t nl_longest_word(const char *text);

#endif
