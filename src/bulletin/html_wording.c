#include "bulletin/html_walk.h"
#include "bulletin/wording.h"

#include <string.h>

/* A page while the parser goes through it. */
struct reading {
    struct nl_wording *words;
    struct nl_buf text;  /* of the paragraph so far */
    struct nl_buf links; /* in it, each ended by a NUL */
    size_t unseen;       /* elements without words that are open */
};

/* Elements within a line; any other one ends a paragraph. */
static const char within[] = " a abbr acronym b bdi bdo big cite code del dfn em font i img ins "
                             "kbd label mark meta nobr q s "
                             "samp small span strike strong sub sup time tt u var wbr ";
static const char unseen[] = " head noscript script select style template textarea title ";

static bool stands_in(const char *list, const xmlChar *name) {
    size_t len = strlen((const char *)name);
    const char *at = list;
    while (len > 0 && (at = strstr(at, (const char *)name)) != NULL) {
        if (at[-1] == ' ' && at[len] == ' ')
            return true;
        at++;
    }
    return false;
}

/* The addresses of links stand after the words, so that a bracket before a link stays with its
 * first word. */
static void end_paragraph(struct reading *reading) {
    nl_wording_add_text(reading->words, nl_buf_text(&reading->text), reading->text.len);
    for (size_t at = 0; at < reading->links.len; at += strlen(reading->links.data + at) + 1)
        nl_wording_add_link(reading->words, reading->links.data + at);
    nl_wording_break(reading->words);
    nl_buf_clear(&reading->text);
    nl_buf_clear(&reading->links);
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar **attributes) {
    struct reading *reading = ctx;
    if (stands_in(unseen, name))
        reading->unseen++;
    if (!stands_in(within, name))
        end_paragraph(reading);
    if (xmlStrcmp(name, BAD_CAST "a") != 0)
        return;
    for (size_t i = 0; attributes != NULL && attributes[i] != NULL; i += 2)
        if (xmlStrcmp(attributes[i], BAD_CAST "href") == 0 && attributes[i + 1] != NULL &&
            attributes[i + 1][0] != '#' && reading->links.len < NL_WORDING_BYTES)
            nl_buf_add(&reading->links, attributes[i + 1],
                       strlen((const char *)attributes[i + 1]) + 1);
}

static void on_end(void *ctx, const xmlChar *name) {
    struct reading *reading = ctx;
    if (stands_in(unseen, name) && reading->unseen > 0)
        reading->unseen--;
    if (!stands_in(within, name))
        end_paragraph(reading);
}

static void on_text(void *ctx, const xmlChar *text, int len) {
    struct reading *reading = ctx;
    if (reading->unseen > 0 || reading->text.len > NL_WORDING_BYTES)
        return;
    for (int i = 0; i < len; i++)
        nl_buf_addc(&reading->text, text[i] == '\n' || text[i] == '\r' ? ' ' : (char)text[i]);
}

void nl_wording_add_html(struct nl_wording *words, const char *html, size_t len) {
    struct reading reading = {.words = words};
    htmlSAXHandler sax = {.startElement = on_start,
                          .endElement = on_end,
                          .characters = on_text,
                          .ignorableWhitespace = on_text,
                          .cdataBlock = NULL};
    if (len > NL_WORDING_BYTES)
        len = NL_WORDING_BYTES;
    if (!nl_html_walk(html, len, &sax, &reading))
        words->failed = true;
    end_paragraph(&reading);
    nl_buf_free(&reading.text);
    nl_buf_free(&reading.links);
}
