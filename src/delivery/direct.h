/* Delivering directly: finds the destination of each delivery, and gives it a connection there. */
#ifndef NL_DELIVERY_DIRECT_H
#define NL_DELIVERY_DIRECT_H

#include "delivery/destination.h"
#include "delivery/in_flight.h"
#include "delivery/mailbox_provider.h"
#include "delivery/outcome.h"
#include "newsletter/base/attribute.h"
#include "newsletter/store/source_pause.h"
#include "newsletter/store/sts_note.h"

enum nl_route_to_state { NL_TO_ASKING, NL_TO_HOSTS, NL_TO_NOBODY, NL_TO_LATER, NL_TO_RELAY };

/* The way to one domain. */
struct nl_route_to {
    struct nl_direct *direct;
    char *domain;
    enum nl_route_to_state state;
    struct nl_destination *destination; /* HOSTS */
    bool no_such_domain;                /* NOBODY */
    char status[12];
    struct nl_buf text; /* NOBODY and LATER */
    int64_t until;      /* milliseconds: then the DNS is asked again; 0: never */
    /* direct_policy.c: MTA-STS. */
    bool policy_read;           /* from the database */
    struct nl_sts_note *policy; /* NULL: there is none, so far as we know */
    char wanted_id[NL_STS_ID];  /* of the policy that is being fetched */
    int64_t fetch_not_before;   /* milliseconds */
};

/* Our own addresses: direct_source.c. */
struct nl_our_sources {
    const struct nl_source *items; /* of the configuration */
    size_t count;                  /* 0: the kernel chooses */
    bool missing[NL_SOURCES];      /* they are not addresses of this machine */
    struct nl_source_pause *pauses;
    size_t pause_count;
    int64_t works_noted[NL_SOURCES]; /* seconds: when it was last noted that they are accepted */
    uint64_t version;                /* of the pauses */
    int64_t read_not_before;         /* milliseconds */
};

/* A provider, or a destination that belongs to none, with the messages that it takes from each of
 * our addresses in a span of time: direct_place.c. */
struct nl_place {
    char *name;                          /* as that of its destinations */
    struct nl_mailbox_provider provider; /* its limits */
    struct nl_place_source {
        int64_t left;       /* messages that may begin; they are taken from the database */
        int64_t not_before; /* seconds: no more of them until then */
        bool warms_up;      /* that is the plan of its warm-up */
        int64_t parked;     /* deliveries that were put off since */
    } sources[];            /* as in the configuration; one alone where it has none */
};

struct nl_direct {
    struct nl_run_plan plan; /* the run's, with a relay of its own */
    struct nl_relay *relay;
    struct nl_resolver *resolver;
    struct nl_sts_fetcher *fetcher; /* NULL until a policy is fetched */
    bool fetcher_watched;
    void *routes;                    /* struct nl_route_to by domain (tsearch) */
    void *destinations;              /* by their keys */
    void *places;                    /* by their names */
    struct nl_destination **servers; /* of each, from the first mail host on */
    size_t server_room;
    struct nl_our_sources sources;
    struct nl_destination relays;
    struct nl_destination unknown; /* of deliveries for whose domains the DNS is asked */
    struct nl_route_to to_relay;
    size_t connections; /* in all */
    uint64_t pass;
    bool crowded;   /* in this pass: there are no more connections, and none is idle */
    int64_t now;    /* milliseconds */
    size_t senders; /* processes that deliver directly, with this one; 0: it has not said so */
    int64_t idle_check, share_at, look_at, sessions_at;
    bool looks_later; /* at look_at */
    bool recalls;     /* a destination starves while deliveries of its own are put off */
    /* direct_park.c: whether it helps to put deliveries off. */
    size_t gained;                /* deliveries that went out, and domains that were not known */
    size_t parked;                /* deliveries that were put off the last time, */
    size_t had;                   /* and `gained` then */
    int64_t parked_at, park_wait; /* milliseconds */
    struct nl_counted_session *sessions; /* direct_tls.c: not stored yet */
    size_t session_count;
    struct nl_buf text;
    struct nl_hop hop; /* of the outcome that is being taken */
    /* Found by nl_direct_admit. */
    bool connected;
    size_t connection;
    struct nl_destination *admitted; /* of the connection; NULL: the relay */
    struct nl_result verdict;
};

