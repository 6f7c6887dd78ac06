#include "db/postgres/postgres.h"

#include <poll.h>

enum { STEP_MILLISECONDS = 1000 }; /* a signal may come just before poll */

/* The triggers of migrations/postgresql notify. */
static enum nl_status listen_for_changes(struct nl_store *store, struct nl_error *err) {
    struct nl_postgres *link = nl_postgres(store);
    enum nl_status status = nl_postgres_ensure(store, err);
    if (status == NL_OK && link->listens != link->sessions) {
        status = nl_postgres_script(store, "LISTEN newsletter", err);
        link->listens = link->sessions;
    }
    return status;
}

static bool take_notices(struct nl_postgres *link) {
    bool any = false;
    for (PGnotify *notice = NULL; (notice = PQnotifies(link->connection)) != NULL; any = true)
        PQfreemem(notice);
    return any;
}

enum nl_status nl_postgres_wait(struct nl_store *store, int64_t seconds,
                                const volatile sig_atomic_t *stop, struct nl_error *err) {
    enum nl_status status = listen_for_changes(store, err);
    struct nl_postgres *link = nl_postgres(store);
    if (status != NL_OK || take_notices(link))
        return status;
    for (; seconds > 0 && *stop == 0; seconds--) {
        struct pollfd fd = {.fd = PQsocket(link->connection), .events = POLLIN};
        if (poll(&fd, 1, STEP_MILLISECONDS) > 0 && PQconsumeInput(link->connection) == 0)
            return nl_postgres_error(store, NULL, err);
        if (take_notices(link))
            break;
    }
    return NL_OK;
}
