#include "proof/numbered.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_ROOM = 64 };

static size_t place_of(const struct nl_numbered *table, int64_t key) {
    uint64_t mixed = (uint64_t)key * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(mixed >> 20) & (table->room - 1);
    while (table->keys[at] != 0 && table->keys[at] != key)
        at = (at + 1) & (table->room - 1);
    return at;
}

static void grow(struct nl_numbered *table) {
    struct nl_numbered grown = {.size = table->size,
                                .count = table->count,
                                .room = table->room > 0 ? 2 * table->room : LEAST_ROOM};
    grown.keys = nl_calloc(grown.room, sizeof grown.keys[0]);
    grown.values = nl_calloc(grown.room, grown.size);
    for (size_t i = 0; i < table->room; i++) {
        if (table->keys[i] == 0)
            continue;
        size_t at = place_of(&grown, table->keys[i]);
        grown.keys[at] = table->keys[i];
        memcpy(grown.values + at * grown.size, table->values + i * table->size, table->size);
    }
    nl_numbered_drop(table);
    *table = grown;
}

void *nl_numbered_put(struct nl_numbered *table, int64_t key) {
    if (3 * table->count >= 2 * table->room)
        grow(table);
    size_t at = place_of(table, key);
    table->count += table->keys[at] == 0;
    table->keys[at] = key;
    return table->values + at * table->size;
}

void *nl_numbered_find(const struct nl_numbered *table, int64_t key) {
    if (table->room == 0 || key == 0)
        return NULL;
    size_t at = place_of(table, key);
    return table->keys[at] != 0 ? table->values + at * table->size : NULL;
}

void *nl_numbered_next(const struct nl_numbered *table, size_t *at, int64_t *key) {
    while (*at < table->room && table->keys[*at] == 0)
        ++*at;
    if (*at >= table->room)
        return NULL;
    *key = table->keys[*at];
    return table->values + (*at)++ * table->size;
}

void nl_numbered_drop(struct nl_numbered *table) {
    free(table->keys);
    free(table->values);
    *table = (struct nl_numbered){.size = table->size};
}
