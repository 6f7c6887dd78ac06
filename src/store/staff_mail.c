#include "newsletter/store/staff_mail.h"

#include "newsletter/base/address.h"
#include "newsletter/base/catalog.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/issue_control.h"
#include "store/audited.h"

#include <stdlib.h>

/* ---- addresses ---- */

enum nl_status nl_staff_address(struct nl_store *store, const char *name, char **address,
                                struct nl_error *err) {
    *address = NULL;
    return nl_sql_first(store, err, NULL, "SELECT address FROM staff WHERE name = ?",
                        NL_VALUES(NL_STRING(name)), NL_COLUMNS(NL_INTO(address)));
}

struct new_address {
    const char *name, *address;
};

static enum nl_status set_address(struct nl_store *store, void *context, struct nl_error *err) {
    const struct new_address *change = context;
    enum nl_status status =
        nl_sql_run(store, err, "UPDATE staff SET address = ? WHERE name = ?",
                   NL_VALUES(NL_STRING(change->address), NL_STRING(change->name)));
    return status == NL_OK && nl_sql_changes(store) == 0
               ? nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no account '%s'"), change->name)
               : status;
}

enum nl_status nl_staff_set_address(struct nl_store *store, const char *name, const char *address,
                                    const struct nl_actor *by, struct nl_error *err) {
    struct nl_address parsed = {0};
    struct new_address change = {name, NULL};
    const struct nl_noted noted = {by, "account address", "account", name, NULL};
    enum nl_status status = NL_OK;
    if (address != NULL && address[0] != '\0') {
        status = nl_address_parse(address, &parsed, err);
        change.address = parsed.envelope;
    }
    if (status == NL_OK)
        status = nl_audited(store, set_address, &change, &noted, err);
    nl_address_free(&parsed);
    return status;
}

struct address_visit {
    enum nl_status (*each)(const char *name, const char *address, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_address(const struct nl_sql_row *row, void *context,
                                    struct nl_error *err) {
    const struct address_visit *visit = context;
    return visit->each(nl_sql_text(row, 0), nl_sql_text(row, 1), visit->ctx, err);
}

enum nl_status nl_staff_addresses(struct nl_store *store,
                                  enum nl_status (*each)(const char *name, const char *address,
                                                         void *ctx, struct nl_error *err),
                                  void *ctx, struct nl_error *err) {
    struct address_visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_address, &visit,
                       "SELECT name, address FROM staff WHERE address IS NOT NULL ORDER BY name",
                       NL_NO_VALUES);
}

/* ---- mails ---- */

enum nl_status nl_staff_mail_add(struct nl_store *store, const struct nl_staff_mail *mail,
                                 struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO staff_mail (about, sender, address, message, next_at) VALUES "
                      "(?, ?, ?, ?, ?) ON CONFLICT (about) DO NOTHING",
                      NL_VALUES(NL_STRING(mail->about), NL_STRING(mail->sender),
                                NL_STRING(mail->address), NL_BYTES(mail->message, mail->len),
                                NL_INT(nl_store_now(store))));
}

enum nl_status nl_staff_mail_known(struct nl_store *store, const char *about, bool *known,
                                   struct nl_error *err) {
    return nl_sql_exists(store, err, known, "SELECT 1 FROM staff_mail WHERE about = ?",
                         NL_VALUES(NL_STRING(about)));
}

/* One mail while it is sent. */
struct due {
    int64_t id;
    char *sender, *address, *message;
    size_t len;
};

/* Takes one mail for this process: of two that ask at once, one changes the row. */
static enum nl_status take(struct nl_store *store, int64_t id, struct due *out, bool *ours,
                           struct nl_error *err) {
    int64_t now = nl_store_now(store);
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE staff_mail SET next_at = CASE WHEN attempts + 1 < ?1 THEN CAST(?2 AS BIGINT) END, "
        "attempts = attempts + 1 WHERE id = ?3 AND next_at <= ?4",
        NL_VALUES(NL_INT(NL_STAFF_MAIL_TRIES), NL_INT(now + NL_STAFF_MAIL_WAIT), NL_INT(id),
                  NL_INT(now)));
    *ours = status == NL_OK && nl_sql_changes(store) > 0;
    if (!*ours)
        return status;
    out->id = id;
    return nl_sql_first(store, err, NULL,
                        "SELECT sender, address, message FROM staff_mail WHERE id = ?",
                        NL_VALUES(NL_INT(id)),
                        NL_COLUMNS(NL_INTO(&out->sender), NL_INTO(&out->address),
                                   NL_INTO_BYTES(&out->message, &out->len)));
}

