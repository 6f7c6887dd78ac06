#include "web/stamp.h"

#include "newsletter/base/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nobody fills in a form faster; a form may stay open for a day. */
enum { LEAST_SECONDS = 2 };

static void write_stamp(const char *secret, const char *body, struct nl_buf *out) {
    char mac[NL_MAC_TEXT_LEN + 1];
    nl_mac(secret, "join", body, mac);
    nl_buf_addf(out, "%s.%s", body, mac);
}

void nl_stamp_write(const char *secret, const struct nl_env *env, struct nl_buf *out) {
    struct nl_token number;
    char body[24 + NL_TOKEN_LEN + 2];
    nl_token_new(env, &number);
    snprintf(body, sizeof body, "%lld.%s", (long long)nl_env_now(env), number.text);
    write_stamp(secret, body, out);
}

bool nl_stamp_is_timely(const char *secret, const char *stamp, int64_t now) {
    char body[24 + NL_TOKEN_LEN + 2] = "";
    char *dot = NULL;
    struct nl_buf own = {0};
    const char *last = stamp != NULL ? strrchr(stamp, '.') : NULL;
    int64_t then = stamp != NULL ? strtoll(stamp, &dot, 10) : 0;
    if (last == NULL || *dot != '.' || dot == last || (size_t)(last - stamp) >= sizeof body)
        return false;
    memcpy(body, stamp, (size_t)(last - stamp));
    write_stamp(secret, body, &own);
    bool genuine = nl_token_equal(nl_buf_text(&own), stamp);
    nl_buf_free(&own);
    return genuine && then <= now - LEAST_SECONDS && then >= now - NL_STAMP_SECONDS;
}
