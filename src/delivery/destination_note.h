/* The number of connections that a destination takes is kept for the next run, as a relay's is. */
#ifndef NL_DELIVERY_DESTINATION_NOTE_H
#define NL_DELIVERY_DESTINATION_NOTE_H

#include "delivery/destination.h"
#include "newsletter/db/handle.h"

/* Begins with what the last run has found, if that was within a week. */
void nl_destination_recall(struct nl_destination *destination, struct nl_store *store,
                           int64_t now) NL_ALL_NONNULL;

/* Shares it with other processes: what this one has found out of late is stored, and what others
 * have found is taken over where that is less. */
void nl_destination_share(struct nl_destination *destination, struct nl_store *store,
                          int64_t now) NL_ALL_NONNULL;

/* Keeps it, where something was found that is worth it. */
void nl_destination_keep(const struct nl_destination *destination,
                         struct nl_store *store) NL_ALL_NONNULL;

#endif