enum nl_status nl_staff_mail_each_due(struct nl_store *store,
                                      enum nl_status (*each)(const struct nl_staff_mail *mail,
                                                             bool *sent, void *ctx,
                                                             struct nl_error *err),
                                      void *ctx, struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids,
                    "SELECT id FROM staff_mail WHERE next_at <= ? ORDER BY id LIMIT 100",
                    NL_VALUES(NL_INT(nl_store_now(store))));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++) {
        struct due due = {0};
        bool ours = false;
        bool sent = false;
        status = take(store, nl_ids_at(&ids, i), &due, &ours, err);
        const struct nl_staff_mail mail = {.id = due.id,
                                           .sender = due.sender,
                                           .address = due.address,
                                           .message = due.message,
                                           .len = due.len};
        if (status == NL_OK && ours)
            status = each(&mail, &sent, ctx, err);
        if (status == NL_OK && sent)
            status = nl_sql_run(store, err,
                                "UPDATE staff_mail SET next_at = NULL, message = ? WHERE id = ?",
                                NL_VALUES(NL_BYTES("", 0), NL_INT(due.id)));
        free(due.sender);
        free(due.address);
        free(due.message);
    }
    nl_buf_free(&ids);
    return status;
}

/* ---- issues ---- */

void nl_told_issue_free(struct nl_told_issue *issue) {
    free(issue->title);
    free(issue->account);
    free(issue->address);
    free(issue->pause_note);
    *issue = (struct nl_told_issue){0};
}

struct issue_visit {
    enum nl_status (*each)(const struct nl_told_issue *issue, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_issue(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    const struct issue_visit *visit = context;
    struct nl_told_issue issue = {.done = nl_sql_bool(row, 6), .since = nl_sql_int(row, 7)};
    enum nl_status status = nl_sql_read(
        row,
        NL_COLUMNS(NL_INTO(&issue.id), NL_INTO(&issue.list), NL_INTO(&issue.title),
                   NL_INTO(&issue.account), NL_INTO(&issue.address), NL_INTO(&issue.pause_note)),
        err);
    if (status == NL_OK)
        status = visit->each(&issue, visit->ctx, err);
    nl_told_issue_free(&issue);
    return status;
}

enum nl_status nl_issues_to_tell(struct nl_store *store,
                                 enum nl_status (*each)(const struct nl_told_issue *issue,
                                                        void *ctx, struct nl_error *err),
                                 void *ctx, struct nl_error *err) {
    struct issue_visit visit = {each, ctx};
    return nl_sql_each(
        store, err, visit_issue, &visit,
        "SELECT i.id, i.list, i.title, x.account, s.address, coalesce(i.pause_note, ''), i.state = "
        "'sent', 0 FROM issue_sender x JOIN issue i ON i.id = x.issue JOIN staff s ON s.name = "
        "x.account WHERE s.address IS NOT NULL AND ((i.state = 'sent' AND NOT EXISTS (SELECT 1 "
        "FROM staff_mail m WHERE m.about = 'issue ' || i.id || ' done')) OR (i.state = 'paused' "
        "AND coalesce(i.pause_note, '" NL_PAUSED_BY_HAND "') <> '" NL_PAUSED_BY_HAND
        "' AND NOT EXISTS (SELECT 1 FROM "
        "staff_mail m WHERE m.about = 'issue ' || i.id || ' stuck: ' || i.pause_note)))",
        NL_NO_VALUES);
}

enum nl_status nl_issue_stands_still(struct nl_store *store, int64_t issue,
                                     enum nl_status (*each)(const struct nl_told_issue *issue,
                                                            void *ctx, struct nl_error *err),
                                     void *ctx, struct nl_error *err) {
    struct issue_visit visit = {each, ctx};
    return nl_sql_each(
        store, err, visit_issue, &visit,
        "SELECT id, list, title, account, address, '', FALSE, since FROM (SELECT i.id, i.list, "
        "i.title, x.account, s.address, coalesce((SELECT max(second) FROM issue_second n WHERE "
        "n.issue = i.id), i.created_at) AS since FROM issue_sender x JOIN issue i ON i.id = "
        "x.issue JOIN staff s ON s.name = x.account WHERE s.address IS NOT NULL AND i.id = ?1 AND "
        "i.state = 'sending') AS still WHERE since <= ?2 AND NOT EXISTS (SELECT 1 FROM staff_mail "
        "m WHERE m.about = 'issue ' || still.id || ' waits since ' || since)",
        NL_VALUES(NL_INT(issue), NL_INT(nl_store_now(store) - NL_STANDSTILL)));
}
