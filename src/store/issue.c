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

/* All columns of COLUMNS. */
static enum nl_status read_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct nl_issue *out = context;
    enum nl_status status = nl_sql_read(
        row,
        NL_COLUMNS(NL_INTO(&out->id), NL_INTO(&out->list),
                   NL_INTO_BYTES(&out->message, &out->message_len), NL_INTO(&out->created_at),
                   NL_INTO(&out->ended_at), NL_INTO(&out->slug), NL_INTO(&out->series),
                   NL_INTO(&out->number), NL_INTO(&out->title), NL_INTO(&out->subject),
                   NL_INTO(&out->category), NL_INTO(&out->posted_by), NL_INTO(&out->date),
                   NL_INTO(&out->language), NL_INTO(&out->source), NL_INTO(&out->digest),
                   NL_INTO(&out->state), NL_INTO(&out->pause_note),
                   NL_INTO(&out->alternative_subject), NL_INTO(&out->scheduled_at),
                   NL_INTO_BYTES(&out->alternative, &out->alternative_len)),
        err);
    if (status != NL_OK)
        nl_issue_free(out);
    return status;
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
                         NL_VALUES(NL_INT(issue->id), NL_STRING(issue->title),
                                   NL_STRING(nl_buf_text(&text))));
    nl_buf_free(&text);
    return status;
}

static enum nl_status create(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct creation *creation = ctx;
    struct nl_issue *issue = creation->issue;
    int64_t now = nl_store_now(store);
    enum nl_status status = nl_sql_insert(
        store, err, &issue->id,
        "INSERT INTO issue (list, slug, series, number, title, subject, category, posted_by, "
        "date, language, source, message, digest, body, events, segment, scheduled_at, "
        "local_time, state, created_at, alternative_subject, alternative) VALUES (?, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?, CASE ?17 WHEN 0 THEN 'sending' ELSE "
        "'scheduled' END, "
        "?, ?, ?)",
        NL_VALUES(NL_INT(issue->list), NL_STRING(issue->slug), NL_STRING(issue->series),
                  NL_STRING(issue->number), NL_STRING(issue->title), NL_STRING(issue->subject),
                  NL_STRING(issue->category), NL_STRING(issue->posted_by), NL_STRING(issue->date),
                  NL_STRING(issue->language), NL_STRING(issue->source),
                  NL_BYTES(issue->message, issue->message_len), NL_STRING(issue->digest),
                  NL_BYTES(issue->body, issue->body_len), NL_STRING(issue->events),
                  NL_STRING(issue->segment), NL_INT(issue->scheduled_at),
                  NL_STRING(issue->local_time), NL_INT(now), NL_STRING(issue->alternative_subject),
                  NL_BYTES(issue->alternative, issue->alternative_len)));
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
    enum nl_status status = nl_sql_shared(store, create, &creation, err);
    *deliveries = creation.deliveries;
    return status;
}

enum nl_status nl_issue_find(struct nl_store *store, int64_t list, const char *slug, bool *found,
                             struct nl_issue *out, struct nl_error *err) {
    *out = (struct nl_issue){0};
    enum nl_status status = nl_sql_each(store, err, read_row, out,
                                        "SELECT " COLUMNS " FROM issue WHERE list = ? AND slug = ?",
                                        NL_VALUES(NL_INT(list), NL_STRING(slug)));
    *found = status == NL_OK && out->id != 0;
    return status;
}

/* Ids first: `each` may change states, and a statement must not walk what changes under it. */
enum nl_status nl_issue_each(struct nl_store *store, const char *state,
                             enum nl_status (*each)(const struct nl_issue *issue, void *ctx,
                                                    struct nl_error *err),
                             void *ctx, struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids,
                    "SELECT id FROM issue WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC",
                    NL_VALUES(NL_STRING(state)));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++) {
        struct nl_issue issue = {0};
        status =
            nl_sql_each(store, err, read_row, &issue, "SELECT " COLUMNS " FROM issue WHERE id = ?",
                        NL_VALUES(NL_INT(nl_ids_at(&ids, i))));
        if (status == NL_OK && issue.id != 0)
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
                      NL_NO_VALUES);
}

