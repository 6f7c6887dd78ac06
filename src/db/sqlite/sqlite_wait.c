#include "db/sqlite/sqlite.h"

#include <time.h>

/* Changes when another connection has changed the file. */
static enum nl_status has_changed(struct nl_store *store, bool *changed, struct nl_error *err) {
    int64_t version = 0;
    enum nl_status status =
        nl_sql_number(store, err, &version, NULL, "PRAGMA main.data_version", NL_NO_VALUES);
    *changed = version != nl_sqlite(store)->version;
    nl_sqlite(store)->version = version;
    return status;
}

enum nl_status nl_sqlite_wait(struct nl_store *store, int64_t seconds,
                              const volatile sig_atomic_t *stop, struct nl_error *err) {
    const struct timespec second = {.tv_sec = 1};
    bool changed = false;
    enum nl_status status = has_changed(store, &changed, err);
    for (; status == NL_OK && !changed && seconds > 0 && *stop == 0; seconds--) {
        nanosleep(&second, NULL);
        status = has_changed(store, &changed, err);
    }
    return status;
}
