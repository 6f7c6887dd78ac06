#include "bulletin/check_access.h"

#include "bulletin/foreign.h"
#include "bulletin/markdown_rows.h"
#include "bulletin/vague.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 40, HEADING_LETTERS = 80 };

/* The title of an issue is its heading of level 1. */
enum { TITLE_LEVEL = 1 };

/* The state of a walk through a document. */
struct walk {
    const struct nl_access *access;
    int heading; /* the level of the last one */
};

void nl_access_find(const struct nl_access *access, size_t line, const char *rule,
                    const char *format, ...) {
    va_list args;
    va_start(args, format);
    nl_findings_add_args(access->out, NL_LEVEL_WARNING, rule, access->path,
                         line > 0 ? line + access->before : 0, format, args);
    va_end(args);
}

void nl_access_words(const struct nl_md_node *node, struct nl_buf *out) {
    if (node->text != NULL && node->type == NL_MD_TEXT)
        nl_buf_adds(out, node->text);
    else if (node->type == NL_MD_SOFT_BREAK || node->type == NL_MD_HARD_BREAK)
        nl_buf_addc(out, ' ');
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next)
        nl_access_words(child, out);
}

bool nl_access_is_blank(const char *text) {
    return text[strspn(text, " \t\n")] == '\0';
}

/* The length of the start of a text that a message shows. */
static int shown(const char *text) {
    return (int)nl_text_fit(text, SHOWN);
}

static void check_picture(const struct walk *walk, const struct nl_md_node *node) {
    struct nl_buf words = {0};
    nl_access_words(node, &words);
    const char *text = nl_buf_text(&words);
    if (nl_access_is_blank(text))
        nl_access_find(
            walk->access, node->line, "image-alt",
            NL_TEXT("the image %s has no alternative text, and many see no images: ![what it "
                    "shows](...)"),
            node->text);
    else if (nl_vague_picture(text))
        nl_access_find(
            walk->access, node->line, "image-words",
            NL_TEXT("'%.*s' does not say what the image %s shows to people who do not see it"),
            shown(text), text, node->text);
    nl_buf_free(&words);
}

static void check_link(const struct walk *walk, const struct nl_md_node *node) {
    struct nl_buf words = {0};
    nl_access_words(node, &words);
    const char *text = nl_buf_text(&words);
    if (nl_vague_link(text))
        nl_access_find(
            walk->access, node->line, "link-words",
            NL_TEXT("'%.*s' does not say where the link leads, and screen readers list links "
                    "without the text around them: link words such as 'the programme'"),
            shown(text), text);
    nl_buf_free(&words);
}

static void check_heading(struct walk *walk, const struct nl_md_node *node) {
    struct nl_buf words = {0};
    nl_access_words(node, &words);
    const char *text = nl_buf_text(&words);
    if (nl_access_is_blank(text))
        nl_access_find(walk->access, node->line, "heading-empty",
                       NL_TEXT("a heading has no words: remove the '#'"));
    else if (node->level == TITLE_LEVEL)
        nl_access_find(walk->access, node->line, "heading-order",
                       NL_TEXT("the title is the one heading of level 1: write '## %.*s'"),
                       shown(text), text);
    else if (node->level > walk->heading + 1)
        nl_access_find(
            walk->access, node->line, "heading-order",
            NL_TEXT("the heading '%.*s' has level %d after one of level %d, so readers miss one "
                    "between them: use level %d"),
            shown(text), text, node->level, walk->heading, walk->heading + 1);
    walk->heading = node->level;
    nl_buf_free(&words);
}

/* A short paragraph in bold alone looks like a heading, but not to a screen reader. */
static void check_paragraph(const struct walk *walk, const struct nl_md_node *node) {
    const struct nl_md_node *bold = node->first;
    struct nl_buf words = {0};
    if (bold == NULL || bold->type != NL_MD_STRONG || bold->next != NULL ||
        node->parent->type != NL_MD_DOCUMENT || node->next == NULL)
        return;
    nl_access_words(node, &words);
    const char *text = nl_buf_text(&words);
    if (words.len > 0 && words.len <= HEADING_LETTERS &&
        strchr(".!?:;,", text[words.len - 1]) == NULL)
        nl_access_find(
            walk->access, node->line, "heading-bold",
            NL_TEXT("'%.*s' looks like a heading, but screen readers find only headings: write "
                    "'%.*s %.*s'"),
            shown(text), text, walk->heading < 2 ? 2 : walk->heading, "######", shown(text), text);
    nl_buf_free(&words);
}

static bool is_break(const struct nl_md_node *node) {
    return node->type == NL_MD_SOFT_BREAK || node->type == NL_MD_HARD_BREAK;
}

