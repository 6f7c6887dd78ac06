#include "web/stamp.h"

#include "newsletter/base/token.h"

#include <stdio.h>
#include <stdlib.h>

/* Nobody fills in a form faster; a form may stay open for a day. */
enum { LEAST_SECONDS = 2, MOST_SECONDS = 86400 };

void nl_stamp_write(const char *secret, int64_t now, struct nl_buf *out) {
    char mac[NL_MAC_TEXT_LEN + 1];
    char time[24];
    snprintf(time, sizeof time, "%lld", (long long)now);
    nl_mac(secret, "join", time, mac);
    nl_buf_addf(out, "%s.%s", time, mac);
}

bool nl_stamp_is_timely(const char *secret, const char *stamp, int64_t now) {
    char *dot = NULL;
    struct nl_buf own = {0};
    int64_t then = stamp != NULL ? strtoll(stamp, &dot, 10) : 0;
    if (stamp == NULL || *dot != '.')
        return false;
    nl_stamp_write(secret, then, &own);
    bool genuine = !own.failed && nl_token_equal(nl_buf_text(&own), stamp);
    nl_buf_free(&own);
    return genuine && then <= now - LEAST_SECONDS && then >= now - MOST_SECONDS;
}
