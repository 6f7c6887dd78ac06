#include "service/draft_fixer.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LEVELS = 6 };

/* ---- headings ---- */

/* The level of a heading with signs; 0 for another line. *words is where its text begins. */
static size_t heading_level(const char *line, size_t len, size_t *words) {
    size_t blanks = 0;
    size_t level = 0;
    while (blanks < 3 && blanks < len && line[blanks] == ' ')
        blanks++;
    while (blanks + level < len && line[blanks + level] == '#')
        level++;
    size_t at = blanks + level;
    if (level == 0 || level > LEVELS || (at < len && line[at] != ' ' && line[at] != '\t'))
        return 0;
    while (at < len && (line[at] == ' ' || line[at] == '\t'))
        at++;
    *words = at;
    return level;
}

/* The level of the last heading before a place; the title of the issue is one of level 1. */
static size_t level_before(const char *body, const char *place) {
    size_t level = 1;
    bool code = false;
    while (body < place) {
        size_t len = strcspn(body, "\n");
        size_t words = 0;
        if (strncmp(body, "```", 3) == 0)
            code = !code;
        size_t found = code ? 0 : heading_level(body, len, &words);
        level = found > 0 ? found : level;
        body += len + (body[len] == '\n');
    }
    return level;
}

static void write_heading(const char *body, const struct nl_fix_place *place, size_t level,
                          const char *words, size_t len, struct nl_buf *out) {
    struct nl_buf line = {0};
    nl_buf_addf(&line, "%.*s ", (int)level, "######");
    nl_buf_add(&line, words, len);
    nl_fix_write(body, place, nl_buf_text(&line), line.len, out);
    nl_buf_free(&line);
}

/* ---- one function for each rule ---- */

static enum nl_status fix_level(const char *body, const struct nl_draft_fix *fix,
                                struct nl_buf *out, struct nl_error *err) {
    struct nl_fix_place place = {0};
    size_t words = 0;
    if (!nl_fix_find_line(body, fix->line, &place))
        return nl_fix_moved(err);
    size_t level = heading_level(place.at, place.len, &words);
    size_t wanted = level_before(body, place.at) + 1;
    if (level == 1)
        wanted = 2;
    if (level == 0 || (level != 1 && level <= wanted) || words == place.len)
        return nl_fix_moved(err);
    write_heading(body, &place, wanted, place.at + words, place.len - words, out);
    return NL_OK;
}

static enum nl_status fix_empty(const char *body, const struct nl_draft_fix *fix,
                                struct nl_buf *out, struct nl_error *err) {
    struct nl_fix_place place = {0};
    size_t words = 0;
    if (!nl_fix_find_line(body, fix->line, &place) ||
        heading_level(place.at, place.len, &words) == 0 ||
        strspn(place.at + words, "# \t") < place.len - words)
        return nl_fix_moved(err);
    nl_fix_write(body, &place, "", 0, out);
    return NL_OK;
}

static enum nl_status fix_bold(const char *body, const struct nl_draft_fix *fix, struct nl_buf *out,
                               struct nl_error *err) {
    struct nl_fix_place place = {0};
    if (!nl_fix_find_line(body, fix->line, &place))
        return nl_fix_moved(err);
    size_t len = place.len;
    while (len > 0 && place.at[len - 1] == ' ')
        len--;
    bool bold = len > 4 && (strncmp(place.at, "**", 2) == 0 || strncmp(place.at, "__", 2) == 0) &&
                place.at[len - 1] == place.at[0] && place.at[len - 2] == place.at[0];
    if (!bold || memmem(place.at + 2, len - 4, place.at, 2) != NULL)
        return nl_fix_moved(err);
    size_t level = level_before(body, place.at);
    write_heading(body, &place, level < 2 ? 2 : level, place.at + 2, len - 4, out);
    return NL_OK;
}

