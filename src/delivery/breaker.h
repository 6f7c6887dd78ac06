/* Refusals are not believed at once. A relay may refuse us in words that speak of the recipient, or
 * be confused and know nobody. So a refusal is held: it counts once the relay has accepted other
 * messages. When one refusal follows the other, the breaker opens: what was held goes back into the
 * queue, and nothing is lost. */
#ifndef NL_DELIVERY_BREAKER_H
#define NL_DELIVERY_BREAKER_H

#include "delivery/outcome.h"
#include "newsletter/config/config.h"

enum { NL_HELD_LIMIT = 50 };

enum nl_held_state { NL_HELD_WAITING, NL_HELD_BELIEVED, NL_HELD_DEFERRED, NL_HELD_REQUEUED };

/* One refused delivery, still leased. */
struct nl_held {
    int64_t delivery;
    int64_t attempts, first_attempt_at;
    size_t server;
    enum nl_stage stage;
    enum nl_held_state state;
    bool ours;               /* the relay refuses us, for good or for now (`result.code`) */
    struct nl_result result; /* once it is believed */
    char *domain;
    char *text; /* result.text points to it */
};

/* Zero it, then set `issue` and `proved`. Free with nl_breaker_free. */
struct nl_breaker {
    struct nl_held items[NL_HELD_LIMIT];
    size_t count;
    struct {
        int64_t accepted;
        int ours_in_a_row;
    } servers[NL_RELAYS];
    bool issue;  /* notices are few, and often to addresses that were mistyped */
    bool proved; /* an earlier run has sent some of the issue */
};

/* A server has accepted a message: two of the refusals that are held for it are believed. A refusal
 * of us never is, unless it was for now. */
void nl_breaker_accept(struct nl_breaker *breaker, size_t server);

/* Whether any server has accepted a message in this run. */
bool nl_breaker_any_accepted(const struct nl_breaker *breaker);

/* Holds a refusal; the domain and the text are copied. Returns true when the breaker opens: the
 * server refuses us, or everybody. *held is false without room: then requeue it. */
bool nl_breaker_hold(struct nl_breaker *breaker, const struct nl_held *refusal, bool *held);

/* Puts everything that is held for a server back into the queue. */
void nl_breaker_requeue(struct nl_breaker *breaker, size_t server);

/* Decides what is held for a server at the end of a run. Returns true when the breaker opens:
 * nothing was decided then. */
bool nl_breaker_finish(struct nl_breaker *breaker, size_t server);

/* The last refusal that is held for a server; NULL if there is none. */
const struct nl_held *nl_breaker_last(const struct nl_breaker *breaker, size_t server);

/* How many refusals wait for a server, and over how many domains. */
size_t nl_breaker_waiting(const struct nl_breaker *breaker, size_t server, size_t *domains);

/* Whether a refusal has been decided and is to be recorded. */
bool nl_breaker_decided(const struct nl_breaker *breaker);

/* Drops the decided refusals. */
void nl_breaker_drop_decided(struct nl_breaker *breaker);

void nl_breaker_free(struct nl_breaker *breaker);

#endif
