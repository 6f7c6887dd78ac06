/* Finds the signs of list items and footnotes, and numbers them for the parser; and lengthens the
 * rules below the names of columns, which it wants long. Lines are read without regard to what the
 * parser will make of them: where it takes a sign for text, the text comes out as its author wrote
 * it. */
#include "bulletin/markdown_rows.h"
#include "bulletin/markdown_source.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS = 128,
    DIGITS = 9,
    TAB = 4,
    NOTE_WIDTH = 3,
    RULE = 3,
    ID_LIMIT = 64,
    ADDRESS_LIMIT = 2000
};

/* Styles of lists after those of nl_list_sign_style. */
enum { NUMBER_STYLE = NL_LIST_STYLES, NOTE_STYLE = NUMBER_STYLE + 2 };

static const char no_break_space[] = "\u00a0";

/* The list that has an item at some column: its style, its last sign unless that is a number, and
 * the delimiter that the parser sees. */
struct open_list {
    unsigned style;
    struct nl_list_sign last;
    char delimiter; /* '\0' if there is none */
};

/* A line that is read. */
struct scan {
    struct nl_md_source *source;
    const char *line, *at, *end;
    const char *before, *before_end; /* the line before, without its signs; NULL for none */
    size_t copied;                   /* up to where `hidden` has been copied */
    int column;
    int level, next_level; /* of the pasted list that the line before and this one belong to; -1 */
    struct open_list lists[COLUMNS];
};

static size_t offset_of(const struct scan *scan) {
    return (size_t)(scan->at - scan->source->hidden.data);
}

/* Replaces `size` bytes at the place of the scan, and goes on after them. */
static struct nl_md_edit *add_edit(struct scan *scan, enum nl_md_edit_kind kind, size_t size,
                                   const char *replacement) {
    struct nl_md_source *source = scan->source;
    size_t from = offset_of(scan);
    if (source->count == source->capacity) {
        size_t capacity = source->capacity > 0 ? 2 * source->capacity : 64;
        struct nl_md_edit *edits = nl_reallocarray(source->edits, capacity, sizeof *edits);
        source->edits = edits;
        source->capacity = capacity;
    }
    nl_buf_add(&source->text, source->hidden.data + scan->copied, from - scan->copied);
    struct nl_md_edit *edit = &source->edits[source->count++];
    *edit = (struct nl_md_edit){.kind = kind,
                                .at = source->text.len,
                                .len = strlen(replacement),
                                .from = from,
                                .size = size};
    nl_buf_adds(&source->text, replacement);
    scan->copied = from + size;
    scan->at += size;
    return edit;
}

static bool is_no_break(const char *at, const char *end) {
    return end - at >= 2 && memcmp(at, no_break_space, 2) == 0;
}

static bool is_blank(const char *at, const char *end) {
    return at == end || *at == ' ' || *at == '\t' || is_no_break(at, end);
}

/* The bytes of no-break spaces at a place. */
static size_t no_break_length(const char *at, const char *end) {
    size_t len = 0;
    while (is_no_break(at + len, end))
        len += 2;
    return len;
}

/* A delimiter other than that of the list before at this column, if that is of another style or the
 * list begins again: so the parser sees two lists. */
static char choose_delimiter(struct scan *scan, unsigned style, char natural,
                             const struct nl_list_sign *sign) {
    struct open_list *list = scan->column < COLUMNS ? &scan->lists[scan->column] : NULL;
    if (list == NULL)
        return natural;
    bool again = sign != NULL && list->style == style && nl_list_sign_begins(sign) &&
                 !nl_list_sign_follows(&list->last, sign);
    bool other = list->style != style && list->delimiter == natural;
    if (list->delimiter != '\0' && (again || other))
        list->delimiter = list->delimiter == ')' ? '.' : ')';
    else if (list->delimiter == '\0' || list->style != style)
        list->delimiter = natural;
    list->style = style;
    if (sign != NULL)
        list->last = *sign;
    return list->delimiter;
}

/* Writes `width` columns: zeros, the last digit, the delimiter; then a space for each no-break
 * space after the sign. */
static void number_for_parser(char out[2 * COLUMNS], int width, char digit, char delimiter,
                              size_t spaces) {
    memset(out, '0', (size_t)width - 2);
    out[width - 2] = digit;
    out[width - 1] = delimiter;
    spaces = spaces < TAB - 1 ? spaces : TAB - 1;
    memset(out + width, ' ', spaces);
    out[(size_t)width + spaces] = '\0';
}

