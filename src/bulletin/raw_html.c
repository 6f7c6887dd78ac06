#include "bulletin/raw_html.h"

#include "newsletter/base/colour.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The end of a tag: ">" outside of quotation marks, or the end of the text. */
static const char *end_of(const char *at) {
    char quote = '\0';
    for (; *at != '\0'; at++) {
        if (quote == '\0' && *at == '>')
            return at + 1;
        if (*at == quote)
            quote = '\0';
        else if (quote == '\0' && (*at == '"' || *at == '\''))
            quote = *at;
    }
    return at;
}

bool nl_html_next(const char *at, struct nl_html_tag *out) {
    for (at = strchr(at, '<'); at != NULL; at = strchr(at + 1, '<')) {
        *out = (struct nl_html_tag){.start = at};
        if (strncmp(at, "<!--", 4) == 0) {
            const char *end = strstr(at, "-->");
            out->end = end != NULL ? end + 3 : at + strlen(at);
            return true;
        }
        out->closes = at[1] == '/';
        const char *name = at + 1 + out->closes;
        size_t len = 0;
        while (isalpha((unsigned char)name[0]) && isalnum((unsigned char)name[len]))
            len++;
        if (len == 0)
            continue;
        for (size_t i = 0; i < len && i + 1 < sizeof out->name; i++)
            out->name[i] = (char)tolower((unsigned char)name[i]);
        out->attributes = name + len;
        out->end = end_of(name + len);
        return true;
    }
    return false;
}

bool nl_html_attribute(const struct nl_html_tag *tag, const char *name, struct nl_buf *out) {
    const char *at = tag->attributes;
    while (at != NULL && at < tag->end) {
        at += strspn(at, " \t\n/");
        size_t len = strcspn(at, " \t\n/=>");
        const char *key = at;
        if (len == 0)
            return false;
        at += len;
        at += strspn(at, " \t\n");
        const char *value = "";
        size_t size = 0;
        if (*at == '=') {
            at++;
            at += strspn(at, " \t\n");
            char quote = *at == '"' || *at == '\'' ? *at : '\0';
            value = quote != '\0' ? at + 1 : at;
            const char *end =
                quote != '\0' ? strchr(value, quote) : value + strcspn(value, " \t\n>");
            if (end == NULL || end > tag->end)
                end = tag->end;
            size = (size_t)(end - value);
            at = end + (quote != '\0' && *end == quote);
        }
        if (len == strlen(name) && strncasecmp(key, name, len) == 0) {
            nl_buf_add(out, value, size);
            return true;
        }
    }
    return false;
}

bool nl_css_property(const char *style, const char *name, struct nl_buf *out) {
    bool found = false;
    while (*style != '\0') {
        style += strspn(style, " \t\n;");
        size_t len = strcspn(style, ":; \t\n");
        const char *value = style + strcspn(style, ":;");
        const char *end = style + strcspn(style, ";");
        if (*value == ':' && len == strlen(name) && strncasecmp(style, name, len) == 0) {
            nl_buf_clear(out); /* the last one counts */
            for (value++; value < end && *value != '!'; value++)
                if (!isspace((unsigned char)*value))
                    nl_buf_addc(out, (char)tolower((unsigned char)*value));
            found = true;
        }
        style = end;
    }
    return found;
}

/* Reads "rgb(1,2,3)". */
static bool read_rgb(const char *text, unsigned *out) {
    unsigned colour = 0;
    if (strncmp(text, "rgb(", 4) != 0)
        return false;
    text += 4;
    for (int i = 0; i < 3; i++) {
        char *end = NULL;
        unsigned long part = strtoul(text, &end, 10);
        if (!isdigit((unsigned char)*text) || part > 255 || *end != (i < 2 ? ',' : ')'))
            return false;
        colour = colour << 8 | (unsigned)part;
        text = end + 1;
    }
    *out = colour;
    return true;
}

bool nl_css_colour(const char *text, unsigned *out) {
    static const struct {
        const char *name;
        unsigned colour;
    } names[] = {{"black", 0x000000},       {"white", 0xffffff},    {"red", 0xff0000},
                 {"green", 0x008000},       {"blue", 0x0000ff},     {"yellow", 0xffff00},
                 {"orange", 0xffa500},      {"purple", 0x800080},   {"gray", 0x808080},
                 {"grey", 0x808080},        {"silver", 0xc0c0c0},   {"lightgray", 0xd3d3d3},
                 {"lightgrey", 0xd3d3d3},   {"darkgray", 0xa9a9a9}, {"darkgrey", 0xa9a9a9},
                 {"navy", 0x000080},        {"teal", 0x008080},     {"maroon", 0x800000},
                 {"olive", 0x808000},       {"lime", 0x00ff00},     {"aqua", 0x00ffff},
                 {"cyan", 0x00ffff},        {"magenta", 0xff00ff},  {"fuchsia", 0xff00ff},
                 {"gold", 0xffd700},        {"pink", 0xffc0cb},     {"brown", 0xa52a2a},
                 {"darkred", 0x8b0000},     {"darkblue", 0x00008b}, {"darkgreen", 0x006400},
                 {"crimson", 0xdc143c},     {"tomato", 0xff6347},   {"lightblue", 0xadd8e6},
                 {"lightyellow", 0xffffe0}, {"beige", 0xf5f5dc},    {"ivory", 0xfffff0}};
    uint32_t colour = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i].name) == 0) {
            *out = names[i].colour;
            return true;
        }
    if (read_rgb(text, out))
        return true;
    bool known = text[0] == '#' && nl_colour_parse(text, &colour);
    *out = colour;
    return known;
}
