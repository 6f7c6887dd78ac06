/* Addresses of ours that mail hosts refuse, for all processes: an address is left alone where it
 * was refused, and its mail goes out from another one. */
#ifndef NEWSLETTER_STORE_SOURCE_PAUSE_H
#define NEWSLETTER_STORE_SOURCE_PAUSE_H

#include "newsletter/db/handle.h"

#include <stdbool.h>
#include <stdint.h>

enum { NL_SOURCE_PAUSES = 200, NL_PAUSE_PLACE = 254, NL_PAUSE_REASON = 256 };

struct nl_source_pause {
    char address[48];           /* of ours */
    char place[NL_PAUSE_PLACE]; /* a provider, or the first mail host of a destination */
    int64_t until;
    int64_t times;                /* in a row */
    char reason[NL_PAUSE_REASON]; /* the words of the mail host */
    int64_t worked_at;            /* when a message from the address was last accepted at any place,
                                     as far as is noted; 0: not known */
};

/* Notes it, in place of an earlier one of the same address and place. */
NL_CHECKED enum nl_status nl_source_pause_write(struct nl_store *store,
                                                const struct nl_source_pause *pause,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Forgets it: the address is accepted again. */
NL_CHECKED enum nl_status nl_source_pause_drop(struct nl_store *store, const char *address,
                                               const char *place,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Notes that a message from an address of ours was accepted now, wherever that was. */
NL_CHECKED enum nl_status nl_source_works_write(struct nl_store *store, const char *address,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Reads all pauses, also those that ended in the last week, by address and place: NL_SOURCE_PAUSES
 * at most. *out is freed with free. */
NL_CHECKED enum nl_status nl_source_pause_read(struct nl_store *store, struct nl_source_pause **out,
                                               size_t *count, struct nl_error *err) NL_ALL_NONNULL;

/* Removes those that ended a week ago, and what is too old of addresses that work. */
NL_CHECKED enum nl_status nl_source_pause_forget(struct nl_store *store,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* An address that is refused in this many places at once, and was accepted nowhere for so many
 * seconds, is refused by everybody. */
enum { NL_PAUSES_EVERYWHERE = 3, NL_SOURCE_WORKS = 30 * 86400 };

/* Whether an address is paused at a place at a time, by these pauses; *until is when that ends. A
 * single place pauses it there alone, since anybody can have a mail host that says anything, or
 * three. */
bool nl_source_is_paused(const struct nl_source_pause *pauses, size_t count, const char *address,
                         const char *place, int64_t now, int64_t *until) NL_NONNULL(3, 4, 6);

#endif
