#include "smtp/relay_health.h"

#include "newsletter/base/clock.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    FAILURE_LIMIT = 5,
    OUT_MILLISECONDS = 60000,
    LOST_FLIGHTS_LIMIT = 5,
    LOST_PIPELINES_LIMIT = 4,
    LOST_FOLLOWING_LIMIT = 5,
};

int64_t nl_relay_clock(void) {
    return nl_clock_milliseconds();
}

void nl_relay_health_grow(struct nl_relay_health *health, size_t which) {
    size_t room = health->room > 0 ? health->room : NL_RELAYS;
    while (room <= which)
        room *= 2;
    if (room == health->room)
        return;
    struct nl_server_health *grown = nl_realloc(health->servers, room * sizeof *grown);
    memset(grown + health->room, 0, (room - health->room) * sizeof *grown);
    health->servers = grown;
    health->room = room;
}

void nl_relay_health_free(struct nl_relay_health *health) {
    free(health->servers);
    health->servers = NULL;
    health->room = 0;
}

/* The server with the most credit; -1 for none. `desperate` includes those that are avoided. */
static int pick(struct nl_relay_health *health, bool desperate) {
    int64_t now = nl_relay_clock();
    int64_t total = 0;
    int best = -1;
    for (size_t i = 0; i < nl_relay_count(health->relay); i++) {
        int64_t weight = nl_relay_server(health->relay, i)->weight;
        if (health->servers[i].out || (!desperate && health->servers[i].out_until > now))
            continue;
        health->servers[i].credit += weight;
        total += weight;
        if (best < 0 || health->servers[i].credit > health->servers[best].credit)
            best = (int)i;
    }
    if (best >= 0)
        health->servers[best].credit -= total;
    return best;
}

size_t nl_relay_health_pick(struct nl_relay_health *health) {
    int best = pick(health, false);
    if (best < 0)
        best = pick(health, true);
    return best < 0 ? 0 : (size_t)best;
}

void nl_relay_health_failed(struct nl_relay_health *health, size_t which, bool permanent) {
    health->servers[which].out |= permanent;
    if (++health->servers[which].consecutive_failures >= FAILURE_LIMIT)
        health->servers[which].out_until = nl_relay_clock() + OUT_MILLISECONDS;
}

void nl_relay_health_worked(struct nl_relay_health *health, size_t which) {
    health->servers[which].consecutive_failures = 0;
    health->servers[which].out_until = 0;
}

void nl_relay_health_flight_worked(struct nl_relay_health *health, size_t which, bool accepted) {
    if (health->servers[which].flights == NL_FLIGHTS_FAIL)
        return;
    if (accepted)
        health->servers[which].flights = NL_FLIGHTS_WORK;
    else if (health->servers[which].flights == NL_FLIGHTS_TRYING)
        health->servers[which].flights = NL_FLIGHTS_UNTRIED;
    health->servers[which].lost_flights = 0;
}

void nl_relay_health_flight_lost(struct nl_relay_health *health, size_t which, bool certain) {
    bool proved = health->servers[which].flights == NL_FLIGHTS_WORK;
    health->servers[which].flights_broken |= certain;
    if (certain || !proved || ++health->servers[which].lost_flights >= LOST_FLIGHTS_LIMIT)
        health->servers[which].flights = NL_FLIGHTS_FAIL;
}

void nl_relay_health_pipelining_worked(struct nl_relay_health *health, size_t which) {
    if (health->servers[which].pipelining == NL_PIPELINING_UNTRIED)
        health->servers[which].pipelining = NL_PIPELINING_WORKS;
    health->servers[which].lost_pipelines = 0;
}

/* Once it has worked, a connection that breaks is just a broken connection. */
bool nl_relay_health_pipelining_lost(struct nl_relay_health *health, size_t which, bool certain) {
    if (health->servers[which].pipelining == NL_PIPELINING_WORKS)
        return false;
    health->servers[which].pipelining_broken |= certain;
    if (certain || ++health->servers[which].lost_pipelines >= LOST_PIPELINES_LIMIT)
        health->servers[which].pipelining = NL_PIPELINING_FAILS;
    return health->servers[which].pipelining == NL_PIPELINING_FAILS;
}

void nl_relay_health_follow_worked(struct nl_relay_health *health, size_t which) {
    if (health->servers[which].following != NL_FOLLOW_FAILS)
        health->servers[which].following = NL_FOLLOW_WORKS;
    health->servers[which].lost_following = 0;
}

void nl_relay_health_follow_lost(struct nl_relay_health *health, size_t which, bool certain) {
    struct nl_server_health *server = &health->servers[which];
    bool proved = server->following == NL_FOLLOW_WORKS;
    if (certain && server->following == NL_FOLLOW_TRYING) {
        server->pipelining = NL_PIPELINING_FAILS;
        server->pipelining_broken = true;
    }
    if (certain || !proved || ++server->lost_following >= LOST_FOLLOWING_LIMIT)
        server->following = NL_FOLLOW_FAILS;
}

bool nl_relay_health_follow_refused(struct nl_relay_health *health, size_t which) {
    bool trying = health->servers[which].following == NL_FOLLOW_TRYING;
    if (trying)
        health->servers[which].following = NL_FOLLOW_FAILS;
    return trying;
}

void nl_relay_health_follow_unsent(struct nl_relay_health *health, size_t which) {
    if (health->servers[which].following == NL_FOLLOW_TRYING)
        health->servers[which].following = NL_FOLLOW_UNTRIED;
}

bool nl_relay_health_all_out(const struct nl_relay_health *health) {
    for (size_t i = 0; i < nl_relay_count(health->relay); i++)
        if (!health->servers[i].out)
            return false;
    return true;
}
