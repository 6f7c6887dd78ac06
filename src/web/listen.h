/* The socket to listen on. */
#ifndef NL_WEB_LISTEN_H
#define NL_WEB_LISTEN_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

/* Opens a listening socket at "address:port" (or takes systemd's), and writes where it is to
 * `where`. The caller closes *out. */
enum nl_status nl_listen(const char *listen, int *out, struct nl_buf *where, struct nl_error *err);

#endif
