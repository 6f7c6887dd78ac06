/* Conditional requests and parts of a body (RFC 9110, sections 13 and 14). */
#ifndef NL_WEB_CONDITIONAL_H
#define NL_WEB_CONDITIONAL_H

#include "web/http.h"

enum { NL_HTTP_DATE = 32 };

/* Writes "Thu, 26 Nov 2026 08:00:00 GMT". */
void nl_http_date(int64_t at, char out[NL_HTTP_DATE]);

/* Header fields of a request; NULL for those that it has not. */
struct nl_conditions {
    const char *none_match, *modified_since, *range, *if_range;
};

/* Whether the visitor has what the answer would bring: section 13.2.2, for GET and HEAD. */
bool nl_conditions_have(const struct nl_conditions *conditions, const struct nl_response *response);

/* Whether one part of the body is asked for: "Range: bytes=FIRST-LAST" and the like. Several parts,
 * or another version (If-Range), mean all of it, as section 14.2 allows. *len is 0 where the body
 * has no such part: 416. */
bool nl_conditions_part(const struct nl_conditions *conditions, const struct nl_response *response,
                        size_t *first, size_t *len);

#endif
