#include "newsletter/env.h"

#include <string.h>
#include <time.h>
#include <uuid/uuid.h>

static int64_t system_now(void *ctx) {
    (void)ctx;
    return (int64_t)time(NULL);
}

static void system_random(void *ctx, unsigned char out[16]) {
    (void)ctx;
    uuid_generate_random(out);
}

const struct nl_env nl_env_system = {system_now, system_random, NULL};

int64_t nl_env_now(const struct nl_env *env) {
    return env->now(env->ctx);
}

double nl_env_fraction(const struct nl_env *env) {
    unsigned char bytes[16];
    uint32_t bits = 0;
    env->random(env->ctx, bytes);
    memcpy(&bits, bytes, sizeof bits); /* a UUID's fixed bits lie behind its first four bytes */
    return (double)bits / 4294967296.0;
}
