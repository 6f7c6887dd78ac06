/* A table of fixed-size values by number, for what an audit remembers of millions of rows. */
#ifndef NL_PROOF_NUMBERED_H
#define NL_PROOF_NUMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Set `size` and zero the rest; free with nl_table_drop. */
struct nl_numbered {
    size_t size; /* of a value */
    size_t count, room;
    int64_t *keys; /* 0: free */
    unsigned char *values;
};

/* The value of a number, which is not 0; a zeroed one where there was none. It
 * stays in its place until the next call. */
void *nl_numbered_put(struct nl_numbered *table, int64_t key);

/* NULL where there is none. */
void *nl_numbered_find(const struct nl_numbered *table, int64_t key);

/* Walks through all: *at begins as 0. NULL at the end. */
void *nl_numbered_next(const struct nl_numbered *table, size_t *at, int64_t *key);

void nl_numbered_drop(struct nl_numbered *table);

#endif
