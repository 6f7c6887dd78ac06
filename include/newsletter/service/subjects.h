/* Issues with two subjects: how they do on the sample, and which one the others get. */
#ifndef NEWSLETTER_SERVICE_SUBJECTS_H
#define NEWSLETTER_SERVICE_SUBJECTS_H

#include "newsletter/service/office.h"

/* The results: rule, decide_at (Unix seconds; 0: not begun), winner (1, 2, or 0 for none yet),
 * leading, waiting, subjects (objects: subject, people, sent, left, replied). The caller frees
 * *out. NL_NOTFOUND for an issue with one subject. */
NL_CHECKED enum nl_status nl_office_subjects_read(const struct nl_office *office, int64_t issue,
                                                  json_t **out,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* Decides for a subject, 1 or 2, before the time for it has come; those who wait are queued.
 * NL_DATA for another number, NL_NOTFOUND as above, NL_EXISTS where it is decided or has not begun
 * to go out. */
NL_CHECKED enum nl_status nl_office_subject_decide(const struct nl_office *office, int64_t issue,
                                                   int64_t choice,
                                                   struct nl_error *err) NL_ALL_NONNULL;

#endif
