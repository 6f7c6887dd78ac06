/* The person whom a request is about. */
#ifndef NL_SERVICE_WHO_H
#define NL_SERVICE_WHO_H

#include "newsletter/service/subscribers.h"

/* The number of a subscriber. NL_NOTFOUND, NL_DATA for an invalid address. */
NL_CHECKED enum nl_status nl_who_find(const struct nl_office *office, const struct nl_who *who,
                                      int64_t *id, struct nl_error *err) NL_ALL_NONNULL;

#endif
