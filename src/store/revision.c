#include "newsletter/store/revision.h"

#include "newsletter/db/sql.h"

#include <stdlib.h>

enum nl_status nl_store_revision(struct nl_store *store, struct nl_buf *out, struct nl_error *err) {
    return nl_sql_list(store, nl_sql_dialect(store)->revision, out, err);
}
