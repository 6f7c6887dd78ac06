/* How many calls each API token has made in its minute. */
#ifndef NL_WEB_API_RATE_H
#define NL_WEB_API_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* Any thread may ask it. The tokens used last are known: no number of tokens costs more memory. */
struct nl_api_rates;

/* Free with nl_api_rates_free. */
struct nl_api_rates *nl_api_rates_new(void);
void nl_api_rates_free(struct nl_api_rates *rates);

/* Values of the RateLimit fields (draft-ietf-httpapi-ratelimit-headers). */
struct nl_api_rate {
    int64_t left;    /* calls until the minute ends */
    int64_t seconds; /* until it ends */
};

/* Takes one call for the token of this name at time `now` (seconds), of which a minute has `most`.
 * False if none is left. */
bool nl_api_rate_take(struct nl_api_rates *rates, const char *token, int64_t most, int64_t now,
                      struct nl_api_rate *out);

#endif
