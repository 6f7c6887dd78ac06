#include "newsletter/base/language.h"

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

enum nl_language_match nl_language_match(const char *want, const char *have) {
    if (want == NULL || have == NULL)
        return NL_LANGUAGE_OTHER;
    size_t len = primary_length(want);
    if (strcasecmp(want, have) == 0)
        return NL_LANGUAGE_SAME;
    if (len != primary_length(have) || strncasecmp(want, have, len) != 0)
        return NL_LANGUAGE_OTHER;
    return have[len] == '\0' ? NL_LANGUAGE_PRIMARY : NL_LANGUAGE_VARIETY;
}

void nl_language_primary(const char *tag, char out[NL_LANGUAGE_TAG]) {
    size_t len = primary_length(tag);
    if (len > NL_LANGUAGE_TAG - 1)
        len = NL_LANGUAGE_TAG - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)(tag[i] >= 'A' && tag[i] <= 'Z' ? tag[i] - 'A' + 'a' : tag[i]);
    out[len] = '\0';
}

bool nl_language_is_rtl(const char *tag) {
    static const char *const tags[] = {"ar", "fa", "he", "ps", "sd", "ug", "ur", "yi"};
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (nl_language_match(tag, tags[i]) != NL_LANGUAGE_OTHER)
            return true;
    return false;
}

const char *nl_language_comma(const char *tag) {
    static const char *const arabic[] = {"ar", "fa", "ps", "sd", "ug", "ur"};
    for (size_t i = 0; i < sizeof arabic / sizeof arabic[0]; i++)
        if (nl_language_match(tag, arabic[i]) != NL_LANGUAGE_OTHER)
            return "، ";
    return nl_language_match(tag, "zh") != NL_LANGUAGE_OTHER ? "，" : ", ";
}

/* A weight as RFC 9110 section 12.4.2 writes it, in thousandths; 0 for anything else. */
static int weight(const char *text) {
    int value = 0;
    int places = 0;
    if ((text[0] != '0' && text[0] != '1') || (text[1] != '.' && strchr(", \t;", text[1]) == NULL))
        return 0;
    value = (text[0] - '0') * 1000;
    for (const char *p = text + 2; text[1] == '.' && places < 3 && *p >= '0' && *p <= '9'; p++) {
        static const int units[] = {100, 10, 1};
        value += (*p - '0') * units[places++];
    }
    return value <= 1000 ? value : 0;
}

void nl_language_preferred(const char *header, char out[NL_LANGUAGE_TAG]) {
    int best = 0;
    out[0] = '\0';
    while (header != NULL && *header != '\0') {
        size_t len = strcspn(header, ",");
        const char *tag = header + strspn(header, " \t");
        size_t tag_len = strcspn(tag, " \t,;");
        const char *q = memmem(header, len, "q=", 2);
        int quality = q != NULL ? weight(q + 2) : 1000;
        char text[NL_LANGUAGE_TAG] = "";
        if (tag_len < sizeof text)
            memcpy(text, tag, tag_len);
        if (quality > best && nl_language_is_tag(text)) {
            best = quality;
            memcpy(out, text, sizeof text);
        }
        header += len + (header[len] == ',');
    }
}
