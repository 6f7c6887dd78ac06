/* Which transactional messages may go out. */
#ifndef NL_STORE_TRANSACTIONAL_ROW_H
#define NL_STORE_TRANSACTIONAL_ROW_H

#include "newsletter/store/transactional.h"

/* A condition: the address of the row m was not suppressed meanwhile. */
#define NL_MESSAGE_SENDABLE                                                                        \
    "NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = m.address_key)"

/* nl_transactional_erase within the caller's transaction. */
NL_CHECKED enum nl_status nl_transactional_erase_rows(struct nl_store *store,
                                                      const char *address_key, int64_t *count,
                                                      struct nl_error *err) NL_ALL_NONNULL;

/* Ends the turn of a message that must not go out any more. */
NL_CHECKED enum nl_status nl_transactional_skip(struct nl_store *store, int64_t id,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
