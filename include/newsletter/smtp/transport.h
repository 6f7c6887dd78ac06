/* Many SMTP sessions at once. libcurl connects, secures and authenticates each one. Then bytes move
 * between its connection and a session machine. */
#ifndef NEWSLETTER_SMTP_TRANSPORT_H
#define NEWSLETTER_SMTP_TRANSPORT_H

#include "newsletter/base/attribute.h"
#include "newsletter/smtp/relay.h"
#include "newsletter/smtp/session.h"

struct nl_transport;

enum nl_transport_kind {
    NL_TRANSPORT_WANTS_DOT, /* record the commit point, then nl_transport_release or _withdraw */
    NL_TRANSPORT_REPLIED,   /* the message has ended: stage and reply */
    NL_TRANSPORT_LOST,      /* the connection broke with a message on it: stage and text */
    NL_TRANSPORT_REFUSED,   /* no connection could be opened: stage and text */
};

/* Where a connection leads, and what protects it. */
struct nl_transport_leg {
    char address[48];   /* "" where it is not known */
    char own[48];       /* of ours; "" where it is not known */
    char tls[16];       /* the version of TLS, such as "TLSv1.3"; "" without */
    char cipher[48];    /* "" without TLS */
    const char *policy; /* what held: "DANE" (RFC 7672), "MTA-STS" (RFC 8461) or "" */
};

struct nl_transport_event {
    enum nl_transport_kind kind;
    size_t connection;
    size_t message;                     /* the caller's number; not with REFUSED */
    size_t server;                      /* which one of the relay */
    enum nl_stage stage;                /* of the command or phase */
    const struct nl_reply *reply;       /* REPLIED; owned by the connection */
    const char *text;                   /* LOST, REFUSED; owned by the connection */
    bool dot_sent;                      /* LOST: the server may have accepted the message */
    bool reused;                        /* REPLIED, LOST: it carried other messages before */
    bool permanent;                     /* REFUSED: trying again would not help, with any server */
    const struct nl_transport_leg *leg; /* REPLIED, LOST; owned by the connection */
    int code;                           /* REFUSED: the last reply; 0 before one */
    const char *tls_failure;        /* REFUSED, of a mail host: a type of RFC 8460; "" for none */
    const char *said;               /* REFUSED, of a mail host: its text; "" for none */
    const struct nl_source *source; /* where it came from; NULL: the kernel has chosen */
    bool misled;    /* LOST, REPLIED: an extension did not work that will not be used again */
    bool not_begun; /* LOST: its turn had not come, or the server never answered its envelope, which
                       came early */
    bool has_next;  /* REPLIED: it is the turn of another message on the connection */
    size_t next;    /* that one */
};

