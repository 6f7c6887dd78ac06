#include "newsletter/store/issue.h"

#include "store/event.h"
#include "store/fan_out.h"
#include "store/issue_edition.h"
#include "store/subject_test_row.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                                    \
    "id, list, message, created_at, coalesce(ended_at, 0), slug, series, number, title, subject, " \
    "category, posted_by, date, language, source, digest, state, pause_note, "                     \
    "alternative_subject, coalesce(scheduled_at, 0), alternative"

/* In the order of COLUMNS, from slug on. */
static char **text_fields(struct nl_issue *issue, size_t at) {
    char **fields[] = {&issue->slug,       &issue->series,
                       &issue->number,     &issue->title,
                       &issue->subject,    &issue->category,
                       &issue->posted_by,  &issue->date,
                       &issue->language,   &issue->source,
                       &issue->digest,     &issue->state,
                       &issue->pause_note, &issue->alternative_subject};
    return at < sizeof fields / sizeof fields[0] ? fields[at] : NULL;
}

void nl_issue_free(struct nl_issue *issue) {
    for (size_t i = 0; text_fields(issue, i) != NULL; i++)
        free(*text_fields(issue, i));
    free(issue->message);
    free(issue->alternative);
    free(issue->body);
    free(issue->events);
    free(issue->segment);
    free(issue->local_time);
    nl_editions_free(issue->editions, issue->edition_count);
    *issue = (struct nl_issue){0};
}

static enum nl_status read_row(struct nl_statement *statement, struct nl_issue *out,
                               struct nl_error *err) {
    enum { FIRST_TEXT = 5, SCHEDULED_AT = 19, ALTERNATIVE };
    bool failed = false;
    *out = (struct nl_issue){.id = nl_sql_int64(statement, 0),
                             .list = nl_sql_int64(statement, 1),
                             .created_at = nl_sql_int64(statement, 3),
                             .ended_at = nl_sql_int64(statement, 4),
                             .scheduled_at = nl_sql_int64(statement, SCHEDULED_AT)};
    for (size_t i = 0; text_fields(out, i) != NULL; i++)
        *text_fields(out, i) = nl_sql_text(statement, FIRST_TEXT + (int)i, &failed);
    out->message = nl_sql_blob(statement, 2, &out->message_len, &failed);
    out->alternative = nl_sql_blob(statement, ALTERNATIVE, &out->alternative_len, &failed);
    if (!failed)
        return NL_OK;
    nl_issue_free(out);
    return nl_error_nomem(err);
}

struct creation {
    struct nl_issue *issue;
    const struct nl_segment *segment;
    int64_t deliveries;
};

/* Its keys are no words that anybody looks for. */
static const char *behind_front_matter(const char *source) {
    static const char fence[] = "\n---\n";
    const char *end = strncmp(source, "---", 3) == 0 ? strstr(source, fence) : NULL;
    return end != NULL ? end + sizeof fence - 1 : source;
}

/* All languages in one row, so that a word found in any leads to the issue. */
static enum nl_status add_to_index(struct nl_store *store, const struct nl_issue *issue,
                                   struct nl_error *err) {
    struct nl_buf text = {0};
    nl_buf_adds(&text, behind_front_matter(issue->source));
    for (size_t i = 0; i < issue->edition_count; i++)
        nl_buf_addf(&text, "\n%s\n%s", issue->editions[i].title,
                    behind_front_matter(issue->editions[i].source));
    enum nl_status status =
        text.failed
            ? nl_error_nomem(err)
            : nl_sql_run(store, err, "INSERT INTO issue_text (rowid, title, text) VALUES (?, ?, ?)",
                         "iss", issue->id, issue->title, nl_buf_text(&text));
    nl_buf_free(&text);
    return status;
}

static enum nl_status create(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct creation *creation = ctx;
    struct nl_issue *issue = creation->issue;
    int64_t now = nl_env_now(&store->env);
    enum nl_status status = nl_sql_insert(
        store, err, &issue->id,
        "INSERT INTO issue (list, slug, series, number, title, subject, category, posted_by, "
        "date, language, source, message, digest, body, events, segment, scheduled_at, "
        "local_time, state, created_at, alternative_subject, alternative) VALUES (?, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?, CASE ?17 WHEN 0 THEN 'sending' ELSE "
        "'scheduled' END, "
        "?, ?, ?)",
        "issssssssssbsbssisisb", issue->list, issue->slug, issue->series, issue->number,
        issue->title, issue->subject, issue->category, issue->posted_by, issue->date,
        issue->language, issue->source, (const void *)issue->message, issue->message_len,
        issue->digest, (const void *)issue->body, issue->body_len, issue->events, issue->segment,
        issue->scheduled_at, issue->local_time, now, issue->alternative_subject,
        (const void *)issue->alternative, issue->alternative_len);
    if (status != NL_OK)
        return nl_sql_is_duplicate(store)
                   ? nl_error_set(err, NL_BUSY, "the issue is being sent by another process")
                   : status;
    status = nl_editions_add(store, issue, err);
    if (status == NL_OK)
        status = add_to_index(store, issue, err);
    if (status == NL_OK && issue->alternative_subject != NULL)
        status = nl_subject_test_add(store, issue->id, &issue->test, err);
    if (status != NL_OK || issue->scheduled_at != 0)
        return status;
    struct nl_fan_out fan_out = {issue->list, issue->id, creation->segment, 0};
    status = nl_fan_out(store, &fan_out, err);
    creation->deliveries = fan_out.deliveries;
    if (status == NL_OK)
        status = nl_subject_test_begin(store, issue->id, err);
    if (status == NL_OK)
        status = nl_event_add(store, "issue-started", issue->list, 0, issue->id, NULL, err);
    return status;
}

