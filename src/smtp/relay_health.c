#include "smtp/relay_health.h"

#include <time.h>

enum { TROUBLE_LIMIT = 5, OUT_MILLISECONDS = 60000 };

int64_t nl_relay_clock(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The one with the most credit of those that may have a turn; -1 for none. */
static int pick(struct nl_relay_health *hosts, bool patient) {
    int64_t now = nl_relay_clock();
    int64_t total = 0;
    int best = -1;
    for (size_t i = 0; i < nl_relay_count(hosts->relay); i++) {
        int64_t weight = nl_relay_server(hosts->relay, i)->weight;
        if (hosts->hosts[i].out || (!patient && hosts->hosts[i].out_until > now))
            continue;
        hosts->hosts[i].credit += weight;
        total += weight;
        if (best < 0 || hosts->hosts[i].credit > hosts->hosts[best].credit)
            best = (int)i;
    }
    if (best >= 0)
        hosts->hosts[best].credit -= total;
    return best;
}

size_t nl_relay_health_pick(struct nl_relay_health *hosts) {
    int best = pick(hosts, false);
    if (best < 0)
        best = pick(hosts, true);
    return best < 0 ? 0 : (size_t)best;
}

void nl_relay_health_failed(struct nl_relay_health *hosts, size_t which, bool permanent) {
    hosts->hosts[which].out |= permanent;
    if (++hosts->hosts[which].trouble >= TROUBLE_LIMIT)
        hosts->hosts[which].out_until = nl_relay_clock() + OUT_MILLISECONDS;
}

void nl_relay_health_worked(struct nl_relay_health *hosts, size_t which) {
    hosts->hosts[which].trouble = 0;
    hosts->hosts[which].out_until = 0;
}

bool nl_relay_health_all_out(const struct nl_relay_health *hosts) {
    for (size_t i = 0; i < nl_relay_count(hosts->relay); i++)
        if (!hosts->hosts[i].out)
            return false;
    return true;
}
