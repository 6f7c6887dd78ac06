#include "newsletter/base/timestamp.h"

#include "newsletter/base/text.h"

#include <string.h>
#include <time.h>

void nl_timestamp_text(int64_t at, char out[NL_TIMESTAMP_LEN]) {
    struct tm tm = {0};
    time_t time = (time_t)at;
    out[0] = '\0';
    if (at != 0 && gmtime_r(&time, &tm) != NULL &&
        strftime(out, NL_TIMESTAMP_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        out[0] = '\0';
}

/* "Z", "+05", "+05:00", "-0330" or nothing, to seconds. */
static bool parse_offset(const char *text, int64_t *offset) {
    int digits[4] = {0};
    int count = 0;
    *offset = 0;
    if (text[0] == '\0' || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
        return true;
    if (text[0] != '+' && text[0] != '-')
        return false;
    for (const char *p = text + 1; *p != '\0'; p++) {
        if (*p == ':' && count == 2)
            continue;
        if (*p < '0' || *p > '9' || count == 4)
            return false;
        digits[count++] = *p - '0';
    }
    int64_t hours = digits[0] * 10 + digits[1];
    int64_t minutes = digits[2] * 10 + digits[3];
    *offset = (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return (count == 2 || count == 4) && hours < 24 && minutes < 60;
}

bool nl_timestamp_parse(const char *text, int64_t *at) {
    struct tm tm = {0};
    int64_t offset = 0;
    if (nl_text_integer(text, at))
        return *at >= 0;
    const char *rest = strptime(text, "%Y-%m-%d", &tm);
    if (rest == NULL)
        return false;
    if (*rest == 'T' || *rest == 't' || *rest == ' ')
        rest = strptime(rest + 1, "%H:%M:%S", &tm);
    else if (*rest != '\0')
        return false;
    if (rest == NULL)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    rest += strspn(rest, " ");
    if (!parse_offset(rest, &offset))
        return false;
    *at = (int64_t)timegm(&tm) - offset;
    return *at >= 0;
}
