/* With SQLite, the messages that a run has sent are counted here, those of a turn together. Nearly
 * all outcomes are such. A trigger counts each other change by itself (migration 0042);
 * lease_until = 0 tells it that these are counted. */
#include "store/delivery_sent.h"

#include "newsletter/base/memory.h"
#include "newsletter/db/sql.h"

#include <stdlib.h>
#include <string.h>

/* The messages of a turn that were sent, at one moment: each with its domain. */
struct sent {
    int64_t issue, at;
    char **domains;
    size_t count;
};

static enum nl_status add_domain(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    (void)err;
    struct sent *sent = context;
    char *copy = nl_strdup(nl_sql_text(row, 0));
    sent->domains[sent->count++] = copy;
    return NL_OK;
}

/* A lease that somebody has ended by hand, with 0, is left to the trigger. */
static enum nl_status record_sent(struct nl_store *store, const struct nl_record *record,
                                  const char *owner, int64_t at, bool *done, struct nl_error *err) {
    const struct nl_result *result = record->result;
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE delivery SET state = 'sent', attempts = attempts + 1, updated_at = ?1, "
                   "next_attempt_at = NULL, reply_code = nullif(?2, 0), reply_status = nullif(?3, "
                   "''), reply_text = ?4, lease_owner = NULL, lease_until = 0, dot_at = NULL, "
                   "paced_at = NULL WHERE id = ?5 AND lease_owner = ?6 AND state = 'leased' AND "
                   "lease_until <> 0",
                   NL_VALUES(NL_INT(at), NL_INT(result->code), NL_STRING(result->status),
                             NL_STRING(result->text), NL_INT(record->delivery), NL_STRING(owner)));
    *done = status == NL_OK && nl_sql_changes(store) > 0;
    return status;
}

static enum nl_status find_domain(struct nl_store *store, int64_t delivery, struct sent *sent,
                                  struct nl_error *err) {
    return nl_sql_each(store, err, add_domain, sent,
                       "SELECT p.domain FROM delivery d JOIN subscription_domain p ON "
                       "p.subscription = d.subscription WHERE d.id = ?",
                       NL_VALUES(NL_INT(delivery)));
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum nl_status count_domains(struct nl_store *store, const struct sent *sent,
                                    struct nl_error *err) {
    enum nl_status status = NL_OK;
    qsort(sent->domains, sent->count, sizeof *sent->domains, compare);
    for (size_t i = 0, next = 0; status == NL_OK && i < sent->count; i = next) {
        while (next < sent->count && strcmp(sent->domains[next], sent->domains[i]) == 0)
            next++;
        status = nl_sql_run(store, err,
                            "UPDATE issue_domain SET waiting = waiting - ?2, sent = sent + ?2 "
                            "WHERE issue = ?1 AND domain = ?3 AND slot = 0",
                            NL_VALUES(NL_INT(sent->issue), NL_INT((int64_t)(next - i)),
                                      NL_STRING(sent->domains[i])));
    }
    return status;
}

static enum nl_status count_sent(struct nl_store *store, const struct sent *sent,
                                 struct nl_error *err) {
    if (sent->count == 0)
        return NL_OK;
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE issue_total SET waiting = waiting - ?2, sent = sent + ?2 "
                   "WHERE issue = ?1 AND slot = 0",
                   NL_VALUES(NL_INT(sent->issue), NL_INT((int64_t)sent->count)));
    if (status == NL_OK)
        status = count_domains(store, sent, err);
    return status == NL_OK
               ? nl_sql_run(
                     store, err,
                     "INSERT INTO issue_second (issue, second, slot, sent) VALUES (?1, ?2, "
                     "0, ?3) ON CONFLICT (issue, second, slot) DO UPDATE SET "
                     "sent = sent + excluded.sent",
                     NL_VALUES(NL_INT(sent->issue), NL_INT(sent->at), NL_INT((int64_t)sent->count)))
               : status;
}

enum nl_status nl_delivery_record_sent(struct nl_store *store, int64_t issue,
                                       const struct nl_record *records, size_t count,
                                       const char *owner, bool *done, struct nl_error *err) {
    struct sent sent = {.issue = issue,
                        .at = nl_store_now(store),
                        .domains = nl_calloc(count, sizeof *sent.domains)};
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < count; i++) {
        if (records[i].result->outcome != NL_SENT)
            continue;
        status = record_sent(store, &records[i], owner, sent.at, &done[i], err);
        if (status == NL_OK && done[i])
            status = find_domain(store, records[i].delivery, &sent, err);
    }
    if (status == NL_OK)
        status = count_sent(store, &sent, err);
    for (size_t i = 0; i < sent.count; i++)
        free(sent.domains[i]);
    free(sent.domains);
    return status;
}
