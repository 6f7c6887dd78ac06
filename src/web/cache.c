#include "web/cache.h"

#include "newsletter/base/memory.h"
#include "newsletter/base/token.h"
#include "web/compress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 256, LARGEST_SHARE = 4 };

struct entry {
    char *key;
    struct nl_buf body;
    struct nl_buf packed; /* compressed, once somebody has asked for that */
    const char *type;
    char etag[NL_ETAG];
    bool form, ranges, issue;
    const char *attachment;
    int64_t changed_at; /* when this body was first seen */
    uint64_t state;     /* in which it was made */
    uint64_t used;      /* a count: the last one that was asked for has the highest */
};

struct nl_cache {
    struct entry entries[ENTRIES];
    size_t limit, size;
    struct nl_buf revision;
    int64_t now;
    uint64_t state, uses;
};

struct nl_cache *nl_cache_new(size_t limit) {
    struct nl_cache *cache = nl_calloc(1, sizeof *cache);
    cache->limit = limit;
    return cache;
}

void nl_cache_set_state(struct nl_cache *cache, int64_t now, const char *revision) {
    cache->now = now;
    if (strcmp(nl_buf_text(&cache->revision), revision) == 0)
        return;
    cache->state++;
    nl_buf_clear(&cache->revision);
    nl_buf_adds(&cache->revision, revision);
}

static struct entry *find(struct nl_cache *cache, const char *key) {
    for (size_t i = 0; i < ENTRIES; i++)
        if (cache->entries[i].key != NULL && strcmp(cache->entries[i].key, key) == 0)
            return &cache->entries[i];
    return NULL;
}

static void describe(const struct nl_cache *cache, const struct entry *entry,
                     struct nl_response *response) {
    memcpy(response->etag, entry->etag, sizeof entry->etag);
    /* A page that has just changed may change again within the same second. */
    response->modified = entry->changed_at < cache->now - 1 ? entry->changed_at : 0;
}

/* Also answers that are made again each second are compressed only when they have changed. */
static void add_body(struct nl_cache *cache, struct entry *entry, bool gzip,
                     struct nl_response *response) {
    const struct nl_buf *body = &entry->body;
    if (gzip && nl_gzip_suits(response)) {
        if (entry->packed.len == 0 && nl_gzip(&entry->body, &entry->packed))
            cache->size += entry->packed.len;
        response->packed = entry->packed.len > 0;
    }
    if (response->packed)
        body = &entry->packed;
    nl_buf_add(&response->body, nl_buf_text(body), body->len);
}

bool nl_cache_get(struct nl_cache *cache, const char *key, bool gzip,
                  struct nl_response *response) {
    struct entry *entry = find(cache, key);
    if (entry == NULL || entry->state != cache->state)
        return false;
    entry->used = ++cache->uses;
    response->type = entry->type;
    response->form = entry->form;
    response->ranges = entry->ranges;
    response->issue = entry->issue;
    response->attachment = entry->attachment;
    response->cacheable = true;
    describe(cache, entry, response);
    add_body(cache, entry, gzip, response);
    return true;
}

static void drop(struct nl_cache *cache, struct entry *entry) {
    cache->size -= entry->body.len + entry->packed.len;
    free(entry->key);
    nl_buf_free(&entry->body);
    nl_buf_free(&entry->packed);
    *entry = (struct entry){0};
}

/* An empty place. */
static struct entry *make_room(struct nl_cache *cache, size_t len) {
    for (;;) {
        struct entry *oldest = NULL;
        struct entry *empty = NULL;
        for (size_t i = 0; i < ENTRIES; i++) {
            struct entry *entry = &cache->entries[i];
            if (entry->key == NULL)
                empty = entry;
            else if (oldest == NULL || entry->used < oldest->used)
                oldest = entry;
        }
        if ((empty != NULL && cache->size + len <= cache->limit) || oldest == NULL)
            return empty;
        drop(cache, oldest);
    }
}

static void make_etag(const struct nl_response *response, char out[NL_ETAG]) {
    char digest[NL_HEX_LEN];
    nl_digest_hex(nl_buf_text(&response->body), response->body.len, digest);
    snprintf(out, NL_ETAG, "\"%.16s\"", digest);
}

void nl_cache_put(struct nl_cache *cache, const char *key, struct nl_response *response) {
    struct entry *before = find(cache, key);
    struct entry made = {.type = response->type,
                         .form = response->form,
                         .ranges = response->ranges,
                         .issue = response->issue,
                         .attachment = response->attachment,
                         .changed_at = cache->now,
                         .state = cache->state,
                         .used = ++cache->uses};
    make_etag(response, made.etag);
    if (before != NULL && strcmp(before->etag, made.etag) == 0) {
        made.changed_at = before->changed_at;
        made.packed = before->packed;
        cache->size -= made.packed.len;
        before->packed = (struct nl_buf){0};
    }
    if (before != NULL)
        drop(cache, before);
    describe(cache, &made, response);
    if (response->body.len > cache->limit / LARGEST_SHARE) {
        nl_buf_free(&made.packed);
        return;
    }
    struct entry *place = make_room(cache, response->body.len);
    nl_buf_add(&made.body, nl_buf_text(&response->body), response->body.len);
    made.key = nl_strdup(key);
    if (place == NULL) {
        free(made.key);
        nl_buf_free(&made.body);
        nl_buf_free(&made.packed);
        return;
    }
    *place = made;
    cache->size += made.body.len + made.packed.len;
}

void nl_cache_free(struct nl_cache *cache) {
    for (size_t i = 0; cache != NULL && i < ENTRIES; i++)
        if (cache->entries[i].key != NULL)
            drop(cache, &cache->entries[i]);
    if (cache != NULL)
        nl_buf_free(&cache->revision);
    free(cache);
}
