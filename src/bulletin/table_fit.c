#include "bulletin/table_fit.h"

#include "bulletin/check_access.h"
#include "newsletter/base/memory.h"
#include "newsletter/template/wrap.h"

#include <stdlib.h>
#include <string.h>

/* In pixels: a telephone's line without the paddings, a letter, the paddings and borders of a cell,
 * and a column whose words break.
 */
enum { LINE = 315, LETTER = 9, CELL = 21, BROKEN = 75 };

size_t nl_longest_word(const char *text) {
    size_t longest = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, " \n");
        char *word = nl_strndup(text, len);
        bool variable = (strstr(word, "{{") != NULL || strstr(word, "}}") != NULL);
        size_t width = variable ? 0 : nl_text_width(word);
        longest = width > longest ? width : longest;
        free(word);
        text += len + (text[len] != '\0');
    }
    return longest;
}

static size_t measure_columns(const struct nl_md_node *table, size_t widths[NL_FIT_COLUMNS]) {
    size_t columns = 0;
    for (const struct nl_md_node *row = table->first; row != NULL; row = row->next) {
        size_t at = 0;
        for (const struct nl_md_node *cell = row->first; cell != NULL && at < NL_FIT_COLUMNS;
             cell = cell->next, at++) {
            struct nl_buf words = {0};
            nl_access_words(cell, &words);
            size_t width = nl_longest_word(nl_buf_text(&words)) * LETTER + CELL;
            widths[at] = width > widths[at] ? width : widths[at];
            nl_buf_free(&words);
        }
        columns = at > columns ? at : columns;
    }
    return columns;
}

void nl_table_fit(const struct nl_md_node *table, struct nl_table_fit *out) {
    size_t widths[NL_FIT_COLUMNS] = {0};
    size_t columns = measure_columns(table, widths);
    size_t total = 0;
    *out = (struct nl_table_fit){0};
    for (size_t i = 0; i < columns; i++)
        total += widths[i];
    for (size_t done = 0; done < columns && total > LINE; done++) {
        size_t widest = 0;
        while (out->narrow[widest])
            widest++;
        for (size_t i = widest + 1; i < columns; i++)
            if (!out->narrow[i] && widths[i] > widths[widest])
                widest = i;
        out->narrow[widest] = true;
        total -= widths[widest] > BROKEN ? widths[widest] - BROKEN : 0;
    }
}
