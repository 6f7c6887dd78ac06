#include "newsletter/language.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { TAG_LIMIT = 35 };

static size_t primary_length(const char *tag) {
    return strcspn(tag, "-");
}

bool nl_language_is_tag(const char *text) {
    size_t len = strlen(text);
    size_t primary = primary_length(text);
    if (len > TAG_LIMIT || primary < 2 || primary > 3 || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x80 || !(isalpha(c) || (i >= primary && (isdigit(c) || c == '-'))))
            return false;
    }
    return true;
}

int nl_language_match(const char *want, const char *have) {
    if (want == NULL || have == NULL)
        return 0;
    size_t len = primary_length(want);
    if (strcasecmp(want, have) == 0)
        return 3;
    if (len != primary_length(have) || strncasecmp(want, have, len) != 0)
        return 0;
    return have[len] == '\0' ? 2 : 1;
}

bool nl_language_is_rtl(const char *tag) {
    static const char *const tags[] = {"ar", "fa", "he", "ps", "sd", "ug", "ur", "yi"};
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (nl_language_match(tag, tags[i]) > 0)
            return true;
    return false;
}