static enum nl_status fix_indented(const char *body, const struct nl_draft_fix *fix,
                                   struct nl_buf *out, struct nl_error *err) {
    struct nl_fix_place place = {0};
    if (!nl_fix_find_line(body, fix->line, &place) ||
        (place.at[0] != '\t' && strncmp(place.at, "    ", 4) != 0))
        return nl_fix_moved(err);
    nl_buf_add(out, body, (size_t)(place.at - body));
    const char *at = place.at;
    while (at[0] == '\t' || strncmp(at, "    ", 4) == 0) {
        size_t blanks = strspn(at, " \t");
        size_t len = strcspn(at, "\n") + (at[strcspn(at, "\n")] == '\n');
        nl_buf_add(out, at + blanks, len - blanks);
        at += len;
    }
    nl_buf_adds(out, at);
    return NL_OK;
}

/* The first picture on the line or below it in its paragraph. */
static enum nl_status fix_picture(const char *body, const struct nl_draft_fix *fix,
                                  struct nl_buf *out, struct nl_error *err) {
    struct nl_fix_place place = {0};
    enum nl_status status = nl_fix_check_words(
        fix,
        NL_TEXT_IN("error", "say what the picture shows: it is read to people who cannot see it"),
        err);
    if (status != NL_OK)
        return status;
    if (!nl_fix_find_line(body, fix->line, &place))
        return nl_fix_moved(err);
    const char *open = strstr(place.at, "![");
    const char *close = open != NULL ? strstr(open, "](") : NULL;
    bool empty = close != NULL && open + 2 + strspn(open + 2, " ") == close;
    if (close == NULL || close > nl_fix_paragraph_end(place.at) ||
        (strcmp(fix->rule, "image-alt") == 0 && !empty))
        return nl_fix_moved(err);
    nl_buf_add(out, body, (size_t)(open + 2 - body));
    nl_fix_add_words(out, fix->words);
    nl_buf_adds(out, close);
    return NL_OK;
}

/* A mark holds no links, and neither signs of a list nor those of a heading. */
static enum nl_status fix_language(const char *body, const struct nl_draft_fix *fix,
                                   struct nl_buf *out, struct nl_error *err) {
    struct nl_fix_place place = {0};
    size_t letters = strspn(fix->about, "abcdefghijklmnopqrstuvwxyz");
    if (letters < 2 || letters > 3 || fix->about[letters] != '\0')
        return nl_error_set(err, NL_DATA, NL_TEXT("'%s' is not a language tag such as en or kk"),
                            fix->about);
    if (!nl_fix_find_line(body, fix->line, &place) || place.len == 0)
        return nl_fix_moved(err);
    size_t len = (size_t)(nl_fix_paragraph_end(place.at) - place.at);
    while (len > 0 && place.at[len - 1] == '\n')
        len--;
    if (memchr(place.at, '[', len) != NULL || memchr(place.at, ']', len) != NULL ||
        strchr("#-*+>|0123456789", place.at[0]) != NULL)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("only plain paragraphs are marked at a click: put [ before and "
                                    "](lang:%s) after the words yourself"),
                            fix->about);
    nl_buf_add(out, body, (size_t)(place.at - body));
    nl_buf_addc(out, '[');
    nl_buf_add(out, place.at, len);
    nl_buf_addf(out, "](lang:%s)", fix->about);
    nl_buf_adds(out, place.at + len);
    return NL_OK;
}

/* ---- all rules ---- */

static const struct {
    const char *rule;
    enum nl_fix_kind kind;
    nl_draft_fixer *fix;
} fixes[] = {
    {"heading-order", NL_FIX_CLICK, fix_level},
    {"heading-empty", NL_FIX_CLICK, fix_empty},
    {"heading-bold", NL_FIX_CLICK, fix_bold},
    {"indented-code", NL_FIX_CLICK, fix_indented},
    {"image-alt", NL_FIX_PICTURE, fix_picture},
    {"image-words", NL_FIX_PICTURE, fix_picture},
    {"language-mark", NL_FIX_CLICK, fix_language},
    {"not-https", NL_FIX_CLICK, nl_fix_https},
    {"link-words", NL_FIX_LINK, nl_fix_link_words},
    {"link-empty", NL_FIX_LINK, nl_fix_link_empty},
    {"long-word", NL_FIX_LINK, nl_fix_long_word},
    {"table-head", NL_FIX_COLUMNS, nl_fix_table_head},
    {"table-rows", NL_FIX_CLICK, nl_fix_table_rows},
};
enum { FIXES = sizeof fixes / sizeof fixes[0] };