enum nl_status nl_issue_set_state(struct nl_store *store, int64_t issue, const char *state,
                                  const char *note, bool *changed, struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE issue SET state = ?, pause_note = ? WHERE id = ? AND "
                   "state IN ('sending', 'paused')",
                   NL_VALUES(NL_STRING(state), NL_STRING(note), NL_INT(issue)));
    *changed = status == NL_OK && nl_sql_changes(store) > 0;
    return status == NL_OK ? forget_rate_reservations(store, err) : status;
}

enum nl_status nl_issue_is_sending(struct nl_store *store, int64_t issue, bool *sending,
                                   struct nl_error *err) {
    return nl_sql_exists(store, err, sending,
                         "SELECT 1 FROM issue WHERE id = ? AND state = 'sending'",
                         NL_VALUES(NL_INT(issue)));
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
        status =
            nl_sql_run(store, err, steps[i], NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(issue)));
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
    int64_t now = nl_store_now(store);
    enum nl_status status = nl_sql_run(store, err,
                                       "UPDATE issue SET state = 'cancelled', pause_note = NULL, "
                                       "ended_at = coalesce(ended_at, ?) WHERE id = ?",
                                       NL_VALUES(NL_INT(now), NL_INT(call->issue)));
    if (status == NL_OK)
        status = forget_rate_reservations(store, err);
    return status == NL_OK ? skip_cancelled(store, call->issue, &call->skipped, err) : status;
}

enum nl_status nl_issue_cancel(struct nl_store *store, int64_t issue, int64_t *skipped,
                               struct nl_error *err) {
    struct cancellation call = {.issue = issue};
    enum nl_status status = nl_sql_exclusive(store, cancel, &call, err);
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
                   NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(issue)));
    *finished = status == NL_OK && nl_sql_changes(store) > 0;
    int64_t skipped = 0;
    return status == NL_OK ? skip_cancelled(store, issue, &skipped, err) : status;
}

enum nl_status nl_issue_audience(struct nl_store *store, int64_t list,
                                 const struct nl_segment *segment, int64_t *people,
                                 struct nl_error *err) {
    return nl_audience_count(store, list, segment, people, err);
}

static enum nl_status read_count(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    struct nl_counts *out = context;
    const struct {
        const char *state;
        int64_t *count;
    } fields[] = {{"queued", &out->queued},   {"leased", &out->leased},
                  {"sent", &out->sent},       {"deferred", &out->deferred},
                  {"bounced", &out->bounced}, {"failed", &out->failed},
                  {"unknown", &out->unknown}, {"skipped", &out->skipped}};
    (void)err;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].state, nl_sql_text(row, 0)) == 0)
            *fields[i].count = nl_sql_int(row, 1);
    return NL_OK;
}

enum nl_status nl_issue_count(struct nl_store *store, int64_t issue, struct nl_counts *out,
                              struct nl_error *err) {
    *out = (struct nl_counts){0};
    return nl_sql_each(store, err, read_count, out,
                       "SELECT state, count(*) FROM delivery WHERE issue IS "
                       "NOT DISTINCT FROM nullif(?, 0) GROUP BY state",
                       NL_VALUES(NL_INT(issue)));
}

/* One index each: a condition on several states would look at every delivery. */
enum nl_status nl_issue_left(struct nl_store *store, int64_t issue, int64_t *left, int64_t *unknown,
                             struct nl_error *err) {
    enum nl_status status = nl_sql_number(
        store, err, left, NULL,
        "SELECT (SELECT count(*) FROM delivery WHERE issue = ?1 AND state = 'queued') + "
        "(SELECT count(*) FROM delivery WHERE issue = ?1 AND state = 'leased') + "
        "(SELECT count(*) FROM delivery WHERE issue = ?1 AND state = 'deferred')",
        NL_VALUES(NL_INT(issue)));
    return status == NL_OK
               ? nl_sql_number(
                     store, err, unknown, NULL,
                     "SELECT count(*) FROM delivery WHERE issue = ? AND state = 'unknown'",
                     NL_VALUES(NL_INT(issue)))
               : status;
}
