/* Challenges, each of which is good once. */
#ifndef NL_STORE_CHALLENGE_H
#define NL_STORE_CHALLENGE_H

#include "newsletter/db/handle.h"

/* Remembers a challenge (base/passkey.h) for as long as it would be good. NL_DATA with the text
 * `late` for one that is remembered. */
enum nl_status nl_challenge_use_up(struct nl_store *store, const char *challenge, const char *late,
                                   struct nl_error *err);

#endif
