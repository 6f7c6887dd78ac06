#include "newsletter/bulletin/visible.h"

#include "bulletin/html_walk.h"

#include <string.h>

/* A page while the parser goes through it. */
struct reading {
    struct nl_buf *out;
    struct nl_buf line;
    bool whole;    /* the page has no <main>: all of it counts */
    size_t main;   /* such elements that are open */
    size_t unseen; /* elements that are open since the first one that nobody sees */
};

enum { VISIBLE_BYTES = 256 * 1024 };

static bool stands_in(const char *list, const xmlChar *name) {
    size_t len = strlen((const char *)name);
    for (const char *at = list; (at = strstr(at, (const char *)name)) != NULL; at++)
        if (at[-1] == ' ' && at[len] == ' ')
            return true;
    return false;
}

/* Elements within a line; any other one ends it. */
static bool is_within(const xmlChar *name) {
    return stands_in(" a abbr b bdi bdo cite code em i kbd mark q s small span strong sub sup time "
                     "u wbr ",
                     name);
}

static bool is_unseen(const xmlChar *name, const xmlChar **attributes) {
    if (stands_in(" head noscript script style template textarea title ", name))
        return true;
    for (size_t i = 0; attributes != NULL && attributes[i] != NULL; i += 2) {
        const xmlChar *value = attributes[i + 1];
        if (xmlStrcmp(attributes[i], BAD_CAST "hidden") == 0 ||
            (xmlStrcmp(attributes[i], BAD_CAST "aria-hidden") == 0 && value != NULL &&
             xmlStrcmp(value, BAD_CAST "true") == 0))
            return true;
    }
    return false;
}

/* Spaces in a row are one, as a browser shows them. */
static void end_line(struct reading *reading) {
    struct nl_buf *out = reading->out;
    size_t begin = out->len;
    if (out->len > 0)
        nl_buf_addc(out, '\n');
    size_t first = out->len;
    for (size_t i = 0; i < reading->line.len; i++) {
        char c = reading->line.data[i];
        if (c != ' ')
            nl_buf_addc(out, c);
        else if (out->len > first && i + 1 < reading->line.len && reading->line.data[i + 1] != ' ')
            nl_buf_addc(out, ' ');
    }
    if (out->len == first && out->data != NULL) {
        out->len = begin;
        out->data[begin] = '\0';
    }
    nl_buf_clear(&reading->line);
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar **attributes) {
    struct reading *reading = ctx;
    if (reading->unseen > 0 || is_unseen(name, attributes))
        reading->unseen++;
    if (!is_within(name))
        end_line(reading);
    reading->main += xmlStrcmp(name, BAD_CAST "main") == 0;
}

static void on_end(void *ctx, const xmlChar *name) {
    struct reading *reading = ctx;
    if (reading->unseen > 0)
        reading->unseen--;
    if (!is_within(name))
        end_line(reading);
    if (xmlStrcmp(name, BAD_CAST "main") == 0 && reading->main > 0)
        reading->main--;
}

static void on_text(void *ctx, const xmlChar *text, int len) {
    struct reading *reading = ctx;
    if (reading->unseen > 0 || (reading->main == 0 && !reading->whole) ||
        reading->line.len + reading->out->len > VISIBLE_BYTES)
        return;
    for (int i = 0; i < len; i++)
        nl_buf_addc(&reading->line,
                    text[i] == '\n' || text[i] == '\r' || text[i] == '\t' ? ' ' : (char)text[i]);
}

enum nl_status nl_visible_text(const char *html, size_t len, struct nl_buf *out,
                               struct nl_error *err) {
    struct reading reading = {.out = out, .whole = memmem(html, len, "<main", 5) == NULL};
    htmlSAXHandler sax = {.startElement = on_start,
                          .endElement = on_end,
                          .characters = on_text,
                          .ignorableWhitespace = on_text};
    bool complete = nl_html_walk(html, len, &sax, &reading);
    end_line(&reading);
    nl_buf_free(&reading.line);
    return complete ? NL_OK : nl_error_nomem(err);
}
