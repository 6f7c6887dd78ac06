/* Messages that were sent, in a file: nearly all outcomes. A trigger counts each other change by
 * itself (migration 0042). These are counted here, those of a turn together; lease_until = 0 tells
 * the trigger so. */
#include "store/delivery_sent.h"

#include "newsletter/db/sql.h"

#include <stdlib.h>
#include <string.h>

struct domain {
    char *name;
    int64_t sent;
};

/* The domains of a turn's messages. There is room for one each. */
struct domains {
    struct domain *items;
    size_t count;
};

static enum nl_status add_domain(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    struct domains *domains = context;
    const char *name = nl_sql_text(row, 0);
    size_t at = 0;
    while (at < domains->count && strcmp(domains->items[at].name, name) != 0)
        at++;
    if (at == domains->count) {
        char *copy = strdup(name);
        if (copy == NULL)
            return nl_error_nomem(err);
        domains->items[domains->count++] = (struct domain){.name = copy};
    }
    domains->items[at].sent++;
    return NL_OK;
}

static enum nl_status record_one(struct nl_store *store, const struct nl_record *record,
                                 const char *owner, bool *done, struct nl_error *err) {
    const struct nl_result *result = record->result;
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE delivery SET state = 'sent', attempts = attempts + 1, updated_at = ?1, "
        "next_attempt_at = NULL, reply_code = nullif(?2, 0), reply_status = nullif(?3, "
        "''), reply_text = ?4, lease_owner = NULL, lease_until = 0, dot_at = NULL, "
        "paced_at = NULL WHERE id = ?5 AND lease_owner = ?6 AND state = 'leased'",
        NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(result->code), NL_STRING(result->status),
                  NL_STRING(result->text), NL_INT(record->delivery), NL_STRING(owner)));
    *done = status == NL_OK && nl_sql_changes(store) > 0;
    return status;
}

static enum nl_status find_domain(struct nl_store *store, int64_t delivery, struct domains *domains,
                                  struct nl_error *err) {
    return nl_sql_each(store, err, add_domain, domains,
                       "SELECT p.domain FROM delivery d JOIN subscription_domain p ON "
                       "p.subscription = d.subscription WHERE d.id = ?",
                       NL_VALUES(NL_INT(delivery)));
}

static enum nl_status count_sent(struct nl_store *store, int64_t issue, int64_t sent,
                                 const struct domains *domains, struct nl_error *err) {
    if (sent == 0)
        return NL_OK;
    enum nl_status status = nl_sql_run(store, err,
                                       "UPDATE issue_total SET waiting = waiting - ?2, "
                                       "sent = sent + ?2 WHERE issue = ?1 AND slot = 0",
                                       NL_VALUES(NL_INT(issue), NL_INT(sent)));
    for (size_t i = 0; status == NL_OK && i < domains->count; i++)
        status = nl_sql_run(store, err,
                            "UPDATE issue_domain SET waiting = waiting - ?2, sent = sent + ?2 "
                            "WHERE issue = ?1 AND domain = ?3 AND slot = 0",
                            NL_VALUES(NL_INT(issue), NL_INT(domains->items[i].sent),
                                      NL_STRING(domains->items[i].name)));
    return status == NL_OK
               ? nl_sql_run(store, err,
                            "INSERT INTO issue_second (issue, second, slot, sent) "
                            "VALUES (?1, ?2, 0, ?3) ON CONFLICT (issue, second, slot) "
                            "DO UPDATE SET sent = sent + excluded.sent",
                            NL_VALUES(NL_INT(issue), NL_INT(nl_store_now(store)), NL_INT(sent)))
               : status;
}

enum nl_status nl_delivery_record_sent(struct nl_store *store, int64_t issue,
                                       const struct nl_record *records, size_t count,
                                       const char *owner, bool *done, struct nl_error *err) {
    struct domains domains = {.items = calloc(count, sizeof *domains.items)};
    enum nl_status status = domains.items != NULL ? NL_OK : nl_error_nomem(err);
    int64_t sent = 0;
    for (size_t i = 0; status == NL_OK && i < count; i++) {
        if (records[i].result->outcome != NL_SENT)
            continue;
        status = record_one(store, &records[i], owner, &done[i], err);
        if (status == NL_OK && done[i])
            status = find_domain(store, records[i].delivery, &domains, err);
        sent += done[i];
    }
    if (status == NL_OK)
        status = count_sent(store, issue, sent, &domains, err);
    for (size_t i = 0; i < domains.count; i++)
        free(domains.items[i].name);
    free(domains.items);
    return status;
}