/* Makes room for `connections` connections; none is opened yet. */
NL_CHECKED enum nl_status nl_transport_new(const struct nl_relay *relay, size_t connections,
                                           struct nl_transport **out,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Limits what is opened from now on to `connections`, and the messages on each to `window`.
 * Connections beyond `keep` are closed once no message is on them. */
void nl_transport_limit(struct nl_transport *transport, size_t connections, size_t keep,
                        size_t window) NL_ALL_NONNULL;

/* How many connections are open; whether messages go out in one piece each on any; the shortest
 * time to a server and back, in microseconds, as the kernel has measured it (0: not known). */
size_t nl_transport_open(const struct nl_transport *transport) NL_ALL_NONNULL;
bool nl_transport_flies(const struct nl_transport *transport) NL_ALL_NONNULL;
int64_t nl_transport_round_trip(const struct nl_transport *transport) NL_ALL_NONNULL;

/* Begins to open one more connection, to the next server by weight. Servers that have failed
 * several times in a row are avoided for a while. False when all connections are in use or there is
 * no memory. */
bool nl_transport_connect(struct nl_transport *transport) NL_ALL_NONNULL;

/* The same, to a given server, from one of our addresses: IPv4 is tried after IPv6. `from` may be
 * NULL: the kernel chooses. False, too, when the server has no address of their families. */
bool nl_transport_connect_to(struct nl_transport *transport, size_t server,
                             const struct nl_transport_from *from) NL_NONNULL(1);

/* Closes connections to the servers from `first` to `last` that come from one of our addresses, as
 * soon as no message is on them. */
void nl_transport_retire_from(struct nl_transport *transport, size_t first, size_t last,
                              const struct nl_source *source) NL_ALL_NONNULL;

/* Closes connections to the servers from `first` to `last` but `most` of them, once no message is
 * on them. */
void nl_transport_keep(struct nl_transport *transport, size_t first, size_t last,
                       size_t most) NL_ALL_NONNULL;

/* Where a connection comes from; NULL: the kernel has chosen. */
const struct nl_source *nl_transport_source(const struct nl_transport *transport,
                                            size_t connection) NL_ALL_NONNULL;

/* The number of connections to the servers from `first` to `last`, open or being opened. */
size_t nl_transport_leading_to(const struct nl_transport *transport, size_t first,
                               size_t last) NL_ALL_NONNULL;

/* How many of them take further messages, or may when they are open. */
size_t nl_transport_serving(const struct nl_transport *transport, size_t first,
                            size_t last) NL_ALL_NONNULL;

/* Closes up to `most` connections to recipients' mail hosts that have carried no message for that
 * many milliseconds. */
size_t nl_transport_close_idle(struct nl_transport *transport, int64_t milliseconds,
                               size_t most) NL_ALL_NONNULL;

/* The number of connections being opened. */
size_t nl_transport_connecting(const struct nl_transport *transport) NL_ALL_NONNULL;

/* Tells which of the relay's servers may take an address that needs SMTPUTF8 (RFC 6531): none, one
 * that is avoided for now, or *server, which offers it or was not asked yet. One with a connection
 * comes first. */
enum nl_smtputf8 { NL_SMTPUTF8_NOWHERE, NL_SMTPUTF8_AWAY, NL_SMTPUTF8_MAYBE };
enum nl_smtputf8 nl_transport_find_smtputf8(const struct nl_transport *transport,
                                            size_t *server) NL_ALL_NONNULL;

/* Notes that a connection does not offer it: its server counts as one without. */
void nl_transport_note_no_smtputf8(struct nl_transport *transport,
                                   size_t connection) NL_ALL_NONNULL;

/* Sees to it that a connection leads to a server. Where there are as many as there may be, one to
 * another server is closed first. */
void nl_transport_lead_to(struct nl_transport *transport, size_t server) NL_ALL_NONNULL;

/* A connection ready for a message; false if there is none. Those with the fewest messages come
 * first: where messages go out in one piece each, a connection carries as many as smtp.window
 * allows. */
bool nl_transport_idle(const struct nl_transport *transport, size_t *connection) NL_ALL_NONNULL;

/* The same, to one of the servers from `first` to `last`. */
bool nl_transport_idle_to(const struct nl_transport *transport, size_t first, size_t last,
                          size_t *connection) NL_ALL_NONNULL;

/* A connection on which the envelope of one more message may go out with the final dot of the one
 * that is under way (see nl_session_follow); false if there is none. nl_transport_start queues it:
 * its turn comes with the other one's outcome. */
bool nl_transport_follow(const struct nl_transport *transport, size_t *connection) NL_ALL_NONNULL;

/* Which server of the relay a connection leads to, and the extensions that it offers. */
size_t nl_transport_server(const struct nl_transport *transport, size_t connection) NL_ALL_NONNULL;
const struct nl_extensions *nl_transport_extensions(const struct nl_transport *transport,
                                                    size_t connection) NL_ALL_NONNULL;

/* The protection of a connection. */
const struct nl_transport_leg *nl_transport_leg(const struct nl_transport *transport,
                                                size_t connection) NL_ALL_NONNULL;

/* Appends it in words: "TLSv1.3, DANE", or "no TLS". */
void nl_transport_add_leg(const struct nl_transport_leg *leg, struct nl_buf *out) NL_ALL_NONNULL;

/* Begins a message, under a number of the caller's that no other message under way has. Where the
 * server offers CHUNKING and PIPELINING, nothing is sent yet and true is returned: record the
 * commit point, then nl_transport_release or _withdraw. Else the envelope is sent (see
 * nl_session_start), and NL_TRANSPORT_WANTS_DOT follows when it was accepted; or it is queued,
 * after nl_transport_follow. `text` must stay until the message has ended. */
bool nl_transport_start(struct nl_transport *transport, size_t connection, size_t message,
                        const char *sender, const char *recipient, const struct nl_buf *text,
                        bool smtputf8) NL_ALL_NONNULL;

/* The commit point of a message is recorded: sends it in one piece, or its final dot. */
void nl_transport_release(struct nl_transport *transport, size_t connection,
                          size_t message) NL_ALL_NONNULL;

/* Takes back a message that waits for its commit point. If some of it was sent, its connection is
 * closed at once, and a message that follows it on this connection is reported LOST. */
void nl_transport_withdraw(struct nl_transport *transport, size_t connection,
                           size_t message) NL_ALL_NONNULL;

/* A descriptor that ends a wait once it is readable; -1 for none. */
void nl_transport_watch(struct nl_transport *transport, int fd) NL_ALL_NONNULL;

/* Extensions that a server may offer in vain: CHUNKING, by which messages go out in one piece, and
 * PIPELINING. */
enum nl_transport_trick { NL_TRICK_FLIGHT, NL_TRICK_PIPELINING };

/* Does without an extension, whatever a server offers. */
void nl_transport_distrust(struct nl_transport *transport, size_t server,
                           enum nl_transport_trick trick) NL_ALL_NONNULL;

/* Whether a server was found not to keep what it offers. */
bool nl_transport_is_broken(const struct nl_transport *transport, size_t server,
                            enum nl_transport_trick trick) NL_ALL_NONNULL;

/* Avoids a server from now on. Its connections are closed as soon as no message is on them. False
 * when no other server is left. */
bool nl_transport_avoid(struct nl_transport *transport, size_t server) NL_ALL_NONNULL;

/* Reads and writes for at most `milliseconds`. */
void nl_transport_wait(struct nl_transport *transport, int milliseconds) NL_ALL_NONNULL;

/* Takes the next event. False when there is none. A connection that closes without a message on it
 * makes no event. */
bool nl_transport_next(struct nl_transport *transport,
                       struct nl_transport_event *event) NL_ALL_NONNULL;

/* Says QUIT on idle connections, waits a moment for the answers, and frees everything. */
void nl_transport_free(struct nl_transport *transport);

#endif
