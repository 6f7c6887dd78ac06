#include "bulletin/front_blocks.h"

#include <string.h>

static size_t line_length(const char *at) {
    const char *end = strchr(at, '\n');
    return end != NULL ? (size_t)(end - at) + 1 : strlen(at);
}

static bool is_marker(const char *at) {
    if (strncmp(at, "---", 3) != 0)
        return false;
    at += 3 + strspn(at + 3, " \t");
    return at[0] == '\n' || at[0] == '\0' || (at[0] == '\r' && at[1] == '\n');
}

struct nl_front_place nl_front_find(const char *source) {
    struct nl_front_place place = {source, source, source};
    if (!is_marker(source))
        return place;
    place.front = place.end = source + line_length(source);
    while (*place.end != '\0' && !is_marker(place.end))
        place.end += line_length(place.end);
    place.body = place.end + line_length(place.end);
    return place;
}

/* Whether a line begins a key: the lines of its value are indented, or items of a list. */
static bool begins_block(const char *line) {
    return strchr(" \t\r\n-", line[0]) == NULL;
}

size_t nl_front_block(const char *at, const char *end) {
    const char *next = at + line_length(at);
    while (at[0] != '#' && next < end && !begins_block(next))
        next += line_length(next);
    return (size_t)(next - at);
}

size_t nl_front_count(const char *text, size_t len, char c) {
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += text[i] == c;
    return count;
}

bool nl_front_is_contact(const char *path) {
    return strncmp(path, "contact.", 8) == 0;
}
