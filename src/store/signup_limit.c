#include "newsletter/store/signup_limit.h"

#include "newsletter/base/token.h"
#include "newsletter/db/sql.h"

#include <stdio.h>

enum { MICRO = 1000000, HOUR = 3600, LEAST_BURST = 10, BURSTS_PER_HOUR = 6, FAR_FACTOR = 4 };

/* A rate as GCRA stores it: the time at which everything taken so far will be used up. */
struct rate {
    char name[40];
    int64_t per_hour;
    int64_t burst; /* how many may come at once */
};

struct admission {
    struct rate rates[3];
    size_t count;
    int64_t wait;
};

/* The allowed burst: ten, or as many as ten minutes allow, times `factor`. */
static void add_rate(struct admission *admission, const char *name, int64_t per_hour,
                     int64_t factor) {
    struct rate *rate = &admission->rates[admission->count++];
    int64_t burst = per_hour / BURSTS_PER_HOUR;
    snprintf(rate->name, sizeof rate->name, "%s", name);
    rate->per_hour = per_hour * factor;
    rate->burst = (burst > LEAST_BURST ? burst : LEAST_BURST) * factor;
}

static void add_network(const struct nl_store *store, struct admission *admission,
                        const struct nl_ip *network, const char *kind, int64_t per_hour,
                        int64_t factor) {
    char text[NL_IP_TEXT];
    char digest[NL_MAC_TEXT_LEN + 1];
    char name[40];
    nl_ip_text(network, text);
    nl_mac(nl_store_secret(store), kind, text, digest);
    snprintf(name, sizeof name, "%s %s", kind, digest);
    add_rate(admission, name, per_hour, factor);
}

/* The new time, or the seconds to wait. */
static enum nl_status look(struct nl_store *store, const struct rate *rate, int64_t *at,
                           int64_t *wait, struct nl_error *err) {
    int64_t now = nl_store_now(store) * MICRO;
    int64_t step = (int64_t)HOUR * MICRO / rate->per_hour;
    int64_t most = rate->burst * step;
    enum nl_status status =
        nl_sql_number(store, err, at, NULL, "SELECT at FROM throttle WHERE name = ?",
                      NL_VALUES(NL_STRING(rate->name)));
    if (*at < now || *at > now + most) /* long ago, or the clock was put back */
        *at = now;
    *at += step;
    if (status == NL_OK && *at - now > most)
        *wait = (*at - now - most) / MICRO + 1;
    return status;
}

static enum nl_status admit(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct admission *admission = ctx;
    int64_t at[3] = {0};
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && admission->wait == 0 && i < admission->count; i++)
        status = look(store, &admission->rates[i], &at[i], &admission->wait, err);
    for (size_t i = 0; status == NL_OK && admission->wait == 0 && i < admission->count; i++)
        status = nl_sql_run(store, err,
                            "INSERT INTO throttle (name, at) VALUES (?1, ?2) ON CONFLICT (name) DO "
                            "UPDATE SET at = ?2",
                            NL_VALUES(NL_STRING(admission->rates[i].name), NL_INT(at[i])));
    return status;
}

enum nl_status nl_signup_admit(struct nl_store *store, const struct nl_signup_limit *limit,
                               const struct nl_ip *client, int64_t *wait, struct nl_error *err) {
    struct admission admission = {0};
    add_rate(&admission, "signups", limit->in_total, 1);
    if (client != NULL) {
        const struct nl_ip near = nl_ip_network(client);
        const struct nl_ip far = nl_ip_site(client);
        add_network(store, &admission, &near, "signups-near", limit->per_network, 1);
        add_network(store, &admission, &far, "signups-far", limit->per_network, FAR_FACTOR);
    }
    enum nl_status status = nl_sql_exclusive(store, admit, &admission, err);
    *wait = admission.wait;
    return status;
}

enum nl_status nl_stamp_use(struct nl_store *store, const char *stamp, int64_t until, bool *first,
                            struct nl_error *err) {
    char digest[NL_MAC_TEXT_LEN + 1];
    char name[40];
    nl_mac(nl_store_secret(store), "used-stamp", stamp, digest);
    snprintf(name, sizeof name, "stamp %s", digest);
    enum nl_status status = nl_sql_run(
        store, err, "INSERT INTO throttle (name, at) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
        NL_VALUES(NL_STRING(name), NL_INT(until * MICRO)));
    *first = status == NL_OK && nl_sql_changes(store) > 0;
    return status;
}
