#include "newsletter/service/draft_fix.h"

#include "newsletter/base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LEVELS = 6, WORDS_MOST = 300 };

static enum nl_status moved(struct nl_error *err) {
    return nl_error_set(err, NL_DATA, "the text has changed at this place: look at it again");
}

/* ---- lines ---- */

/* The lines of a paragraph or block, as one piece of the text. */
struct place {
    const char *at;
    size_t len;       /* without the line end */
    const char *next; /* what follows */
};

static bool find_line(const char *body, size_t line, struct place *out) {
    for (size_t i = 1; i < line && *body != '\0'; i++)
        body += strcspn(body, "\n") + (body[strcspn(body, "\n")] == '\n');
    out->at = body;
    out->len = strcspn(body, "\n");
    out->next = body + out->len;
    return line > 0 && *body != '\0';
}

static void write_around(const char *body, const struct place *place, const char *text, size_t len,
                         struct nl_buf *out) {
    nl_buf_add(out, body, (size_t)(place->at - body));
    nl_buf_add(out, text, len);
    nl_buf_adds(out, place->next);
}

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

static void write_heading(const char *body, const struct place *place, size_t level,
                          const char *words, size_t len, struct nl_buf *out) {
    struct nl_buf line = {0};
    nl_buf_addf(&line, "%.*s ", (int)level, "######");
    nl_buf_add(&line, words, len);
    write_around(body, place, nl_buf_text(&line), line.len, out);
    nl_buf_free(&line);
}

/* ---- one function for each rule ---- */

typedef enum nl_status fixer(const char *body, const struct nl_draft_fix *fix, struct nl_buf *out,
                             struct nl_error *err);

static enum nl_status fix_level(const char *body, const struct nl_draft_fix *fix,
                                struct nl_buf *out, struct nl_error *err) {
    struct place place = {0};
    size_t words = 0;
    if (!find_line(body, fix->line, &place))
        return moved(err);
    size_t level = heading_level(place.at, place.len, &words);
    size_t wanted = level_before(body, place.at) + 1;
    if (level == 1)
        wanted = 2;
    if (level == 0 || (level != 1 && level <= wanted) || words == place.len)
        return moved(err);
    write_heading(body, &place, wanted, place.at + words, place.len - words, out);
    return NL_OK;
}

static enum nl_status fix_empty(const char *body, const struct nl_draft_fix *fix,
                                struct nl_buf *out, struct nl_error *err) {
    struct place place = {0};
    size_t words = 0;
    if (!find_line(body, fix->line, &place) || heading_level(place.at, place.len, &words) == 0 ||
        strspn(place.at + words, "# \t") < place.len - words)
        return moved(err);
    write_around(body, &place, "", 0, out);
    return NL_OK;
}

static enum nl_status fix_bold(const char *body, const struct nl_draft_fix *fix, struct nl_buf *out,
                               struct nl_error *err) {
    struct place place = {0};
    if (!find_line(body, fix->line, &place))
        return moved(err);
    size_t len = place.len;
    while (len > 0 && place.at[len - 1] == ' ')
        len--;
    bool bold = len > 4 && (strncmp(place.at, "**", 2) == 0 || strncmp(place.at, "__", 2) == 0) &&
                place.at[len - 1] == place.at[0] && place.at[len - 2] == place.at[0];
    if (!bold || memmem(place.at + 2, len - 4, place.at, 2) != NULL)
        return moved(err);
    size_t level = level_before(body, place.at);
    write_heading(body, &place, level < 2 ? 2 : level, place.at + 2, len - 4, out);
    return NL_OK;
}

