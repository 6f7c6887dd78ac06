#include "delivery/destination.h"

#include <stdlib.h>
#include <string.h>

enum {
    HOST_MILLISECONDS = 60000,   /* a host that was not reached is left alone for so long */
    CROWDED_MILLISECONDS = 5000, /* one that takes no further connection, for now */
    FIRST_PATIENCE = 60000,
    LONGEST_PATIENCE = 3600000,
    TROUBLES_LIMIT = 3,
    REFUSALS_LIMIT =
        10, /* a server that knows nobody is confused: Google's was, in December 2020 */
};

void nl_destination_free(struct nl_destination *destination) {
    nl_buf_free(&destination->why);
    nl_buf_free(&destination->parked);
    nl_buf_free(&destination->due);
    free(destination->key);
    free(destination->tlsa);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A line that comes after those of the host's addresses: its place in the order of preference,
 * since two domains may prefer another host each; and the proof that it has to show. A certificate
 * of an authority (DANE-TA) may be for the recipients' domain, so another domain has another
 * connection. */
static void add_demand(const struct nl_mail_host *host, size_t place, struct nl_buf *line) {
    nl_buf_addf(line, "%s ~%zu", host->name, place);
    if (host->tls == NL_HOST_TLS_IF_OFFERED)
        return;
    nl_buf_addf(line, " TLS %d %s %s", (int)host->tls, host->base,
                host->tlsa != NULL ? host->tlsa : "");
    /* The records are sorted: those of authorities come first. */
    if (host->tlsa != NULL && host->tlsa[0] == '2' && host->next_hop != NULL)
        nl_buf_adds(line, host->next_hop);
}

/* Lines in the order of their texts: servers list hosts and addresses in any. */
struct lines {
    char *items[NL_MAIL_HOSTS * (NL_MAIL_ADDRESSES + 1)];
    size_t count;
};

/* Takes over the text. */
static void add_line(struct lines *lines, struct nl_buf *line) {
    lines->items[lines->count++] = nl_buf_take(line);
}

static void add_host_lines(struct lines *lines, const struct nl_mail_host *host, size_t place) {
    struct nl_buf demand = {0};
    for (size_t i = 0; i < host->address_count; i++) {
        struct nl_buf line = {0};
        char address[NL_IP_TEXT];
        nl_ip_text(&host->addresses[i], address);
        nl_buf_addf(&line, "%s %s", host->name, address);
        add_line(lines, &line);
    }
    add_demand(host, place, &demand);
    add_line(lines, &demand);
}

void nl_destination_key(const struct nl_mail_route *route, struct nl_buf *out) {
    struct lines lines = {.count = 0};
    size_t place = 1; /* hosts come by preference */
    for (size_t i = 0; i < route->host_count; i++) {
        place += i > 0 && route->hosts[i].preference != route->hosts[i - 1].preference;
        add_host_lines(&lines, &route->hosts[i], place);
    }
    qsort(lines.items, lines.count, sizeof lines.items[0], by_text);
    for (size_t i = 0; i < lines.count; i++) {
        nl_buf_addf(out, "%s\n", lines.items[i]);
        free(lines.items[i]);
    }
}

static bool may_try(const struct nl_destination *destination, size_t host, int64_t now) {
    unsigned families = destination->families[host];
    return destination->hosts_not_before[host] <= now &&
           (families == 0 || (families & destination->usable) != 0);
}

bool nl_destination_pick(const struct nl_destination *destination, int64_t now, double fraction,
                         size_t *server) {
    size_t candidates[NL_MAIL_HOSTS];
    size_t count = 0;
    if (destination->not_before > now)
        return false;
    for (size_t i = 0; i < destination->count; i++) {
        if (!may_try(destination, i, now))
            continue;
        if (count > 0 && destination->preferences[i] != destination->preferences[candidates[0]])
            break; /* they come by preference */
        candidates[count++] = i;
    }
    if (count == 0)
        return false;
    *server = destination->first + candidates[(size_t)(fraction * (double)count)];
    return true;
}

/* No more connections for a while: twice as long each time. */
static void hold(struct nl_destination *destination, size_t limit, int64_t now) {
    int64_t next = 2 * destination->patience;
    destination->limit = limit > 0 ? limit : 1;
    destination->accepted = 0;
    destination->pushed_back = true;
    if (now < destination->grow_at)
        return; /* the same push, told by several connections */
    destination->holds++;
    destination->patience = destination->patience == 0 ? FIRST_PATIENCE
                            : next < LONGEST_PATIENCE  ? next
                                                       : LONGEST_PATIENCE;
    destination->grow_at = now + destination->patience;
}

void nl_destination_begin(struct nl_destination *destination, size_t limit, bool pushed_back,
                          int64_t now) {
    destination->limit = limit < destination->most ? limit : destination->most;
    if (pushed_back)
        hold(destination, destination->limit, now);
}

void nl_destination_heard(struct nl_destination *destination, size_t limit, int64_t now) {
    if (limit >= destination->limit)
        return;
    hold(destination, limit, now);
    destination->holds_noted = destination->holds;
}

/* One connection more for as many messages as there are connections, half of them at the first sign
 * of too many: as TCP does it (RFC 5681). */
void nl_destination_accepted(struct nl_destination *destination, int64_t now) {
    destination->times_down = 0;
    destination->troubles = 0;
    destination->refusals = 0;
    destination->left = 0;
    destination->total++;
    if (now < destination->grow_at || ++destination->accepted < destination->limit ||
        destination->limit >= destination->most)
        return;
    destination->limit++;
    destination->accepted = 0;
}

void nl_destination_pushed_back(struct nl_destination *destination, int64_t now) {
    bool told = now < destination->grow_at;
    hold(destination, told ? destination->limit : destination->limit / 2, now);
}

bool nl_destination_refused(struct nl_destination *destination, size_t server, size_t others,
                            int64_t now) {
    if (others > 0) {
        hold(destination, others, now);
        destination->not_before = now + CROWDED_MILLISECONDS;
        return true;
    }
    destination->not_before = 0; /* it is not crowded: nobody is there */
    destination->hosts_not_before[server - destination->first] = now + HOST_MILLISECONDS;
    for (size_t i = 0; i < destination->count; i++)
        if (may_try(destination, i, now))
            return true;
    return false;
}

bool nl_destination_leave(struct nl_destination *destination, size_t server, int64_t now) {
    size_t which = server - destination->first;
    bool told = destination->hosts_not_before[which] > now; /* by another connection */
    bool others = false;
    for (size_t i = 0; i < destination->count; i++)
        others = others || (i != which && may_try(destination, i, now));
    if (!others || (!told && destination->left >= destination->count))
        return false;
    if (!told)
        destination->left++;
    destination->hosts_not_before[which] = now + HOST_MILLISECONDS;
    return true;
}

bool nl_destination_trouble(struct nl_destination *destination, int64_t now) {
    nl_destination_pushed_back(destination, now);
    return ++destination->troubles < TROUBLES_LIMIT;
}

bool nl_destination_believe(struct nl_destination *destination) {
    return ++destination->refusals <= REFUSALS_LIMIT;
}

void nl_destination_down(struct nl_destination *destination, int64_t retry_at, const char *why) {
    destination->down = true;
    destination->retry_at = retry_at;
    destination->times_down++;
    destination->troubles = 0;
    destination->left = 0;
    destination->limit = 1;
    nl_buf_clear(&destination->why);
    nl_buf_adds(&destination->why, why);
}

bool nl_destination_is_down(struct nl_destination *destination, int64_t now) {
    if (destination->down && now >= destination->retry_at) {
        destination->down = false;
        destination->not_before = 0;
        memset(destination->hosts_not_before, 0, sizeof destination->hosts_not_before);
    }
    return destination->down;
}

/* Where the whole share was sent meanwhile, the others could have come back sooner; where nothing
 * was in all that time, they come later. */
void nl_destination_park(struct nl_destination *destination, size_t share, int64_t now) {
    size_t taken = destination->total - destination->parked_total;
    int64_t seconds = destination->park_seconds;
    bool early = taken == 0 && seconds > 0 && now - destination->parked_at < seconds * 1000;
    if (taken >= share)
        seconds /= 2;
    else if (taken > 0)
        seconds = (int64_t)share * (now - destination->parked_at) / 1000 / (int64_t)taken;
    else if (!early)
        seconds *= 2;
    destination->park_seconds = seconds < 1                 ? 1
                                : seconds > NL_LONGEST_PARK ? NL_LONGEST_PARK
                                                            : seconds;
    if (early)
        return;
    destination->parked_at = now;
    destination->parked_total = destination->total;
}