enum nl_status nl_issue_create(struct nl_store *store, struct nl_issue *issue,
                               const struct nl_segment *segment, int64_t *deliveries,
                               struct nl_error *err) {
    struct creation creation = {.issue = issue, .segment = segment};
    enum nl_status status = nl_sql_transaction_beside(store, create, &creation, err);
    *deliveries = creation.deliveries;
    return status;
}

enum nl_status nl_issue_find(struct nl_store *store, int64_t list, const char *slug, bool *found,
                             struct nl_issue *out, struct nl_error *err) {
    *out = (struct nl_issue){0};
    *found = false;
    struct nl_statement *statement = nl_sql(
        store, err, "SELECT " COLUMNS " FROM issue WHERE list = ? AND slug = ?", "is", list, slug);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, found, err);
    if (status == NL_OK && *found)
        status = read_row(statement, out, err);
    nl_sql_done(statement);
    return status;
}

/* Ids first: `each` may change states, and a statement must not walk what changes under it. */
static enum nl_status collect_ids(struct nl_store *store, const char *state, struct nl_buf *ids,
                                  struct nl_error *err) {
    bool row = true;
    struct nl_statement *statement =
        nl_sql(store, err, "SELECT id FROM issue WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC",
               "s", state);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    while (status == NL_OK && row) {
        int64_t id = nl_sql_int64(statement, 0);
        nl_buf_add(ids, &id, sizeof id);
        status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status == NL_OK && ids->failed ? nl_error_nomem(err) : status;
}

enum nl_status nl_issue_each(struct nl_store *store, const char *state,
                             enum nl_status (*each)(const struct nl_issue *issue, void *ctx,
                                                    struct nl_error *err),
                             void *ctx, struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status = collect_ids(store, state, &ids, err);
    for (size_t at = 0; status == NL_OK && at < ids.len; at += sizeof(int64_t)) {
        struct nl_issue issue = {0};
        int64_t id = 0;
        bool row = false;
        memcpy(&id, ids.data + at, sizeof id);
        struct nl_statement *statement =
            nl_sql(store, err, "SELECT " COLUMNS " FROM issue WHERE id = ?", "i", id);
        status = statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
        if (status == NL_OK && row)
            status = read_row(statement, &issue, err);
        nl_sql_done(statement);
        if (status == NL_OK && row)
            status = each(&issue, ctx, err);
        nl_issue_free(&issue);
    }
    nl_buf_free(&ids);
    return status;
}

/* When an issue stops, the seconds that were reserved for it by domains' rates are free again: the
 * next issue need not wait for them. */
static enum nl_status forget_rate_reservations(struct nl_store *store, struct nl_error *err) {
    return nl_sql_run(store, err,
                      "DELETE FROM throttle WHERE name LIKE 'domain %' AND NOT EXISTS "
                      "(SELECT 1 FROM issue WHERE state = 'sending')",
                      "");
}

enum nl_status nl_issue_set_state(struct nl_store *store, int64_t issue, const char *state,
                                  const char *note, bool *changed, struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE issue SET state = ?, pause_note = ? WHERE id = ? AND "
                   "state IN ('sending', 'paused')",
                   "ssi", state, note, issue);
    *changed = status == NL_OK && nl_sql_changes(store) > 0;
    return status == NL_OK ? forget_rate_reservations(store, err) : status;
}

enum nl_status nl_issue_is_sending(struct nl_store *store, int64_t issue, bool *sending,
                                   struct nl_error *err) {
    *sending = false;
    struct nl_statement *statement =
        nl_sql(store, err, "SELECT 1 FROM issue WHERE id = ? AND state = 'sending'", "i", issue);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, sending, err);
    nl_sql_done(statement);
    return status;
}

/* Skips what is not with a run, if the issue is cancelled. One state at a time, each by its index.
 */
