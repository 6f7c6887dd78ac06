#include "newsletter/store/relay_note.h"

#include "newsletter/db/sql.h"

enum { WEEK = 7 * 86400 };

enum nl_status nl_relay_note_broken(struct nl_store *store, const char *relay,
                                    struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO setting (key, value) VALUES ('relay without chunking ' || ?1, "
                      "CAST(?2 AS TEXT)) ON CONFLICT (key) DO UPDATE SET value = CAST(?2 AS TEXT)",
                      NL_VALUES(NL_STRING(relay), NL_INT(nl_store_now(store))));
}

enum nl_status nl_relay_note_read(struct nl_store *store, const char *relay, bool *broken,
                                  struct nl_error *err) {
    return nl_sql_exists(store, err, broken,
                         "SELECT 1 FROM setting WHERE key = 'relay without chunking ' || ?1 AND "
                         "CAST(value AS BIGINT) > ?2",
                         NL_VALUES(NL_STRING(relay), NL_INT(nl_store_now(store) - WEEK)));
}