/* Only a list that begins with its first sign may interrupt a paragraph: others get a 2. */
static bool take_sign(struct scan *scan) {
    char text[2 * COLUMNS];
    struct nl_list_sign sign;
    if (scan->source->refused[offset_of(scan)] != 0 ||
        !nl_list_sign_read(scan->at, (size_t)(scan->end - scan->at), &sign) ||
        sign.columns > DIGITS + 1)
        return false;
    size_t blanks = no_break_length(scan->at + sign.len, scan->end);
    char delimiter =
        choose_delimiter(scan, nl_list_sign_style(&sign), sign.form == '.' ? '.' : ')', &sign);
    number_for_parser(text, sign.columns, nl_list_sign_begins(&sign) ? '1' : '2', delimiter,
                      blanks / 2);
    add_edit(scan, NL_MD_EDIT_SIGN, sign.len + blanks, text)->sign = sign;
    scan->column += sign.columns;
    return true;
}

static bool take_number(struct scan *scan) {
    char text[2 * COLUMNS];
    size_t digits = 0;
    while (scan->at + digits < scan->end && scan->at[digits] >= '0' && scan->at[digits] <= '9')
        digits++;
    const char *sign = scan->at + digits;
    if (digits == 0 || digits > DIGITS || sign == scan->end || (*sign != '.' && *sign != ')') ||
        !is_blank(sign + 1, scan->end))
        return false;
    size_t blanks = no_break_length(sign + 1, scan->end);
    char delimiter = choose_delimiter(scan, NUMBER_STYLE + (*sign == ')'), *sign, NULL);
    number_for_parser(text, (int)digits + 1, '0', delimiter, blanks / 2);
    memcpy(text, scan->at, digits);
    add_edit(scan, NL_MD_EDIT_NUMBER, digits + 1 + blanks, text);
    scan->column += (int)digits + 1;
    return true;
}

/* Bullets, as word processors paste them too: Symbol and Wingdings use private characters. Some are
 * bullets only before a tab. */
static const struct bullet {
    const char *sign;
    char replacement;
    bool tab;
    int level; /* in the lists of word processors */
} bullets[] = {{"-", '-', false, 0},      {"+", '+', false, 0},      {"*", '*', false, 0},
               {"\u2022", '-', false, 0}, {"\u00b7", '-', false, 0}, {"\u25cf", '-', false, 0},
               {"\uf0b7", '-', false, 0}, {"\u2023", '-', false, 0}, {"\u2043", '-', false, 0},
               {"\u2013", '-', true, 0},  {"\u2014", '-', true, 0},  {"\u25e6", '+', false, 1},
               {"\u25cb", '+', false, 1}, {"o", '+', true, 1},       {"\u25aa", '*', false, 2},
               {"\u25a0", '*', false, 2}, {"\uf0a7", '*', false, 2}};

static const struct bullet *find_bullet(const struct scan *scan) {
    for (size_t i = 0; i < sizeof bullets / sizeof bullets[0]; i++) {
        size_t len = strlen(bullets[i].sign);
        const char *after = scan->at + len;
        if ((size_t)(scan->end - scan->at) >= len && memcmp(scan->at, bullets[i].sign, len) == 0)
            return is_blank(after, scan->end) &&
                           (!bullets[i].tab || (after < scan->end && *after == '\t'))
                       ? &bullets[i]
                       : NULL;
    }
    return NULL;
}

/* Word processors paste the levels of a list without indentation, told by the sign. One line of
 * such a list may be one level deeper than the line before. */
static bool take_bullet(struct scan *scan) {
    const struct bullet *bullet = find_bullet(scan);
    if (bullet == NULL)
        return false;
    size_t len = strlen(bullet->sign);
    size_t blanks = no_break_length(scan->at + len, scan->end);
    bool tab = scan->at + len < scan->end && scan->at[len] == '\t';
    scan->column++;
    if (len == 1 && blanks == 0 && !bullet->tab) {
        scan->at++;
        return true;
    }
    int level = scan->at > scan->line         ? 0
                : bullet->level > scan->level ? scan->level + 1
                                              : bullet->level;
    struct nl_buf text = {0};
    nl_buf_addf(&text, "%*s%c%s", 2 * level, "", bullet->replacement, tab || blanks > 0 ? " " : "");
    add_edit(scan, NL_MD_EDIT_BULLET, len + blanks + tab, nl_buf_text(&text));
    scan->next_level = level;
    nl_buf_free(&text);
    return true;
}

/* The length of "[^id]"; 0 if there is none. */
static size_t mark_length(const char *at, const char *end) {
    if (end - at < 4 || at[0] != '[' || at[1] != '^')
        return 0;
    const char *c = at + 2;
    while (c < end && c - at < ID_LIMIT &&
           ((unsigned char)*c >= 0x80 || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
            (*c >= 'A' && *c <= 'Z') || strchr("-_.", *c) != NULL))
        c++;
    return c > at + 2 && c < end && *c == ']' ? (size_t)(c + 1 - at) : 0;
}

