#include "db/copy_figures.h"

#include "newsletter/db/removed.h"

enum { COLUMNS_LIMIT = 12 };

#define SUM(column) "CAST(sum(" #column ") AS BIGINT)"
#define ENDED_SUMS                                                                                 \
    SUM(sent)                                                                                      \
    ", " SUM(deferred) ", " SUM(bounced) ", " SUM(failed) ", " SUM(unknown) ", " SUM(skipped)
#define OF_REMOVED(table, keys) " FROM " table " WHERE " NL_IS_REMOVED("issue") " GROUP BY " keys

/* Rows, one for each of the keys, go to slot 0. `types` as in struct nl_value. */
static const struct figures {
    const char *forget, *read, *write, *types;
} all_figures[] = {
    {"DELETE FROM issue_total WHERE " NL_IS_REMOVED("issue"),
     "SELECT issue, " SUM(waiting) ", " ENDED_SUMS OF_REMOVED("issue_total", "issue"),
     "INSERT INTO issue_total (issue, waiting, sent, deferred, bounced, failed, unknown, skipped, "
     "slot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
     "iiiiiiii"},
    {"DELETE FROM issue_domain WHERE " NL_IS_REMOVED("issue"),
     "SELECT issue, domain, " SUM(waiting) ", " ENDED_SUMS OF_REMOVED("issue_domain",
                                                                      "issue, domain"),
     "INSERT INTO issue_domain (issue, domain, waiting, sent, deferred, bounced, failed, unknown, "
     "skipped, slot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
     "isiiiiiii"},
    {"DELETE FROM issue_second WHERE " NL_IS_REMOVED("issue"),
     "SELECT issue, second, " ENDED_SUMS OF_REMOVED("issue_second", "issue, second"),
     "INSERT INTO issue_second (issue, second, sent, deferred, bounced, failed, unknown, skipped, "
     "slot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
     "iiiiiiii"},
    {"DELETE FROM issue_reason WHERE " NL_IS_REMOVED("issue"),
     "SELECT issue, kind, reason, " SUM(times) OF_REMOVED("issue_reason", "issue, kind, reason"),
     "INSERT INTO issue_reason (issue, kind, reason, times, slot) VALUES (?, ?, ?, ?, 0)", "issi"},
};

struct target {
    struct nl_store *store;
    struct nl_statement *insert;
    const char *types;
};

static enum nl_status put_row(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    const struct target *target = ctx;
    struct nl_value values[COLUMNS_LIMIT + 1] = {{0}};
    for (int i = 0; target->types[i] != '\0'; i++)
        values[i] =
            target->types[i] == 'i' ? NL_INT(nl_sql_int(row, i)) : NL_STRING(nl_sql_text(row, i));
    return nl_sql_put(target->store, target->insert, values, err);
}

static enum nl_status copy_one(struct nl_store *from, struct nl_store *to,
                               const struct figures *figures, struct nl_error *err) {
    struct target target = {.store = to, .types = figures->types};
    enum nl_status status = nl_sql_run(to, err, figures->forget, NL_NO_VALUES);
    if (status == NL_OK)
        status = nl_sql_prepare(to, figures->write, &target.insert, err);
    if (status == NL_OK)
        status = nl_sql_each(from, err, put_row, &target, figures->read, NL_NO_VALUES);
    nl_sql_end(target.insert);
    return status;
}

enum nl_status nl_copy_figures(struct nl_store *from, struct nl_store *to, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof all_figures / sizeof all_figures[0]; i++)
        status = copy_one(from, to, &all_figures[i], err);
    return status;
}
