#include "newsletter/base/prefix.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* A shorter prefix is not worth the comparison. */
enum { LEAST_PREFIX = 1024 };

static size_t common_lines(const char *a, size_t a_len, const char *b, size_t b_len) {
    size_t len = 0;
    while (len < a_len && len < b_len && a[len] == b[len])
        len++;
    while (len > 0 && a[len - 1] != '\n')
        len--;
    return len;
}

enum nl_prefix_use nl_prefix_find(struct nl_prefix *prefix, const char *text, size_t len) {
    if (prefix->useless)
        return NL_PREFIX_NONE;
    if (prefix->text == NULL) {
        prefix->text = nl_malloc(len + 1);
        memcpy(prefix->text, text, len);
        prefix->len = len;
        return NL_PREFIX_NONE;
    }
    if (prefix->known && len >= prefix->len && memcmp(text, prefix->text, prefix->len) == 0)
        return NL_PREFIX_SAME;
    prefix->len = common_lines(prefix->text, prefix->len, text, len);
    prefix->known = true;
    prefix->useless = prefix->len < LEAST_PREFIX;
    return prefix->useless ? NL_PREFIX_NONE : NL_PREFIX_NEW;
}

void nl_prefix_free(struct nl_prefix *prefix) {
    free(prefix->text);
    *prefix = (struct nl_prefix){0};
}
