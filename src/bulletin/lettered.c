#include "bulletin/lettered.h"

#include <string.h>

/* The letter of "a) " at the start of a text; 0 for other texts. */
static char marker_letter(const struct nl_md_node *node) {
    if (node == NULL || node->type != NL_MD_TEXT || node->text[0] == '\0')
        return '\0';
    char letter = node->text[0];
    bool is_letter = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    return is_letter && node->text[1] == ')' && node->text[2] == ' ' ? letter : '\0';
}

static char paragraph_letter(const struct nl_md_node *node) {
    return node != NULL && node->type == NL_MD_PARAGRAPH ? marker_letter(node->first) : '\0';
}

/* The last letter used in a paragraph that holds several items on lines of their own. */
static char last_letter(const struct nl_md_node *paragraph) {
    char letter = paragraph_letter(paragraph);
    for (const struct nl_md_node *node = paragraph->first; node != NULL; node = node->next)
        if (node->type == NL_MD_SOFT_BREAK && marker_letter(node->next) == letter + 1)
            letter++;
    return letter;
}

/* How many sibling paragraphs, beginning with `node`, make one lettered list; 0 if they make none.
 */
static size_t run_length(const struct nl_md_node *node) {
    char first = paragraph_letter(node);
    size_t count = 0;
    if (first != 'a' && first != 'A')
        return 0;
    char expected = first;
    for (; node != NULL && paragraph_letter(node) == expected; node = node->next) {
        expected = (char)(last_letter(node) + 1);
        count++;
    }
    return expected - first >= 2 ? count : 0;
}

static void strip_marker(struct nl_md_node *text) {
    size_t skip = 2 + strspn(text->text + 2, " ");
    memmove(text->text, text->text + skip, strlen(text->text + skip) + 1);
}

static struct nl_md_node *add_item(struct nl_md_node *list, struct nl_md_node **paragraph) {
    struct nl_md_node *item = nl_md_append(list, NL_MD_ITEM);
    *paragraph = item != NULL ? nl_md_append(item, NL_MD_PARAGRAPH) : NULL;
    return *paragraph;
}

/* Moves the content of one paragraph to items of `list`, one for each marker. Leaves the paragraph
 * empty. */
static bool split_paragraph(struct nl_md_node *list, struct nl_md_node *paragraph, char letter) {
    struct nl_md_node *target = NULL;
    struct nl_md_node *node = paragraph->first;
    while (node != NULL) {
        struct nl_md_node *next = node->next;
        bool starts = target == NULL;
        if (node->type == NL_MD_SOFT_BREAK && marker_letter(next) == letter + 1) {
            paragraph->first = next;
            nl_md_free(node);
            node = next;
            next = node->next;
            letter++;
            starts = true;
        }
        if (starts) {
            if (add_item(list, &target) == NULL)
                return false;
            strip_marker(node);
        }
        paragraph->first = next;
        nl_md_adopt(target, node);
        node = next;
    }
    paragraph->last = NULL;
    return true;
}

/* Replaces `count` siblings from *place on by one list. */
static bool replace_by_list(struct nl_md_node *parent, struct nl_md_node **place, size_t count) {
    struct nl_md_node *node = *place;
    struct nl_md_node *list = nl_md_append(NULL, NL_MD_NUMBERS);
    if (list == NULL)
        return false;
    list->parent = parent;
    list->level = 1;
    list->letter = paragraph_letter(node);
    list->tight = count == 1;
    bool complete = true;
    while (count-- > 0 && complete) {
        char letter = paragraph_letter(node);
        struct nl_md_node *next = node->next;
        complete = split_paragraph(list, node, letter);
        nl_md_free(node);
        node = next;
    }
    *place = list;
    list->next = node;
    if (node == NULL)
        parent->last = list;
    return complete;
}

bool nl_lettered_lists(struct nl_md_node *node) {
    for (struct nl_md_node **place = &node->first; *place != NULL; place = &(*place)->next) {
        size_t count = run_length(*place);
        if (count > 0 && !replace_by_list(node, place, count))
            return false;
        if (count == 0 && !nl_lettered_lists(*place))
            return false;
    }
    return true;
}
