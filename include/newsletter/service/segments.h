/* Segments: expressions that select subscribers, and those that are kept under a name. */
#ifndef NEWSLETTER_SERVICE_SEGMENTS_H
#define NEWSLETTER_SERVICE_SEGMENTS_H

#include "newsletter/base/segment.h"
#include "newsletter/service/office.h"

/* The segment of a saved name and of an expression together; *out is NULL with neither. *text, if
 * not NULL, gets its expression. The caller frees both. NL_NOTFOUND for a name, NL_DATA for an
 * invalid expression or an attribute that nobody has. */
NL_CHECKED enum nl_status nl_office_segment(const struct nl_office *office, const char *where,
                                            const char *name, struct nl_segment **out, char **text,
                                            struct nl_error *err) NL_NONNULL(1, 4, 6);

/* Keeps an expression under a name, in place of an earlier one. NL_DATA. */
NL_CHECKED enum nl_status nl_office_segment_put(const struct nl_office *office, const char *name,
                                                const char *expression,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_segment_remove(const struct nl_office *office, const char *name,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* The expression of a saved segment, or all of them: objects with name and expression. The caller
 * frees *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_segment_read(const struct nl_office *office, const char *name,
                                                 json_t **out, struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_office_segments(const struct nl_office *office, json_t **out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* A question for the people in a segment. */
struct nl_segment_query {
    const char *name, *where; /* as nl_office_segment */
    const char *list;         /* NULL: of all lists */
    int64_t sample;           /* how many addresses are wanted */
};
struct nl_segment_people {
    int64_t count;  /* active subscriptions */
    json_t *sample; /* addresses; the caller frees it */
};
NL_CHECKED enum nl_status nl_office_segment_people(const struct nl_office *office,
                                                   const struct nl_segment_query *query,
                                                   struct nl_segment_people *out,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* Makes the indexes that the saved segments want in a database that was filled from another one. */
NL_CHECKED enum nl_status nl_segments_index(const char *database,
                                            struct nl_error *err) NL_ALL_NONNULL;

#endif
