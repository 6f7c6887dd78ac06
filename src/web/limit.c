#include "web/limit.h"
#include "newsletter/base/memory.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A key has WAYS places. When all are taken, the key that has used least of its allowance gives
 * way: it loses least. */
enum { BUCKETS = 4096, WAYS = 4, KEY = 8, HOUR = 3600 };

/* A site may do four times as much as a network. */
static const double FAR_COST = 0.25;

struct place {
    unsigned char key[KEY];
    double left;
    int64_t at; /* when `left` was computed; 0 for a free place */
};

struct nl_limit {
    double burst, per_second;
    pthread_mutex_t mutex;
    unsigned char salt[16]; /* so that nobody can choose keys that share a bucket */
    struct place places[BUCKETS][WAYS];
};

struct nl_limit *nl_limit_new(int64_t burst, int64_t per_hour) {
    struct nl_limit *limit = nl_calloc(1, sizeof *limit);
    if (RAND_bytes(limit->salt, sizeof limit->salt) != 1) {
        free(limit);
        return NULL;
    }
    pthread_mutex_init(&limit->mutex, NULL);
    limit->burst = (double)burst;
    limit->per_second = (double)per_hour / HOUR;
    return limit;
}

void nl_limit_free(struct nl_limit *limit) {
    if (limit != NULL)
        pthread_mutex_destroy(&limit->mutex);
    free(limit);
}

static double refilled(const struct nl_limit *limit, const struct place *place, int64_t now) {
    double elapsed = now > place->at ? (double)(now - place->at) : 0;
    double left = place->left + elapsed * limit->per_second;
    return place->at == 0 || left > limit->burst ? limit->burst : left;
}

/* The key's place, or the place of the key that has most left. */
static struct place *find_place(struct nl_limit *limit, const unsigned char *digest, int64_t now) {
    size_t bucket = ((size_t)digest[0] << 8 | digest[1]) % BUCKETS;
    struct place *best = &limit->places[bucket][0];
    for (int i = 0; i < WAYS; i++) {
        struct place *place = &limit->places[bucket][i];
        if (place->at != 0 && memcmp(place->key, digest + 2, KEY) == 0)
            return place;
        if (refilled(limit, place, now) > refilled(limit, best, now))
            best = place;
    }
    memcpy(best->key, digest + 2, KEY);
    best->left = limit->burst;
    best->at = now;
    return best;
}

static bool take_place(struct nl_limit *limit, const void *key, size_t len, double cost,
                       int64_t now, int64_t *wait) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned char salted[sizeof limit->salt + 256];
    size_t used = len < 256 ? len : 256;
    memcpy(salted, limit->salt, sizeof limit->salt);
    memcpy(salted + sizeof limit->salt, key, used);
    SHA256(salted, sizeof limit->salt + used, digest);
    struct place *place = find_place(limit, digest, now);
    place->left = refilled(limit, place, now);
    place->at = now;
    if (place->left >= cost) {
        place->left -= cost;
        return true;
    }
    *wait = limit->per_second > 0 ? (int64_t)((cost - place->left) / limit->per_second) + 1 : HOUR;
    return false;
}

bool nl_limit_take(struct nl_limit *limit, const void *key, size_t len, int64_t now,
                   int64_t *wait) {
    pthread_mutex_lock(&limit->mutex);
    bool taken = take_place(limit, key, len, 1, now, wait);
    pthread_mutex_unlock(&limit->mutex);
    return taken;
}

bool nl_limit_take_network(struct nl_limit *limit, const struct nl_ip *client, int64_t now,
                           int64_t *wait) {
    unsigned char far[1 + sizeof client->bytes] = {'f'};
    unsigned char near[1 + sizeof client->bytes] = {'n'};
    const struct nl_ip site = nl_ip_site(client);
    const struct nl_ip network = nl_ip_network(client);
    memcpy(far + 1, site.bytes, sizeof site.bytes);
    memcpy(near + 1, network.bytes, sizeof network.bytes);
    pthread_mutex_lock(&limit->mutex);
    bool taken = take_place(limit, near, sizeof near, 1, now, wait) &&
                 take_place(limit, far, sizeof far, FAR_COST, now, wait);
    pthread_mutex_unlock(&limit->mutex);
    return taken;
}