static enum nl_status skip_cancelled(struct nl_store *store, int64_t issue, int64_t *skipped,
                                     struct nl_error *err) {
#define SKIP                                                                                       \
    "UPDATE delivery SET state = 'skipped', updated_at = ?1, "                                     \
    "reply_text = 'the issue was cancelled' WHERE issue = ?2 AND "                                 \
    "(SELECT state FROM issue WHERE id = ?2) = 'cancelled' AND state = "
    static const char *const steps[] = {SKIP "'queued'", SKIP "'deferred'"};
#undef SKIP
    enum nl_status status = NL_OK;
    *skipped = 0;
    for (size_t i = 0; status == NL_OK && i < sizeof steps / sizeof steps[0]; i++) {
        status = nl_sql_run(store, err, steps[i], "ii", nl_env_now(&store->env), issue);
        *skipped += nl_sql_changes(store);
    }
    return status;
}

struct cancellation {
    int64_t issue;
    int64_t skipped;
};

static enum nl_status cancel(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct cancellation *call = ctx;
    int64_t now = nl_env_now(&store->env);
    enum nl_status status = nl_sql_run(store, err,
                                       "UPDATE issue SET state = 'cancelled', pause_note = NULL, "
                                       "ended_at = coalesce(ended_at, ?) WHERE id = ?",
                                       "ii", now, call->issue);
    if (status == NL_OK)
        status = forget_rate_reservations(store, err);
    return status == NL_OK ? skip_cancelled(store, call->issue, &call->skipped, err) : status;
}

enum nl_status nl_issue_cancel(struct nl_store *store, int64_t issue, int64_t *skipped,
                               struct nl_error *err) {
    struct cancellation call = {.issue = issue};
    enum nl_status status = nl_sql_transaction(store, cancel, &call, err);
    *skipped = call.skipped;
    return status;
}

enum nl_status nl_issue_finish(struct nl_store *store, int64_t issue, bool *finished,
                               struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE issue SET state = 'sent', pause_note = NULL, ended_at = ?1 "
                   "WHERE id = ?2 AND state = 'sending' AND "
                   "NOT EXISTS (SELECT 1 FROM delivery WHERE issue = ?2 AND state = 'queued') AND "
                   "NOT EXISTS (SELECT 1 FROM delivery WHERE issue = ?2 AND state = 'leased') AND "
                   "NOT EXISTS (SELECT 1 FROM delivery WHERE issue = ?2 AND state = 'deferred')",
                   "ii", nl_env_now(&store->env), issue);
    *finished = status == NL_OK && nl_sql_changes(store) > 0;
    int64_t skipped = 0;
    return status == NL_OK ? skip_cancelled(store, issue, &skipped, err) : status;
}

enum nl_status nl_issue_audience(struct nl_store *store, int64_t list,
                                 const struct nl_segment *segment, int64_t *people,
                                 struct nl_error *err) {
    return nl_audience_count(store, list, segment, people, err);
}

enum nl_status nl_issue_count(struct nl_store *store, int64_t issue, struct nl_counts *out,
                              struct nl_error *err) {
    *out = (struct nl_counts){0};
    const struct {
        const char *state;
        int64_t *count;
    } slots[] = {{"queued", &out->queued},     {"leased", &out->leased},   {"sent", &out->sent},
                 {"deferred", &out->deferred}, {"bounced", &out->bounced}, {"failed", &out->failed},
                 {"unknown", &out->unknown},   {"skipped", &out->skipped}};
    bool row = true;
    struct nl_statement *statement = nl_sql(store, err,
                                            "SELECT state, count(*) FROM delivery WHERE issue IS "
                                            "NOT DISTINCT FROM nullif(?, 0) GROUP BY state",
                                            "i", issue);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    while (status == NL_OK && row) {
        const char *state = nl_sql_borrow(statement, 0);
        for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
            if (strcmp(slots[i].state, state) == 0)
                *slots[i].count = nl_sql_int64(statement, 1);
        status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}

/* One index each: a condition on several states would look at every delivery. */
enum nl_status nl_issue_left(struct nl_store *store, int64_t issue, int64_t *left, int64_t *unknown,
                             struct nl_error *err) {
    enum nl_status status = nl_sql_number(
        store, err, left, NULL,
        "SELECT (SELECT count(*) FROM delivery WHERE issue = ?1 AND state = 'queued') + "
        "(SELECT count(*) FROM delivery WHERE issue = ?1 AND state = 'leased') + "
        "(SELECT count(*) FROM delivery WHERE issue = ?1 AND state = 'deferred')",
        "i", issue);
    return status == NL_OK
               ? nl_sql_number(
                     store, err, unknown, NULL,
                     "SELECT count(*) FROM delivery WHERE issue = ? AND state = 'unknown'", "i",
                     issue)
               : status;
}
