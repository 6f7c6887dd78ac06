/* Data subjects: everything that is known of a person, and erasing it. */
#ifndef NEWSLETTER_STORE_PERSON_H
#define NEWSLETTER_STORE_PERSON_H

#include "newsletter/base/address.h"
#include "newsletter/db/handle.h"

/* The subscriber with that address. NL_NOTFOUND when there is none. */
NL_CHECKED enum nl_status nl_person_find(struct nl_store *store, const struct nl_address *address,
                                         int64_t *subscriber, struct nl_error *err) NL_ALL_NONNULL;

/* A person, as an operator can correct them. Optional texts are NULL. Free with nl_person_free. */
struct nl_person {
    int64_t id;
    char *address;
    char *name;
    char *language;
    char *attributes; /* a JSON object */
};
NL_CHECKED enum nl_status nl_person_read(struct nl_store *store, int64_t subscriber,
                                         struct nl_person *out,
                                         struct nl_error *err) NL_ALL_NONNULL;
void nl_person_free(struct nl_person *person);

/* Writes name, language and attributes, which the caller has checked, and notes it in the history.
 */
NL_CHECKED enum nl_status nl_person_write(struct nl_store *store, const struct nl_person *person,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* One subscription of somebody who was looked for; a person without any has no list. Borrowed for
 * the time of a call. */
struct nl_person_row {
    const char *address, *name, *language;
    const char *list, *state;
    int64_t since; /* when it began, or ended */
};

/* Calls `each` for people whose address or name holds `part` (NULL: everybody), in the order of
 * their addresses, at most `limit` rows (0: all). Small and capital letters are the same. */
NL_CHECKED enum nl_status nl_persons_each(struct nl_store *store, const char *part, int64_t limit,
                                          enum nl_status (*each)(const struct nl_person_row *row,
                                                                 void *ctx, struct nl_error *err),
                                          void *ctx, struct nl_error *err) NL_NONNULL(1, 4, 6);

/* Everything that is stored of a subscriber, as a JSON object. With a `limit` at most so many rows
 * of each kind, the newest; "left_out" names the kinds that have more. 0: all. The caller frees
 * *json.
 */
NL_CHECKED enum nl_status nl_person_export(struct nl_store *store, int64_t subscriber,
                                           int64_t limit, char **json,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Forgets a subscriber: subscriptions end, what is queued is skipped, and every text that tells who
 * it was is removed, from the file too. Messages that were sent stay counted. A keyed digest of the
 * address remains, so that no import brings it back; a suppression stays. */
NL_CHECKED enum nl_status nl_person_erase(struct nl_store *store, int64_t subscriber,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Whether an address was erased. */
NL_CHECKED enum nl_status nl_person_was_erased(struct nl_store *store,
                                               const struct nl_address *address, bool *erased,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
