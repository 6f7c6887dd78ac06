#include "inbound/status.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* How many of the first `most` characters are digits; 0 when more follow. */
static size_t digits(const char *text, size_t len, size_t most) {
    size_t count = 0;
    while (count < len && isdigit((unsigned char)text[count]))
        count++;
    return count <= most ? count : 0;
}

/* The length of "5.1.1" at the start, 0 if something else stands there. */
static size_t status_length(const char *text, size_t len) {
    if (len < 5 || strchr("245", text[0]) == NULL || text[1] != '.')
        return 0;
    size_t subject = digits(text + 2, len - 2, 3);
    size_t at = 2 + subject;
    if (subject == 0 || at >= len || text[at] != '.')
        return 0;
    size_t detail = digits(text + at + 1, len - at - 1, 3);
    at += 1 + detail;
    bool version = at + 1 < len && text[at] == '.' && isdigit((unsigned char)text[at + 1]);
    bool word = at < len && (isalpha((unsigned char)text[at]) || text[at] == '_');
    return detail == 0 || version || word ? 0 : at;
}

bool nl_status_next(const char *text, size_t len, size_t *at, char out[NL_STATUS_LEN]) {
    for (; *at < len; ++*at) {
        if (!isdigit((unsigned char)text[*at]))
            continue;
        char before = *at > 0 ? text[*at - 1] : ' ';
        size_t found = isalnum((unsigned char)before) || before == '.'
                           ? 0
                           : status_length(text + *at, len - *at);
        if (found == 0)
            continue;
        snprintf(out, NL_STATUS_LEN, "%.*s", (int)found, text + *at);
        *at += found;
        return true;
    }
    return false;
}

bool nl_status_is_vague(const char *status) {
    size_t len = strlen(status);
    return len < 2 || strcmp(status + len - 2, ".0") == 0;
}

void nl_status_find(const char *text, size_t len, char out[NL_STATUS_LEN]) {
    char found[NL_STATUS_LEN];
    size_t at = 0;
    out[0] = '\0';
    while (nl_status_next(text, len, &at, found)) {
        bool class_known = out[0] != '\0' && found[0] != out[0];
        if (out[0] == '\0' ||
            (nl_status_is_vague(out) && !nl_status_is_vague(found) && !class_known))
            memcpy(out, found, NL_STATUS_LEN);
    }
}

int nl_status_reply(const char *text, size_t len) {
    for (size_t i = 0; i + 3 <= len; i++) {
        bool starts = i == 0 || isspace((unsigned char)text[i - 1]) || text[i - 1] == ';' ||
                      text[i - 1] == ':';
        if (!starts || (text[i] != '4' && text[i] != '5') || text[i + 1] < '0' ||
            text[i + 1] > '7' || !isdigit((unsigned char)text[i + 2]))
            continue;
        if (i + 3 == len || strchr(" -#\t\n", text[i + 3]) != NULL)
            return (text[i] - '0') * 100 + (text[i + 1] - '0') * 10 + (text[i + 2] - '0');
    }
    return 0;
}
