#include "newsletter/base/address.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/subscription.h"

#include <stdlib.h>

enum nl_status nl_subscriber_mask(struct nl_store *store, int64_t subscriber, bool new_one,
                                  struct nl_buf *out, struct nl_error *err) {
    char *address = NULL;
    enum nl_status status =
        nl_sql_first(store, err, NULL,
                     new_one ? "SELECT address FROM address_change WHERE subscriber = ?"
                             : "SELECT address FROM subscriber WHERE id = ?",
                     NL_VALUES(NL_INT(subscriber)), NL_COLUMNS(NL_INTO(&address)));
    if (status == NL_OK && address != NULL)
        nl_address_mask(address, out);
    free(address);
    return status;
}

enum nl_status nl_subscription_find(struct nl_store *store, const struct nl_address *address,
                                    int64_t list, enum nl_subscription_state *state,
                                    struct nl_error *err) {
    char *word = NULL;
    enum nl_status status =
        nl_sql_first(store, err, NULL,
                     "SELECT s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                     "WHERE r.address_key = ? AND s.list = ?",
                     NL_VALUES(NL_STRING(address->key), NL_INT(list)), NL_COLUMNS(NL_INTO(&word)));
    *state = NL_SUBSCRIPTION_ANY;
    if (status == NL_OK && word != NULL && !nl_subscription_state_parse(word, state))
        status = nl_error_set(err, NL_INTERNAL, "'%s' is not a state of a subscription", word);
    free(word);
    return status;
}
