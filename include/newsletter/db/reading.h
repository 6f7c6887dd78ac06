/* Several statements that only read, as one. */
#ifndef NEWSLETTER_DB_READING_H
#define NEWSLETTER_DB_READING_H

#include "newsletter/db/handle.h"

/* Until the end, or the next transaction, statements read one state of the database, and a file is
 * locked once for all of them. Nothing may be written between the two outside a transaction. Does
 * nothing within a transaction, or where a server keeps the data. */
void nl_store_read_together(struct nl_store *store) NL_ALL_NONNULL;
void nl_store_read_apart(struct nl_store *store) NL_ALL_NONNULL;

#endif