static enum nl_status fix_indented(const char *body, const struct nl_draft_fix *fix,
                                   struct nl_buf *out, struct nl_error *err) {
    struct place place = {0};
    if (!find_line(body, fix->line, &place) ||
        (place.at[0] != '\t' && strncmp(place.at, "    ", 4) != 0))
        return moved(err);
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

/* Words within square brackets. */
static void add_escaped(struct nl_buf *out, const char *words) {
    for (const char *p = words; *p != '\0'; p++) {
        if (strchr("[]\\*_`<", *p) != NULL)
            nl_buf_addc(out, '\\');
        nl_buf_addc(out, *p == '\n' || *p == '\r' || *p == '\t' ? ' ' : *p);
    }
}

/* The first picture on the line or below it in its paragraph. */
static enum nl_status fix_picture(const char *body, const struct nl_draft_fix *fix,
                                  struct nl_buf *out, struct nl_error *err) {
    struct place place = {0};
    if (fix->words[strspn(fix->words, " ")] == '\0' || strlen(fix->words) > WORDS_MOST)
        return nl_error_set(err, NL_DATA,
                            "say in at most %d bytes what the picture shows: it is read to people "
                            "who cannot see it",
                            (int)WORDS_MOST);
    if (!find_line(body, fix->line, &place))
        return moved(err);
    const char *end = strstr(place.at, "\n\n");
    const char *open = strstr(place.at, "![");
    const char *close = open != NULL ? strstr(open, "](") : NULL;
    bool empty = close != NULL && open + 2 + strspn(open + 2, " ") == close;
    if (close == NULL || (end != NULL && close > end) ||
        (strcmp(fix->rule, "image-alt") == 0 && !empty))
        return moved(err);
    nl_buf_add(out, body, (size_t)(open + 2 - body));
    add_escaped(out, fix->words);
    nl_buf_adds(out, close);
    return NL_OK;
}

/* A mark holds no links, and neither signs of a list nor those of a heading. */
static enum nl_status fix_language(const char *body, const struct nl_draft_fix *fix,
                                   struct nl_buf *out, struct nl_error *err) {
    struct place place = {0};
    size_t letters = strspn(fix->words, "abcdefghijklmnopqrstuvwxyz");
    if (letters < 2 || letters > 3 || fix->words[letters] != '\0')
        return nl_error_set(err, NL_DATA, "'%s' is no language", fix->words);
    if (!find_line(body, fix->line, &place) || place.len == 0)
        return moved(err);
    const char *end = strstr(place.at, "\n\n");
    size_t len = end != NULL ? (size_t)(end - place.at) : strlen(place.at);
    while (len > 0 && place.at[len - 1] == '\n')
        len--;
    if (memchr(place.at, '[', len) != NULL || memchr(place.at, ']', len) != NULL ||
        strchr("#-*+>|0123456789", place.at[0]) != NULL)
        return nl_error_set(err, NL_DATA,
                            "only plain paragraphs are marked at a click: put [ before and "
                            "](lang:%s) after the words yourself",
                            fix->words);
    nl_buf_add(out, body, (size_t)(place.at - body));
    nl_buf_addc(out, '[');
    nl_buf_add(out, place.at, len);
    nl_buf_addf(out, "](lang:%s)", fix->words);
    nl_buf_adds(out, place.at + len);
    return NL_OK;
}

/* The host of an address that begins with http://; and whether the text links to it with https,
 * too: then the host is known to answer there. */
static bool is_safe(const char *body, const char *url) {
    struct nl_buf known = {0};
    const char *host = url + strlen("http://");
    size_t len = strcspn(host, "/?#:)> \"\n\t");
    bool safe = false;
    nl_buf_addf(&known, "https://%.*s", (int)len, host);
    for (const char *at = strcasestr(body, nl_buf_text(&known)); len > 0 && at != NULL && !safe;
         at = strcasestr(at + 1, nl_buf_text(&known)))
        safe = strchr("/?#)> \"\n\t", at[known.len]) != NULL && host[len] != ':';
    nl_buf_free(&known);
    return safe;
}

static const char *next_plain(const char *at) {
    return strcasestr(at, "http://");
}

static enum nl_status fix_https(const char *body, const struct nl_draft_fix *fix,
                                struct nl_buf *out, struct nl_error *err) {
    bool any = false;
    const char *from = body;
    (void)fix;
    for (const char *at = next_plain(body); at != NULL; at = next_plain(at + 1)) {
        if (!is_safe(body, at))
            continue;
        nl_buf_add(out, from, (size_t)(at - from));
        nl_buf_adds(out, "https");
        from = at + 4;
        any = true;
    }
    nl_buf_adds(out, from);
    return any ? NL_OK : moved(err);
}

/* ---- all rules ---- */

static const struct {
    const char *rule;
    enum nl_fix_kind kind;
    fixer *fix;
} fixes[] = {
    {"heading-order", NL_FIX_CLICK, fix_level}, {"heading-empty", NL_FIX_CLICK, fix_empty},
    {"heading-bold", NL_FIX_CLICK, fix_bold},   {"indented-code", NL_FIX_CLICK, fix_indented},
    {"image-alt", NL_FIX_WORDS, fix_picture},   {"image-words", NL_FIX_WORDS, fix_picture},
    {"not-https", NL_FIX_CLICK, fix_https},     {"language-mark", NL_FIX_CLICK, fix_language},
};
enum { FIXES = sizeof fixes / sizeof fixes[0] };

void nl_draft_fix_language(const char *text, char out[4]) {
    const char *at = strstr(text, "(lang:");
    size_t len = at != NULL ? strspn(at + 6, "abcdefghijklmnopqrstuvwxyz") : 0;
    bool known = len >= 2 && len <= 3 && strncmp(at + 6, "xx", 2) != 0;
    memcpy(out, known ? at + 6 : "", known ? len : 0);
    out[known ? len : 0] = '\0';
}

enum nl_fix_kind nl_draft_fix_kind(const char *rule, const char *text, const char *body) {
    char language[4];
    for (size_t i = 0; i < FIXES; i++) {
        if (strcmp(fixes[i].rule, rule) != 0)
            continue;
        nl_draft_fix_language(text, language);
        if (fixes[i].fix == fix_language && language[0] == '\0')
            return NL_FIX_NONE;
        const char *url = fixes[i].fix == fix_https ? next_plain(text) : NULL;
        if (fixes[i].fix == fix_https && (url == NULL || !is_safe(body, url)))
            return NL_FIX_NONE;
        return fixes[i].kind;
    }
    return NL_FIX_NONE;
}

enum nl_status nl_draft_fix(const char *body, const struct nl_draft_fix *fix, struct nl_buf *out,
                            struct nl_error *err) {
    for (size_t i = 0; i < FIXES; i++)
        if (strcmp(fixes[i].rule, fix->rule) == 0) {
            enum nl_status status = fixes[i].fix(body, fix, out, err);
            return status == NL_OK && out->failed ? nl_error_nomem(err) : status;
        }
    return nl_error_set(err, NL_DATA, "there is no fix at a click for this");
}
