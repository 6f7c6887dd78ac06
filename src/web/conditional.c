#include "web/conditional.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Names of days and months in the way of HTTP, whatever the locale. */
static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void nl_http_date(int64_t at, char out[NL_HTTP_DATE]) {
    time_t seconds = (time_t)at;
    struct tm tm = {0};
    struct nl_buf text = {0};
    gmtime_r(&seconds, &tm);
    nl_buf_addf(&text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + (ptrdiff_t)3 * tm.tm_wday,
                tm.tm_mday, months + (ptrdiff_t)3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
                tm.tm_min, tm.tm_sec);
    strncpy(out, nl_buf_text(&text), NL_HTTP_DATE - 1);
    out[NL_HTTP_DATE - 1] = '\0';
    nl_buf_free(&text);
}

/* Whether a list of entity tags holds ours, or that of its compressed form; weak and strong ones
 * are alike here (section 8.8.3.2). */
static bool lists_tag(const char *list, const char *tag) {
    static const char packed[] = "-gzip\"";
    size_t len = strlen(tag) - 1; /* without the quotation mark at its end */
    if (strcmp(list, "*") == 0)
        return true;
    for (const char *at = list; *at != '\0'; at++) {
        if (strncmp(at, tag, len) != 0)
            continue;
        const char *end = at + len;
        end += *end == '"'                                    ? 1
               : strncmp(end, packed, sizeof packed - 1) == 0 ? sizeof packed - 1
                                                              : 0;
        if (end > at + len && (*end == '\0' || strchr(", \t", *end) != NULL))
            return true;
    }
    return false;
}

/* Only what we have sent ourselves can be right, so the texts are compared. */
static bool is_unchanged_since(const char *date, int64_t modified) {
    char own[NL_HTTP_DATE];
    nl_http_date(modified, own);
    return modified != 0 && strcmp(date, own) == 0;
}

bool nl_conditions_have(const struct nl_conditions *conditions,
                        const struct nl_response *response) {
    const char *tags = conditions->none_match;
    const char *since = conditions->modified_since;
    if (response->etag[0] == '\0' || response->status != 200)
        return false;
    if (tags != NULL)
        return lists_tag(tags, response->etag);
    return since != NULL && is_unchanged_since(since, response->modified);
}

static bool is_this_version(const char *range, const struct nl_response *response) {
    return range == NULL || strcmp(range, response->etag) == 0 ||
           is_unchanged_since(range, response->modified);
}

/* A number of at most 18 digits, and the text after it. */
static bool take_number(const char **text, size_t *out) {
    size_t digits = strspn(*text, "0123456789");
    if (digits == 0 || digits > 18)
        return false;
    *out = strtoull(*text, NULL, 10);
    *text += digits;
    return true;
}

bool nl_conditions_part(const struct nl_conditions *conditions, const struct nl_response *response,
                        size_t *first, size_t *len) {
    static const char unit[] = "bytes=";
    const char *range = conditions->range;
    size_t size = response->body.len;
    size_t last = size;
    *first = *len = 0;
    if (range == NULL || strncasecmp(range, unit, sizeof unit - 1) != 0 ||
        !is_this_version(conditions->if_range, response))
        return false;
    range += sizeof unit - 1;
    bool from = take_number(&range, first);
    if (*range++ != '-')
        return false;
    bool to = take_number(&range, &last);
    if (*range != '\0' || (!from && !to) || (from && to && last < *first))
        return false;
    if (!from) { /* the last so many bytes */
        *first = last < size ? size - last : 0;
        last = last > 0 ? size : *first;
    } else {
        last = to && last < size ? last + 1 : size;
    }
    *len = last > *first && *first < size ? (last < size ? last : size) - *first : 0;
    return true;
}
