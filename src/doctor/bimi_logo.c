#include "doctor/bimi_logo.h"

#include <libxml/parser.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LARGEST = 32 * 1024, VALUE_MOST = 256 };

static const char svg_space[] = "http://www.w3.org/2000/svg";

enum fault {
    NOT_XML,
    TOO_LARGE,
    NOT_SVG,
    VERSION,
    PROFILE,
    POSITION,
    NO_TITLE,
    NOT_SQUARE,
    DOCTYPE,
    SCRIPT,
    ANIMATION,
    PICTURE,
    REFERENCE,
    FAULTS
};

static const char *const words[FAULTS] = {
    [NOT_XML] = "it is not well-formed XML",
    [TOO_LARGE] = "it has more than 32 KiB",
    [NOT_SVG] = "its root is not svg",
    [VERSION] = "the svg element needs version=\"1.2\"",
    [PROFILE] = "the svg element needs baseProfile=\"tiny-ps\"",
    [POSITION] = "the svg element may not have x or y",
    [NO_TITLE] = "it has no title element with the name of the office",
    [NOT_SQUARE] = "it is not square: the viewBox needs one width and height",
    [DOCTYPE] = "it has a document type",
    [SCRIPT] = "it has a script, or attributes that run one",
    [ANIMATION] = "it has an animation",
    [PICTURE] = "it has pictures, foreign objects or links",
    [REFERENCE] = "it refers to something outside itself",
};

struct reading {
    bool found[FAULTS];
    int depth, title_depth;
    bool root_seen, titled;
    xmlParserCtxt *parser;
};

static bool is_one_of(const char *name, const char *const *names) {
    while (*names != NULL && strcmp(name, *names) != 0)
        names++;
    return *names != NULL;
}

static void check_element(struct reading *reading, const char *name) {
    static const char *const animations[] = {
        "animate", "animateColor", "animateMotion", "animateTransform", "set", "discard", NULL};
    static const char *const scripts[] = {"script", "handler", "listener", NULL};
    static const char *const pictures[] = {"image", "foreignObject", "a",     "video",
                                           "audio", "animation",     "style", NULL};
    reading->found[ANIMATION] |= is_one_of(name, animations);
    reading->found[SCRIPT] |= is_one_of(name, scripts);
    reading->found[PICTURE] |= is_one_of(name, pictures);
}

/* The value of an attribute; cut where it is longer. */
static void copy_value(const xmlChar **attribute, char out[VALUE_MOST]) {
    size_t len = (size_t)(attribute[4] - attribute[3]);
    if (len >= VALUE_MOST)
        len = VALUE_MOST - 1;
    memcpy(out, attribute[3], len);
    out[len] = '\0';
}

/* Only parts of the file itself may be referred to: href="#a", url(#a). */
static bool leads_outside(const char *name, const char *value) {
    if (strcmp(name, "href") == 0)
        return value[0] != '#';
    const char *url = strcasestr(value, "url(");
    if (url == NULL)
        return false;
    url += 4 + strspn(url + 4, " \t\"'");
    return *url != '#';
}

static void check_root(struct reading *reading, const char *name, const char *value) {
    double box[4] = {0};
    reading->found[VERSION] &= strcmp(name, "version") != 0 || strcmp(value, "1.2") != 0;
    reading->found[PROFILE] &= strcmp(name, "baseProfile") != 0 || strcmp(value, "tiny-ps") != 0;
    reading->found[POSITION] |= strcmp(name, "x") == 0 || strcmp(name, "y") == 0;
    if (strcmp(name, "viewBox") != 0)
        return;
    char *at = (char *)value;
    for (size_t i = 0; i < 4; i++) {
        box[i] = strtod(at, &at);
        at += strspn(at, " ,\t\r\n");
    }
    reading->found[NOT_SQUARE] = box[2] <= 0 || box[2] != box[3];
}

static void start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                  int spaces, const xmlChar **space, int count, int defaulted,
                  const xmlChar **attributes) {
    struct reading *reading = ctx;
    bool root = reading->depth++ == 0;
    (void)prefix, (void)spaces, (void)space, (void)defaulted;
    if (root) {
        reading->root_seen = reading->found[VERSION] = reading->found[PROFILE] = true;
        reading->found[NOT_SQUARE] = true;
        reading->found[NOT_SVG] = strcmp((const char *)name, "svg") != 0 || uri == NULL ||
                                  strcmp((const char *)uri, svg_space) != 0;
    }
    check_element(reading, (const char *)name);
    if (reading->depth == 2 && strcmp((const char *)name, "title") == 0)
        reading->title_depth = reading->depth;
    for (int i = 0; i < count; i++) {
        const xmlChar **attribute = attributes + (size_t)i * 5;
        const char *what = (const char *)attribute[0];
        char value[VALUE_MOST];
        copy_value(attribute, value);
        if (root)
            check_root(reading, what, value);
        reading->found[SCRIPT] |= strncasecmp(what, "on", 2) == 0;
        reading->found[REFERENCE] |= leads_outside(what, value);
    }
}

static void end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) {
    struct reading *reading = ctx;
    (void)name, (void)prefix, (void)uri;
    if (reading->depth-- == reading->title_depth)
        reading->title_depth = 0;
}

static void text(void *ctx, const xmlChar *data, int len) {
    struct reading *reading = ctx;
    for (int i = 0; reading->title_depth != 0 && i < len; i++)
        reading->titled |= data[i] > ' ';
}

/* Entities are declared there: nothing after it is read. */
static void doctype(void *ctx, const xmlChar *name, const xmlChar *external,
                    const xmlChar *system) {
    struct reading *reading = ctx;
    (void)name, (void)external, (void)system;
    reading->found[DOCTYPE] = true;
    xmlStopParser(reading->parser);
}

static void silent(void *ctx, const char *format, ...) {
    (void)ctx, (void)format;
}

void nl_bimi_logo_check(const char *data, size_t len, void (*each)(const char *problem, void *ctx),
                        void *ctx) {
    struct reading reading = {.depth = 0};
    xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
                             .startElementNs = start,
                             .endElementNs = end,
                             .characters = text,
                             .internalSubset = doctype,
                             .error = silent,
                             .warning = silent};
    reading.found[TOO_LARGE] = len > LARGEST;
    reading.parser = xmlCreatePushParserCtxt(&handler, &reading, NULL, 0, NULL);
    if (reading.parser != NULL) {
        xmlCtxtUseOptions(reading.parser, XML_PARSE_NONET);
        bool good = xmlParseChunk(reading.parser, data, (int)len, 1) == 0;
        reading.found[NOT_XML] = !reading.found[DOCTYPE] && (!good || !reading.root_seen);
        xmlFreeParserCtxt(reading.parser);
    }
    reading.found[NO_TITLE] = reading.root_seen && !reading.titled && !reading.found[DOCTYPE];
    for (size_t i = 0; i < FAULTS; i++)
        if (reading.found[i])
            each(words[i], ctx);
}
