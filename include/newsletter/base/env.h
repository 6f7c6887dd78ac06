/* Time and randomness, passed down so that a test can set them. */
#ifndef NEWSLETTER_BASE_ENV_H
#define NEWSLETTER_BASE_ENV_H

#include "newsletter/base/attribute.h"

#include <stdint.h>

struct nl_env {
    int64_t (*now)(void *ctx);                        /* UTC seconds since the epoch */
    void (*random)(void *ctx, unsigned char out[16]); /* one random UUID, binary */
    void *ctx;
};

/* The system's clock, and random UUIDs of RFC 4122 section 4.4. */
extern const struct nl_env nl_env_system;

int64_t nl_env_now(const struct nl_env *env) NL_ALL_NONNULL;

/* A uniform number in [0, 1), for jitter. */
double nl_env_fraction(const struct nl_env *env) NL_ALL_NONNULL;

#endif