/* Begins, where the configuration delivers anything directly: then run->plan has a relay of its
 * own.
 */
NL_CHECKED enum nl_status nl_direct_open(struct run *run);
void nl_direct_close(struct run *run);

/* How many connections a run may have. */
size_t nl_direct_connections(const struct run *run);

/* Readable when the resolver has answers. */
int nl_direct_fd(const struct run *run);

/* Takes answers of the DNS, and closes connections that nobody needs. Does nothing without direct
 * delivery, as the functions below. */
void nl_direct_step(struct run *run);

/* Begins to search for deliveries that may go out. */
void nl_direct_begin_pass(struct run *run);

/* Whether a delivery may go out now, or has its outcome already. Connections are opened for those
 * that may not yet. */
bool nl_direct_admit(struct run *run, struct nl_pending *pending);

/* Tells of the delivery that was admitted: true with its connection, false with its outcome. */
bool nl_direct_connection(const struct run *run, size_t *connection, struct nl_result *verdict);

/* Counts of an earlier pass over the backlog are over. */
void nl_direct_join_pass(const struct nl_direct *direct, struct nl_destination *destination);

/* Deliveries of a destination that may always wait, besides two for each connection. */
enum { NL_DIRECT_SHARE = 8 };

/* When the backlog is full of deliveries that wait, those beyond the share of their destination are
 * put off: a slow one holds up nobody else. */
void nl_direct_park(struct run *run);

/* Looks for destinations whose share is gone before the others are due; the next turn calls them
 * back, in its transaction. */
void nl_direct_look_for_parked(struct run *run);

/* How long a run may wait at most that would otherwise wait that many milliseconds. */
int nl_direct_wait(const struct run *run, int milliseconds);

NL_CHECKED enum nl_status nl_direct_recall(struct run *run);

/* That is committed. */
void nl_direct_recalled(struct run *run) NL_ALL_NONNULL;

/* At the end of a run, deliveries that it has put off are due. */
void nl_direct_let_go(struct run *run) NL_ALL_NONNULL;

/* Whether a server is a mail host of recipients. */
bool nl_direct_is_host(const struct run *run, size_t server);

/* ---- direct_share.c: the other processes ---- */

/* Tells them what was found, and learns from them, now and then. */
void nl_direct_share(struct run *run) NL_ALL_NONNULL;

/* How many connections to a destination this process may have: its part of what it takes. */
size_t nl_direct_allowed(const struct nl_direct *direct,
                         const struct nl_destination *destination) NL_ALL_NONNULL;

/* How many connections all processes have where this one has that many, if they share alike. */
size_t nl_direct_of_all(const struct nl_direct *direct, size_t ours) NL_ALL_NONNULL;

/* This process no longer delivers. */
void nl_direct_leave(struct run *run) NL_ALL_NONNULL;

/* ---- direct_route.c ---- */

/* The way of a delivery: by the configuration or by the DNS. NULL without memory. */
struct nl_route_to *nl_direct_route(struct nl_direct *direct, struct nl_pending *pending);

void nl_direct_route_free(void *item);
void nl_direct_destination_free(void *item);

/* ---- direct_policy.c: MTA-STS (RFC 8461) ---- */

/* Whether the policy of a domain has to be fetched before its mail hosts are used: it is new, or a
 * day old. The DNS is asked again once that has ended. */
bool nl_direct_fetch_policy(struct nl_route_to *route, const struct nl_mail_route *found);

/* Leaves the mail hosts that the domain's policy allows, and demands of them what it does. False
 * when none is left: route->text says why. */
bool nl_direct_apply_policy(struct nl_route_to *route, struct nl_mail_route *found);

/* Takes what was fetched. */
void nl_direct_step_policies(struct run *run);

void nl_direct_forget_policy(struct nl_route_to *route);

/* ---- direct_source.c: addresses of ours ---- */

void nl_direct_open_sources(struct nl_direct *direct);
void nl_direct_close_sources(struct nl_direct *direct);

/* Reads what other processes have learnt, now and then. */
void nl_direct_step_sources(struct nl_direct *direct);

/* Whether there is an address of ours from which a destination can be reached. Notes in it which
 * families can be used, and if there is none, when there may be one again (0: never). */
bool nl_direct_has_source(const struct nl_direct *direct, struct nl_destination *destination);

