/* Which relays do not keep what they offer: remembered for all processes and for a week. */
#ifndef NEWSLETTER_STORE_RELAY_NOTE_H
#define NEWSLETTER_STORE_RELAY_NOTE_H

#include "newsletter/db/handle.h"

/* Notes that a relay ("host:port") has offered CHUNKING and PIPELINING in vain. */
NL_CHECKED enum nl_status nl_relay_note_broken(struct nl_store *store, const char *relay,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Whether that was noted within the last week. Servers get better, so it is tried again then. */
NL_CHECKED enum nl_status nl_relay_note_read(struct nl_store *store, const char *relay,
                                             bool *broken, struct nl_error *err) NL_ALL_NONNULL;

#endif
