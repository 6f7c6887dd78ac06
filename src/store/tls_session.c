#include "newsletter/store/tls_session.h"

#include "newsletter/base/buf.h"
#include "newsletter/db/sql.h"
#include "store/setting.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_LEN = 11 };

/* Days are those of UTC, as in reports (RFC 8460 section 4.1). */
static void today(const struct nl_store *store, char out[DAY_LEN]) {
    time_t now = (time_t)nl_store_now(store);
    struct tm parts = {0};
    gmtime_r(&now, &parts);
    strftime(out, DAY_LEN, "%Y-%m-%d", &parts);
}

struct adding {
    const struct nl_tls_session *items;
    size_t count;
};

static enum nl_status add(struct nl_store *store, void *context, struct nl_error *err) {
    const struct adding *adding = context;
    char day[DAY_LEN];
    int64_t rows = 0;
    today(store, day);
    enum nl_status status =
        nl_sql_number(store, err, &rows, NULL, "SELECT count(*) FROM tls_session WHERE day = ?",
                      NL_VALUES(NL_STRING(day)));
    if (rows >= NL_TLS_SESSION_ROWS)
        return status;
    for (size_t i = 0; status == NL_OK && i < adding->count; i++) {
        const struct nl_tls_session *one = &adding->items[i];
        status = nl_sql_run(
            store, err,
            "INSERT INTO tls_session (day, domain, kind, policy, result, server, address, source, "
            "detail, sessions) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (day, "
            "domain, kind, policy, result, server, address, source, detail) DO UPDATE SET "
            "sessions = tls_session.sessions + ?10",
            NL_VALUES(NL_STRING(day), NL_STRING(one->domain), NL_STRING(one->kind),
                      NL_STRING(one->policy), NL_STRING(one->result), NL_STRING(one->server),
                      NL_STRING(one->address), NL_STRING(one->source), NL_STRING(one->detail),
                      NL_INT(one->count)));
    }
    return status;
}

enum nl_status nl_tls_sessions_add(struct nl_store *store, const struct nl_tls_session *sessions,
                                   size_t count, struct nl_error *err) {
    struct adding adding = {sessions, count};
    return count == 0 ? NL_OK : nl_sql_exclusive(store, add, &adding, err);
}

struct due {
    enum nl_status (*each)(const char *day, const char *domain, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_due(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct due *due = context;
    return due->each(nl_sql_text(row, 0), nl_sql_text(row, 1), due->ctx, err);
}

enum nl_status nl_tls_sessions_due(struct nl_store *store, size_t most,
                                   enum nl_status (*each)(const char *day, const char *domain,
                                                          void *ctx, struct nl_error *err),
                                   void *ctx, struct nl_error *err) {
    struct due due = {each, ctx};
    char day[DAY_LEN];
    today(store, day);
    return nl_sql_each(
        store, err, visit_due, &due,
        "SELECT DISTINCT t.day, t.domain FROM tls_session t WHERE t.day < ?1 AND "
        "NOT EXISTS (SELECT 1 FROM setting s WHERE s.key = 'tls report wait ' || "
        "t.day || ' ' || t.domain AND CASE WHEN s.key LIKE 'tls report wait %' THEN "
        "CAST(s.value AS BIGINT) END > ?3) ORDER BY t.day, t.domain LIMIT ?2",
        NL_VALUES(NL_STRING(day), NL_INT((int64_t)most), NL_INT(nl_store_now(store))));
}

struct walk {
    enum nl_status (*each)(const struct nl_tls_session *session, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct walk *walk = context;
    const struct nl_tls_session session = {.domain = nl_sql_text(row, 0),
                                           .kind = nl_sql_text(row, 1),
                                           .policy = nl_sql_text(row, 2),
                                           .result = nl_sql_text(row, 3),
                                           .server = nl_sql_text(row, 4),
                                           .address = nl_sql_text(row, 5),
                                           .source = nl_sql_text(row, 6),
                                           .detail = nl_sql_text(row, 7),
                                           .count = nl_sql_int(row, 8)};
    return walk->each(&session, walk->ctx, err);
}

enum nl_status nl_tls_sessions_each(struct nl_store *store, const char *day, const char *domain,
                                    enum nl_status (*each)(const struct nl_tls_session *session,
                                                           void *ctx, struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    struct walk walk = {each, ctx};
    return nl_sql_each(store, err, visit, &walk,
                       "SELECT domain, kind, policy, result, server, address, source, detail, "
                       "sessions FROM tls_session WHERE day = ? AND domain = ? ORDER BY kind, "
                       "policy, result, server, address, source, detail",
                       NL_VALUES(NL_STRING(day), NL_STRING(domain)));
}

/* ---- reports that wait ---- */

static const char WAIT[] = "tls report wait ";
static const char REACHED[] = "tls report reached ";

struct waiting {
    const char *day, *domain, *reached; /* `reached` is NULL where nothing waits any more */
    int64_t until;
};

static enum nl_status write_waiting(struct nl_store *store, void *context, struct nl_error *err) {
    const struct waiting *waiting = context;
    struct nl_buf name = {0};
    char until[24];
    snprintf(until, sizeof until, "%lld", (long long)waiting->until);
    nl_buf_addf(&name, "%s %s", waiting->day, waiting->domain);
    enum nl_status status = NL_OK;
    if (waiting->reached == NULL) {
        status = nl_setting_drop(store, WAIT, name.data, err);
        if (status == NL_OK)
            status = nl_setting_drop(store, REACHED, name.data, err);
    } else {
        status = nl_setting_put(store, WAIT, name.data, until, err);
        if (status == NL_OK)
            status = nl_setting_put(store, REACHED, name.data, waiting->reached, err);
    }
    nl_buf_free(&name);
    return status;
}

enum nl_status nl_tls_report_wait(struct nl_store *store, const char *day, const char *domain,
                                  int64_t seconds, const char *reached, struct nl_error *err) {
    struct waiting waiting = {day, domain, reached, nl_store_now(store) + seconds};
    return nl_sql_exclusive(store, write_waiting, &waiting, err);
}

static enum nl_status add_reached(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    (void)err;
    nl_buf_adds(context, nl_sql_text(row, 0));
    return NL_OK;
}

enum nl_status nl_tls_report_reached(struct nl_store *store, const char *day, const char *domain,
                                     struct nl_buf *out, struct nl_error *err) {
    return nl_sql_each(store, err, add_reached, out,
                       "SELECT value FROM setting WHERE key = CAST(?1 AS TEXT) || CAST(?2 AS TEXT) "
                       "|| ' ' || CAST(?3 AS TEXT)",
                       NL_VALUES(NL_STRING(REACHED), NL_STRING(day), NL_STRING(domain)));
}

static enum nl_status drop(struct nl_store *store, void *context, struct nl_error *err) {
    const struct waiting *waiting = context;
    enum nl_status status =
        nl_sql_run(store, err, "DELETE FROM tls_session WHERE day = ? AND domain = ?",
                   NL_VALUES(NL_STRING(waiting->day), NL_STRING(waiting->domain)));
    return status == NL_OK ? write_waiting(store, context, err) : status;
}

enum nl_status nl_tls_sessions_drop(struct nl_store *store, const char *day, const char *domain,
                                    struct nl_error *err) {
    struct waiting none = {.day = day, .domain = domain};
    return nl_sql_exclusive(store, drop, &none, err);
}
