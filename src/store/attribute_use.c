#include "newsletter/store/attribute_use.h"

#include "newsletter/base/buf.h"
#include "newsletter/db/sql.h"

enum nl_status nl_attribute_is_used(struct nl_store *store, const char *name, bool *used,
                                    struct nl_error *err) {
    struct nl_buf path = {0};
    int64_t one = 0;
    nl_buf_addf(&path, "$.\"%s\"", name);
    enum nl_status status =
        nl_sql_first(store, err, used,
                     "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM subscriber) OR EXISTS (SELECT 1 "
                     "FROM subscriber WHERE json_extract(attributes, ?) IS NOT NULL)",
                     NL_VALUES(NL_STRING(nl_buf_text(&path))), NL_COLUMNS(NL_INTO(&one)));
    nl_buf_free(&path);
    return status;
}