/* Chooses an address of each family by weight. False when the kernel is to choose. */
bool nl_direct_choose_source(const struct nl_direct *direct,
                             const struct nl_destination *destination,
                             struct nl_transport_from *out);

/* Whether an address must not be used at a destination. */
bool nl_direct_source_is_paused(const struct nl_direct *direct,
                                const struct nl_destination *destination,
                                const struct nl_source *source);

/* The number of an address in the configuration; 0 where the kernel chooses (NULL). */
size_t nl_direct_source_number(const struct nl_direct *direct, const struct nl_source *source);

/* Whether a message may begin on a connection from an address. */
bool nl_direct_source_may_send(const struct nl_direct *direct,
                               const struct nl_destination *destination,
                               const struct nl_source *source);

/* A destination refuses an address of ours: it is left alone there. */
void nl_direct_pause_source(struct nl_direct *direct, const struct nl_destination *destination,
                            const struct nl_source *source, const struct nl_result *said);

/* It has accepted a message from it. */
void nl_direct_source_works(struct nl_direct *direct, const struct nl_destination *destination,
                            const struct nl_source *source);

/* ---- direct_tls.c: sessions for SMTP TLS reports (RFC 8460) ---- */

/* A message is the first one on its connection to a mail host. */
void nl_direct_count_session(struct nl_direct *direct, struct nl_route_to *route,
                             const struct nl_transport_event *event);

/* TLS with a mail host has failed. */
void nl_direct_count_failure(struct nl_direct *direct, const struct nl_destination *destination,
                             const struct nl_transport_event *event);

/* Notes that DNSSEC proves an answer wrong that was to lead to a domain. */
void nl_direct_count_bogus(struct nl_direct *direct, const struct nl_route_to *route,
                           const char *name) NL_ALL_NONNULL;

/* Notes that a mail host of a domain gets no mail, since it has no TLSA records. */
void nl_direct_count_without_dane(struct nl_direct *direct, const struct nl_route_to *route,
                                  const char *server) NL_ALL_NONNULL;

/* Notes that none of the TLSA records of a domain's mail host can be used. */
void nl_direct_count_unusable_dane(struct nl_direct *direct, const struct nl_route_to *route,
                                   const char *server) NL_ALL_NONNULL;

/* The MTA-STS policy of a domain cannot be had. */
void nl_direct_count_no_policy(struct nl_direct *direct, struct nl_route_to *route,
                               const char *why);

/* Stores what was counted, now and then; at the end all of it. */
void nl_direct_store_sessions(struct nl_direct *direct, bool at_once);

/* ---- direct_place.c: rates and warm-up ---- */

/* The place of a destination whose first mail host is `host`. NULL without memory. */
struct nl_place *nl_direct_place(struct nl_direct *direct, const char *host, const char *name);

/* Whether a message may go to a place from an address of ours, by its number. False until `until`
 * (seconds); *warms_up says that the plan of a warm-up is why. */
bool nl_direct_may_begin(const struct nl_direct *direct, struct nl_place *place, size_t source,
                         int64_t *until, bool *warms_up);

/* A message begins there. */
void nl_direct_begins(struct nl_direct *direct, struct nl_place *place, size_t source);

/* When a delivery that has to wait for its turn is tried again, where that is `until` at the
 * earliest: those beyond a span's worth come later. */
int64_t nl_direct_turn(struct nl_direct *direct, struct nl_place *place, int64_t until);

/* Gives back what was not used, and frees them. */
void nl_direct_close_places(struct nl_direct *direct);

/* ---- direct_outcome.c ---- */

/* Acts on an event of a mail host, which was judged as of a relay. */
void nl_direct_take_outcome(struct run *run, const struct nl_transport_event *event,
                            enum nl_reaction reaction, struct nl_result *result);
void nl_direct_take_refused(struct run *run, const struct nl_transport_event *event);

/* Whether a server is a mail host that stands in for one which its domain prefers. It does not
 * decide what becomes of a message that it does not take: the preferred one may take it. */
bool nl_direct_is_backup(const struct run *run, size_t server);

/* Whether another server than this one, which lacks it, may take an address that needs SMTPUTF8
 * (RFC 6531): NL_SMTPUTF8_AWAY if this is a backup, or one of several servers that a relay has. */
enum nl_smtputf8 nl_direct_find_smtputf8(const struct run *run, size_t server);

#endif
