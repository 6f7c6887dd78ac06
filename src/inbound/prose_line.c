/* The lines of a bounce in prose: where they stand, and of which sort they are. */
#include "inbound/prose.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

size_t nl_prose_start(const struct prose *prose, size_t line) {
    return line < prose->count ? (size_t)(prose->lines[line].data - prose->text) : prose->len;
}

size_t nl_prose_end(const struct prose *prose, size_t line) {
    return line < prose->count ? nl_prose_start(prose, line) + prose->lines[line].len : prose->len;
}

bool nl_prose_has_address(const struct prose *prose, size_t line) {
    return prose->lines[line].len > 0 &&
           memchr(prose->lines[line].data, '@', prose->lines[line].len) != NULL;
}

bool nl_prose_is(const struct prose *prose, size_t line, enum nl_sort sort) {
    return nl_scan_is(prose->scan, line, sort);
}

bool nl_prose_begins(struct nl_span line, const char *word) {
    size_t start = 0;
    while (start < line.len && (line.data[start] == ' ' || line.data[start] == '\t'))
        start++;
    size_t len = strlen(word);
    return line.len - start >= len && strncasecmp(line.data + start, word, len) == 0;
}

bool nl_prose_ends(const struct prose *prose, size_t line) {
    static const char *const fields[] = {
        "received:", "return-path:",  "x-mailer:",     "message-id:",
        "subject:",  "mime-version:", "content-type:", "dkim-signature:"};
    if (nl_prose_is(prose, line, NL_SORT_END))
        return true;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (nl_prose_begins(prose->lines[line], fields[i]))
            return true;
    return false;
}