/* The text of a footnote is indented by four columns, whatever the length of its name. */
static bool take_note(struct scan *scan) {
    char text[2 * COLUMNS];
    size_t len = mark_length(scan->at, scan->end);
    if (len == 0 || scan->at + len == scan->end || scan->at[len] != ':')
        return false;
    len++;
    while (scan->at + len < scan->end && (scan->at[len] == ' ' || scan->at[len] == '\t'))
        len++;
    number_for_parser(text, NOTE_WIDTH, '1', choose_delimiter(scan, NOTE_STYLE, ')', NULL),
                      scan->at + len < scan->end);
    add_edit(scan, NL_MD_EDIT_NOTE, len, text);
    scan->source->notes++;
    scan->column += NOTE_WIDTH + 1;
    return true;
}

static bool take_item(struct scan *scan) {
    return take_bullet(scan) || take_number(scan) || take_sign(scan) || take_note(scan);
}

/* No-break spaces that indent an item become spaces, but no more of them than leave it an item. */
static bool take_indented(struct scan *scan) {
    size_t len = no_break_length(scan->at, scan->end);
    struct scan ahead = *scan;
    size_t count = scan->source->count;
    size_t written = scan->source->text.len;
    char text[TAB] = "   ";
    text[len / 2 < TAB - 1 ? len / 2 : TAB - 1] = '\0';
    add_edit(scan, NL_MD_EDIT_BLANK, len, text);
    if (take_item(scan))
        return true;
    *scan = ahead;
    scan->source->count = count;
    scan->source->text.len = written;
    return false;
}

/* Reads the signs at the start of a line, which may be several: "> - a) text". */
static void read_signs(struct scan *scan) {
    for (scan->column = 0; scan->at < scan->end;) {
        if (*scan->at == ' ' || *scan->at == '>') {
            scan->at++;
            scan->column++;
        } else if (*scan->at == '\t') {
            scan->at++;
            scan->column += TAB - scan->column % TAB;
        } else if (!(is_no_break(scan->at, scan->end) ? take_indented(scan) : take_item(scan))) {
            return;
        }
    }
}

static bool is_escaped(const char *at, const char *start) {
    size_t count = 0;
    while (at - count > start && at[-1 - (long)count] == '\\')
        count++;
    return count % 2 == 1;
}

/* Whether a place belongs to an address: "](" or "://" stands before it in the same word, and
 * nothing ends the address. */
static bool is_in_address(const char *at, const char *start) {
    if (at - start > ADDRESS_LIMIT)
        start = at - ADDRESS_LIMIT;
    for (; at > start && strchr(" \t>)", at[-1]) == NULL; at--)
        if (at - start >= 2 && (memcmp(at - 2, "](", 2) == 0 || memcmp(at - 2, "//", 2) == 0))
            return true;
    return false;
}

/* Replaces "[^id]" in the rest of a line, unless it is the text of a link. */
static void read_marks(struct scan *scan) {
    static const char mark[] = {'^', NL_MD_MARK, '^', '\0'};
    const char *start = scan->at;
    while ((scan->at = memchr(scan->at, '[', (size_t)(scan->end - scan->at))) != NULL) {
        size_t len = mark_length(scan->at, scan->end);
        if (len > 0 && (scan->at + len == scan->end || scan->at[len] != '(') &&
            !is_escaped(scan->at, start) && !is_in_address(scan->at, start))
            add_edit(scan, NL_MD_EDIT_MARK, len, mark);
        else
            scan->at++;
    }
}

/* Whether only blanks and the signs of quotations stand before the rest of the line. */
static bool is_continued(const struct scan *scan) {
    for (const char *at = scan->line; at < scan->at; at++)
        if (strchr(" \t>", *at) == NULL)
            return false;
    return true;
}

/* Lengthens the rules of a table. Where the parser sees no table, they come out as they were. */
static void read_rules(struct scan *scan) {
    size_t columns =
        scan->before != NULL && is_continued(scan) ? nl_md_delimiters(scan->at, scan->end) : 0;
    if (columns == 0 || !nl_md_is_head(scan->before, scan->before_end, columns))
        return;
    while ((scan->at = memchr(scan->at, '-', (size_t)(scan->end - scan->at))) != NULL) {
        size_t len = strspn(scan->at, "-");
        if (len < RULE)
            add_edit(scan, NL_MD_EDIT_RULE, len, "---");
        else
            scan->at += len;
    }
    scan->at = scan->end;
}

void nl_md_source_number(struct nl_md_source *source) {
    struct scan scan = {.source = source, .level = -1};
    const char *at = nl_buf_text(&source->hidden);
    const char *end = at + source->hidden.len;
    source->count = source->notes = 0;
    nl_buf_clear(&source->text);
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        scan.line = scan.at = at;
        scan.end = line_end != NULL ? line_end : end;
        scan.next_level = scan.line == scan.end ? scan.level : -1;
        read_signs(&scan);
        const char *rest = scan.at;
        read_rules(&scan);
        read_marks(&scan);
        scan.before = rest < scan.end ? rest : NULL;
        scan.before_end = scan.end;
        scan.level = scan.next_level;
        at = scan.end + (line_end != NULL);
    }
    nl_buf_add(&source->text, nl_buf_text(&source->hidden) + scan.copied,
               source->hidden.len - scan.copied);
}
