#include "store/challenge.h"

#include "newsletter/base/passkey.h"
#include "newsletter/base/token.h"
#include "newsletter/db/sql.h"

#include <string.h>

enum nl_status nl_challenge_use_up(struct nl_store *store, const char *challenge, const char *late,
                                   struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    int64_t now = nl_store_now(store);
    /* Kept until no clock finds the challenge good any more. */
    int64_t until = now + NL_CHALLENGE_SECONDS + NL_CHALLENGE_SLACK;
    nl_digest(challenge, strlen(challenge), digest);
    enum nl_status status = nl_sql_run(store, err, "DELETE FROM staff_challenge WHERE until < ?",
                                       NL_VALUES(NL_INT(now)));
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "INSERT INTO staff_challenge (digest, until) VALUES (?, ?) ON CONFLICT "
                            "DO NOTHING",
                            NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(until)));
    return status == NL_OK && nl_sql_changes(store) == 0 ? nl_error_set(err, NL_DATA, "%s", late)
                                                         : status;
}