/* The first words in quotation marks. */
static void take_quoted(const char *text, struct nl_buf *out) {
    const char *open = strchr(text, '\'');
    const char *close = open != NULL ? strchr(open + 1, '\'') : NULL;
    if (close != NULL)
        nl_buf_add(out, open + 1, (size_t)(close - open - 1));
}

void nl_draft_fix_about(const char *rule, const char *text, struct nl_buf *out) {
    static const char mark[] = "(lang:";
    if (strcmp(rule, "link-words") == 0 || strcmp(rule, "number") == 0) {
        take_quoted(text, out);
    } else if (strcmp(rule, "language-mark") == 0 && strstr(text, mark) != NULL) {
        const char *at = strstr(text, mark) + sizeof mark - 1;
        size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz");
        if (strncmp(at, "xx", 2) != 0)
            nl_buf_add(out, at, len);
    } else if (strcmp(rule, "place") == 0 && strstr(text, " has a place in it") != NULL) {
        nl_buf_add(out, text, (size_t)(strstr(text, " has a place in it") - text));
    } else if (strcmp(rule, "not-https") == 0 && strcasestr(text, "http://") != NULL) {
        const char *at = strcasestr(text, "http://");
        nl_buf_add(out, at, strcspn(at, " "));
    }
}

static enum nl_status fix_body(const char *body, const struct nl_draft_fix *fix, struct nl_buf *out,
                               struct nl_error *err) {
    for (size_t i = 0; i < FIXES; i++)
        if (strcmp(fixes[i].rule, fix->rule) == 0) {
            enum nl_status status = fixes[i].fix(body, fix, out, err);
            return status;
        }
    return nl_error_set(err, NL_DATA, NL_TEXT("there is no fix at a click for this"));
}

bool nl_draft_fix_is_file(const struct nl_draft_fix *fix) {
    return strcmp(fix->rule, "place") == 0 && fix->about[0] != '\0';
}

/* ---- what a page offers ---- */

/* As many names as any table has columns, so that it is seen whether there is such a table. */
static const char any_words[] = "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a";

static enum nl_fix_kind kind_of(const struct nl_draft_fix *fix, const char *body) {
    for (size_t i = 0; i < FIXES; i++)
        if (strcmp(fixes[i].rule, fix->rule) == 0)
            return fixes[i].kind == NL_FIX_COLUMNS && nl_fix_table_is_plain(body, fix->line)
                       ? NL_FIX_CLICK
                       : fixes[i].kind;
    return NL_FIX_NONE;
}

enum nl_fix_kind nl_draft_fix_kind(const struct nl_draft_fix *fix, const char *body) {
    struct nl_draft_fix tried = *fix;
    struct nl_buf out = {0};
    struct nl_error ignored = {0};
    if (nl_fix_is_field(fix->rule) || nl_draft_fix_is_file(fix))
        return NL_FIX_CLICK;
    tried.words = any_words;
    enum nl_fix_kind kind = kind_of(fix, body);
    if (kind != NL_FIX_NONE && fix_body(body, &tried, &out, &ignored) != NL_OK) {
        nl_error_free(&ignored);
        kind = NL_FIX_NONE;
    }
    nl_buf_free(&out);
    return kind;
}

enum nl_status nl_draft_fix(const char *source, const struct nl_draft_fix *fix, struct nl_buf *out,
                            struct nl_error *err) {
    struct nl_front_fields fields = {0};
    struct nl_buf body = {0};
    enum nl_status status = nl_front_fields_read(source, &fields, err);
    if (status == NL_OK && nl_fix_is_field(fix->rule)) {
        status = nl_fix_field(fix, &fields, err);
        if (status == NL_OK)
            nl_front_fields_write(&fields, source, out);
    } else if (status == NL_OK) {
        status = fix_body(nl_buf_text(&fields.body), fix, &body, err);
        nl_buf_add(out, source, strlen(source) - fields.body.len);
        nl_buf_adds(out, nl_buf_text(&body));
    }
    nl_buf_free(&body);
    nl_front_fields_free(&fields);
    return status;
}
