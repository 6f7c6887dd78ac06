#include "store/unanswered.h"

#include "newsletter/base/token.h"
#include "newsletter/db/sql.h"

#include <stdlib.h>

enum { UNCONFIRMED_MAILS = 3 };

static void digest_of(const struct nl_store *store, const char *key,
                      char out[NL_MAC_TEXT_LEN + 1]) {
    nl_mac(nl_store_secret(store), "unanswered", key, out);
}

enum nl_status nl_unanswered_read(struct nl_store *store, const char *key,
                                  struct nl_unanswered *out, struct nl_error *err) {
    char digest[NL_MAC_TEXT_LEN + 1];
    digest_of(store, key, digest);
    *out = (struct nl_unanswered){0};
    return nl_sql_first(store, err, NULL, "SELECT mails, last_at FROM unanswered WHERE digest = ?",
                        NL_VALUES(NL_STRING(digest)),
                        NL_COLUMNS(NL_INTO(&out->mails), NL_INTO(&out->last_at)));
}

enum nl_status nl_unanswered_add(struct nl_store *store, const char *key, struct nl_error *err) {
    char digest[NL_MAC_TEXT_LEN + 1];
    digest_of(store, key, digest);
    return nl_sql_run(store, err,
                      "INSERT INTO unanswered (digest, mails, last_at) VALUES (?1, 1, ?2) ON "
                      "CONFLICT (digest) DO UPDATE SET mails = unanswered.mails + 1, last_at = ?2",
                      NL_VALUES(NL_STRING(digest), NL_INT(nl_store_now(store))));
}

enum nl_status nl_unanswered_clear(struct nl_store *store, int64_t subscriber,
                                   struct nl_error *err) {
    char digest[NL_MAC_TEXT_LEN + 1];
    char *key = NULL;
    enum nl_status status =
        nl_sql_first(store, err, NULL, "SELECT address_key FROM subscriber WHERE id = ?",
                     NL_VALUES(NL_INT(subscriber)), NL_COLUMNS(NL_INTO(&key)));
    if (status != NL_OK || key == NULL)
        return status;
    digest_of(store, key, digest);
    free(key);
    return nl_sql_run(store, err, "DELETE FROM unanswered WHERE digest = ?",
                      NL_VALUES(NL_STRING(digest)));
}

int64_t nl_unanswered_wait(const struct nl_unanswered *unanswered, bool confirmed,
                           int64_t interval) {
    enum { HOURS_OF_A_DAY = 24, HOURS_OF_A_WEEK = 168 };
    if (!confirmed && unanswered->mails >= UNCONFIRMED_MAILS)
        return -1;
    return unanswered->mails <= 1   ? interval
           : unanswered->mails == 2 ? interval * HOURS_OF_A_DAY
                                    : interval * HOURS_OF_A_WEEK;
}
