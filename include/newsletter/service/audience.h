/* Whom an issue is for: a part of its list, by segment, expression and language. */
#ifndef NEWSLETTER_SERVICE_AUDIENCE_H
#define NEWSLETTER_SERVICE_AUDIENCE_H

#include "newsletter/base/segment.h"
#include "newsletter/service/office.h"
#include "newsletter/store/list.h"

/* All conditions hold at once. NULL and "" stand for everybody. */
struct nl_audience {
    const char *segment;  /* the name of a saved one */
    const char *where;    /* an expression */
    const char *language; /* its readers, as of the field `language`: "ru" is also ru-KZ */
};

/* Reads it as one segment, and *text as its expression; both are NULL for everybody. The caller
 * frees them. NL_NOTFOUND for a name; NL_DATA for an invalid expression or language. */
NL_CHECKED enum nl_status nl_office_audience(const struct nl_office *office,
                                             const struct nl_audience *audience,
                                             struct nl_segment **out, char **text,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* How many people of a list, or of a segment of it (NULL: none), have told each language, "" for
 * none: [{language, people}]. The caller frees *out. */
NL_CHECKED enum nl_status nl_office_audience_count(const struct nl_office *office,
                                                   const struct nl_list *list,
                                                   const struct nl_segment *segment, json_t **out,
                                                   struct nl_error *err) NL_NONNULL(1, 2, 4, 5);

/* The same by the languages that people read, the most first: varieties count together, and people
 * who have told none read the list's. The caller frees it. */
json_t *nl_audience_languages_read(const struct nl_list *list, const json_t *count) NL_ALL_NONNULL;

#endif
