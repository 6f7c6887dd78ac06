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
