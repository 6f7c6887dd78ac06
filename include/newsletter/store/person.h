/* Data subjects: everything that is known of a person, and erasing it. */
#ifndef NEWSLETTER_STORE_PERSON_H
#define NEWSLETTER_STORE_PERSON_H

#include "newsletter/base/address.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/state.h"

#include <jansson.h>

/* The subscriber with that address. NL_NOTFOUND when there is none. */
NL_CHECKED enum nl_status nl_person_find(struct nl_store *store, const struct nl_address *address,
                                         int64_t *subscriber, struct nl_error *err) NL_ALL_NONNULL;

/* NL_NOTFOUND unless there is a subscriber of that number who has not been erased. */
NL_CHECKED enum nl_status nl_person_check(struct nl_store *store, int64_t subscriber,
                                          struct nl_error *err) NL_ALL_NONNULL;

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
 * In an exclusive transaction of the caller's, in which they were read. */
NL_CHECKED enum nl_status nl_person_write(struct nl_store *store, const struct nl_person *person,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Which people: NULL, ANY and 0 stand for all. */
struct nl_person_query {
    const char *part;                 /* of their address or name; small and capital letters are the
                                         same */
    int64_t list;                     /* with a subscription to this list */
    enum nl_subscription_state state; /* with a subscription (to it) in this state */
    const char *after;                /* a place: only those after it */
    int64_t limit;                    /* at most this many people; more than 0 */
};
enum { NL_PART_MOST = 400 }; /* bytes of a part */

/* Calls `each` for people: all in the order of their addresses, those with a part in the order in
 * which they became known. `place` is where each one stands in that order. Erased people are left
 * out. A part of one letter is the beginning of an address or a name, one of two letters the
 * beginning of an address or of a word of the name; longer ones are found anywhere. With an index
 * (nl_persons_indexed) only people are read who have all letters of the part, three by three.
 * NL_DATA for a part that is too long, or an invalid place. */
NL_CHECKED enum nl_status nl_persons_each(
    struct nl_store *store, const struct nl_person_query *query,
    enum nl_status (*each)(int64_t subscriber, const char *place, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

/* Whether an index finds people by a part. Some databases have none. */
NL_CHECKED enum nl_status nl_persons_indexed(struct nl_store *store, bool *indexed,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* The facts about a person: id, address, name, language, attributes, created_at,
 * new_address, subscriptions with their consent, and whether they are suppressed. The caller frees
 * *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_person_facts(struct nl_store *store, int64_t subscriber, json_t **out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Everything that is stored of a subscriber, as a JSON object. With a `limit`, at most that many
 * rows of each kind, the newest; "left_out" names the kinds that have more. 0: all. The caller
 * frees *json.
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
