#include "db/postgres/postgres.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Past a string or a quoted name; a doubled quote in it is the end of one and the start of another.
 */
static const char *behind_quotes(const char *p) {
    const char *end = strchr(p + 1, *p);
    return end != NULL ? end + 1 : p + strlen(p);
}

/* Opens the comment at `p` if it begins with a plus sign; any other comment stays one. */
static const char *add_hint(const char *p, const char *part, struct nl_buf *out) {
    const char *end = strstr(p, "*/");
    if (end == NULL || p[2] != '+') {
        nl_buf_add(out, p, 1);
        return p + 1;
    }
    if (strncmp(p, NL_OF_ISSUE, sizeof NL_OF_ISSUE - 1) == 0)
        nl_buf_adds(out, part);
    else
        nl_buf_add(out, p + 3, (size_t)(end - p - 3));
    return end + 2;
}

void nl_postgres_translate(const char *sql, const char *part, bool insert, struct nl_buf *out) {
    long last = 0; /* "?" is the next after the highest so far */
    for (const char *p = sql; *p != '\0';) {
        size_t len = strcspn(p, "?'\"/");
        nl_buf_add(out, p, len);
        p += len;
        if (*p == '/') {
            p = add_hint(p, part, out);
        } else if (*p == '\'' || *p == '"') {
            const char *end = behind_quotes(p);
            nl_buf_add(out, p, (size_t)(end - p));
            p = end;
        } else if (*p == '?') {
            char *end = NULL;
            long number = isdigit((unsigned char)p[1]) ? strtol(p + 1, &end, 10) : last + 1;
            nl_buf_addf(out, "$%ld", number);
            last = number > last ? number : last;
            p = end != NULL ? end : p + 1;
        }
    }
    if (insert)
        nl_buf_adds(out, " RETURNING id");
}
