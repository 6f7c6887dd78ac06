/* How many files and connections a process may have open (RLIMIT_NOFILE). */
#ifndef NEWSLETTER_BASE_OPEN_FILES_H
#define NEWSLETTER_BASE_OPEN_FILES_H

#include "newsletter/base/attribute.h"

#include <stddef.h>

/* Raises the limit to the 4,096 that the units of systemd set, as far as this machine allows it. */
void nl_open_files_raise(void);

/* How many of `wanted` connections to have open at most, at least one. A web server and a sender in
 * one process have half of the limit each: connections from outside never take the place of the
 * database's files, nor of connections to relays. */
size_t nl_open_files_connections(size_t wanted);

/* Says so in the log, where there is not room for all of them. */
void nl_open_files_tell(size_t room, size_t wanted);

#endif
