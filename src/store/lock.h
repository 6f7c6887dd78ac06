/* Locks between processes; the operating system drops them with the process that holds them. */
#ifndef NL_STORE_LOCK_H
#define NL_STORE_LOCK_H

#include "newsletter/store.h"

/* Closes the lock file and with it every lock of this store. */
void nl_store_unlock_all(struct nl_store *store);

#endif
