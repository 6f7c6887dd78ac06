#include "web/api_rate.h"
#include "newsletter/base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS = 64, NAME = 64 /* bytes; no name is longer */, MINUTE = 60 };

struct count {
    char token[NAME + 1];
    int64_t began, calls;
};

struct nl_api_rates {
    pthread_mutex_t mutex;
    struct count counts[TOKENS];
};

struct nl_api_rates *nl_api_rates_new(void) {
    struct nl_api_rates *rates = nl_calloc(1, sizeof *rates);
    pthread_mutex_init(&rates->mutex, NULL);
    return rates;
}

void nl_api_rates_free(struct nl_api_rates *rates) {
    if (rates != NULL)
        pthread_mutex_destroy(&rates->mutex);
    free(rates);
}

/* The count of the token, or the one whose minute began first. */
static struct count *find_count(struct nl_api_rates *rates, const char *token) {
    struct count *oldest = &rates->counts[0];
    for (size_t i = 0; i < TOKENS; i++) {
        if (strcmp(rates->counts[i].token, token) == 0)
            return &rates->counts[i];
        if (rates->counts[i].began < oldest->began)
            oldest = &rates->counts[i];
    }
    return oldest;
}

bool nl_api_rate_take(struct nl_api_rates *rates, const char *token, int64_t most, int64_t now,
                      struct nl_api_rate *out) {
    pthread_mutex_lock(&rates->mutex);
    struct count *count = find_count(rates, token);
    if (strcmp(count->token, token) != 0 || now - count->began >= MINUTE || now < count->began) {
        *count = (struct count){.began = now};
        memcpy(count->token, token, strnlen(token, NAME));
    }
    bool may = count->calls < most;
    count->calls += may;
    *out = (struct nl_api_rate){most - count->calls, count->began + MINUTE - now};
    pthread_mutex_unlock(&rates->mutex);
    return may;
}