/* A table that was not recognised comes out as a paragraph with bars and hyphens. */
static void check_rows(const struct walk *walk, const struct nl_md_node *node) {
    const struct nl_md_node *before = NULL;
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next) {
        bool line =
            (before == NULL || is_break(before)) && (child->next == NULL || is_break(child->next));
        before = child;
        if (line && child->type == NL_MD_TEXT &&
            nl_md_delimiters(child->text, child->text + strlen(child->text)) > 0)
            nl_access_find(
                walk->access, child->line, "table-rows",
                NL_TEXT("'%.*s' makes no table of the lines around it: leave a line empty "
                        "before the table, and give its first row as many cells as this one"),
                shown(child->text), child->text);
    }
}

/* The first cell may be empty, above the names of the rows. Lines are those of words, so a row that
 * has none stands two lines above the first one below it. */
static void check_table(const struct walk *walk, const struct nl_md_node *node) {
    const struct nl_md_node *row = node->first;
    size_t line = node->line;
    size_t empty = 0;
    bool blank = true;
    for (const struct nl_md_node *cell = row != NULL ? row->first : NULL; cell != NULL;
         cell = cell->next) {
        struct nl_buf words = {0};
        nl_access_words(cell, &words);
        bool none = nl_access_is_blank(nl_buf_text(&words));
        empty += none && (cell != row->first || cell->next == NULL);
        blank = blank && none;
        nl_buf_free(&words);
    }
    if (blank && line > 2)
        line -= 2;
    if (empty > 0)
        nl_access_find(
            walk->access, line, "table-head",
            NL_TEXT("the columns of the table without a name in the first row: %zu. Screen "
                    "readers name the column of each cell"),
            empty);
}

/* Appends the words of a block, except what is marked as another language. */
static void add_unmarked(const struct nl_md_node *node, struct nl_buf *out) {
    if (node->type == NL_MD_LANGUAGE || node->type == NL_MD_CODE)
        return;
    if (node->text != NULL && node->type == NL_MD_TEXT && strstr(node->text, "://") == NULL)
        nl_buf_adds(out, node->text);
    else
        nl_buf_addc(out, ' ');
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next)
        add_unmarked(child, out);
}

static void check_language(const struct walk *walk, const struct nl_md_node *node) {
    struct nl_buf words = {0};
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next)
        if (child->type >= NL_MD_CONDITION)
            add_unmarked(child, &words);
    const char *text = nl_buf_text(&words);
    const char *found = words.len > 0 ? nl_foreign_language(text, walk->access->language) : NULL;
    text += strspn(text, " ");
    if (found != NULL)
        nl_access_find(
            walk->access, node->line, "language-mark",
            NL_TEXT("'%.*s...' is in another language than the issue (%s), and screen readers "
                    "speak it wrongly: mark it, [text](lang:%s)"),
            shown(text), text, walk->access->language, found[0] != '\0' ? found : "xx");
    nl_buf_free(&words);
}

/* A block of code that nobody fenced: mostly a list or a paragraph that was indented too far. */
static void check_code(const struct walk *walk, const struct nl_md_node *node,
                       const struct nl_md_node *before) {
    bool listed =
        before != NULL && (before->type == NL_MD_NUMBERS || before->type == NL_MD_BULLETS);
    bool within = node->parent->type == NL_MD_ITEM || node->parent->type == NL_MD_NOTE;
    if (node->letter != '\0')
        return;
    nl_access_find(
        walk->access, node->line, "indented-code", NL_TEXT("%s, or put code between lines of ```"),
        listed || within
            ? NL_TEXT_IN("error", "this is indented so far that it shows as code: indent it to "
                                  "the text of the item that it belongs to")
            : NL_TEXT_IN("error", "a tab or four blanks make this show as code: remove them"));
}

static void check_note(const struct walk *walk, const struct nl_md_node *node) {
    if (node->level == 0)
        nl_access_find(walk->access, node->line, "footnote",
                       NL_TEXT("nothing refers to the footnote [^%s], so readers do not see it"),
                       node->text);
}

static void check_node(struct walk *walk, const struct nl_md_node *node,
                       const struct nl_md_node *before) {
    switch (node->type) {
    case NL_MD_IMAGE:
        check_picture(walk, node);
        break;
    case NL_MD_LINK:
        check_link(walk, node);
        break;
    case NL_MD_HEADING:
        check_heading(walk, node);
        break;
    case NL_MD_PARAGRAPH:
        check_paragraph(walk, node);
        check_rows(walk, node);
        break;
    case NL_MD_TABLE:
        check_table(walk, node);
        break;
    case NL_MD_CODE_BLOCK:
        check_code(walk, node, before);
        break;
    case NL_MD_NOTE:
        check_note(walk, node);
        break;
    default:
        break;
    }
    if (node->type < NL_MD_CONDITION && node->type != NL_MD_CODE_BLOCK &&
        node->type != NL_MD_HTML_BLOCK)
        check_language(walk, node);
    before = NULL;
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next) {
        check_node(walk, child, before);
        before = child;
    }
}

void nl_check_access(const struct nl_access *access, const struct nl_md_node *document) {
    struct walk walk = {.access = access, .heading = TITLE_LEVEL};
    check_node(&walk, document, NULL);
}
