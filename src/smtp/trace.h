/* The trace of SMTP sessions: one line for each state change, reply and event of a connection.
 * Never a password or any part of an AUTH exchange. */
#ifndef NL_SMTP_TRACE_H
#define NL_SMTP_TRACE_H

#include "smtp/connection.h"

/* Traces one line about a connection. Does nothing when there is no trace. */
void nl_trace(const struct nl_transport *transport, const struct connection *connection,
              const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Traces what libcurl reports while it connects. `connection->stage` is the stage of this piece. */
void nl_trace_dialogue(const struct nl_transport *transport, const struct connection *connection,
                       curl_infotype type, const char *data, size_t len);

/* Lets the trace observe a connection's session. */
void nl_trace_session(struct connection *connection);

#endif
