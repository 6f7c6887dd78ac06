#include "bulletin/check_access.h"
#include "bulletin/table_fit.h"
#include "newsletter/base/catalog.h"

/* Letters of the usual size that a telephone's line has room for. */
enum { LINE_LETTERS = 36 };

/* The lines of a code block are not words of a sentence. */
void nl_check_width(const struct nl_access *access, const struct nl_md_node *node) {
    if (node->type == NL_MD_PARAGRAPH || node->type == NL_MD_HEADING || node->type == NL_MD_CELL ||
        node->type == NL_MD_HEADER_CELL || (node->type == NL_MD_ITEM && node->parent->tight)) {
        struct nl_buf words = {0};
        nl_access_words(node, &words);
        size_t longest = nl_longest_word(nl_buf_text(&words));
        if (longest > LINE_LETTERS)
            nl_access_find(
                access, node->line, "long-word",
                NL_TEXT("a word or address has %zu letters, and a telephone's line %d: it will be "
                        "broken; give an address as [words](address)"),
                longest, LINE_LETTERS);
        nl_buf_free(&words);
    }
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next)
        nl_check_width(access, child);
}
