/* How long a connection may take. A server that reads or writes a few bytes now and then would hold
 * up its message for ever, if each of them began the time again. */
#include "smtp/connection.h"

enum { SLOWEST = 500 }; /* bytes that a server has to read in a second */

int64_t nl_deadline_after(int64_t deadline, int64_t latest, size_t written) {
    int64_t later = deadline + (int64_t)written * 1000 / SLOWEST;
    return later < latest ? later : latest;
}

static int64_t latest(const struct nl_transport *transport) {
    return nl_relay_clock() + nl_relay_timeout(transport->health.relay) * 1000;
}

void nl_connection_expect(struct nl_transport *transport, struct connection *connection) {
    connection->deadline = latest(transport);
}

void nl_connection_wrote(struct nl_transport *transport, struct connection *connection,
                         size_t written) {
    nl_session_wrote(&connection->session, written);
    connection->deadline = nl_deadline_after(connection->deadline, latest(transport), written);
}

bool nl_connection_has_waited(const struct nl_transport *transport,
                              const struct connection *connection) {
    return latest(transport) > connection->deadline;
}
