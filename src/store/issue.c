#include "newsletter/store/issue.h"

#include "newsletter/base/catalog.h"
#include "newsletter/store/audit.h"
#include "newsletter/store/issue_note.h"
#include "store/canary_row.h"
#include "store/event.h"
#include "store/fan_out.h"
#include "store/issue_edition.h"
#include "store/issue_insert.h"
#include "store/ledger.h"
#include "store/making.h"
#include "store/recording.h"
#include "store/subject_test_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                                    \
    "id, list, message, created_at, coalesce(ended_at, 0), slug, series, number, title, subject, " \
    "category, posted_by, date, language, source, digest, state, pause_note, "                     \
    "alternative_subject, coalesce(scheduled_at, 0), alternative"

/* In the order of COLUMNS, from slug on. */
static char **text_fields(struct nl_issue *issue, size_t at) {
    char **fields[] = {&issue->slug,
                       &issue->series,
                       &issue->number,
                       &issue->title,
                       &issue->subject,
                       &issue->category,
                       &issue->posted_by,
                       &issue->date,
                       &issue->language,
                       &issue->source,
                       &issue->digest,
                       &issue->pause_note,
                       &issue->alternative_subject};
    return at < sizeof fields / sizeof fields[0] ? fields[at] : NULL;
}

void nl_issue_free(struct nl_issue *issue) {
    for (size_t i = 0; text_fields(issue, i) != NULL; i++)
        free(*text_fields(issue, i));
    free(issue->message);
    free(issue->alternative);
    free(issue->body);
    free(issue->events);
    free(issue->archive);
    free(issue->segment);
    free(issue->local_time);
    free(issue->reference);
    free(issue->text.note);
    free(issue->text.passages);
    nl_recordings_free(issue->recordings, issue->recording_count);
    nl_editions_free(issue->editions, issue->edition_count);
    *issue = (struct nl_issue){0};
}

/* All columns of COLUMNS. */
static enum nl_status read_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct nl_issue *out = context;
    char state[16];
    enum nl_status status = nl_sql_read(
        row,
        NL_COLUMNS(NL_INTO(&out->id), NL_INTO(&out->list),
                   NL_INTO_BYTES(&out->message, &out->message_len), NL_INTO(&out->created_at),
                   NL_INTO(&out->ended_at), NL_INTO(&out->slug), NL_INTO(&out->series),
                   NL_INTO(&out->number), NL_INTO(&out->title), NL_INTO(&out->subject),
                   NL_INTO(&out->category), NL_INTO(&out->posted_by), NL_INTO(&out->date),
                   NL_INTO(&out->language), NL_INTO(&out->source), NL_INTO(&out->digest),
                   NL_INTO_FIXED(state, sizeof state), NL_INTO(&out->pause_note),
                   NL_INTO(&out->alternative_subject), NL_INTO(&out->scheduled_at),
                   NL_INTO_BYTES(&out->alternative, &out->alternative_len)),
        err);
    nl_issue_state_parse(state, &out->state);
    if (status != NL_OK)
        nl_issue_free(out);
    return status;
}

struct creation {
    struct nl_issue *issue;
    int64_t people; /* on the list */
    int64_t deliveries;
    const struct nl_actor *by; /* for the audit log; NULL: not noted here */
};

/* Nobody searches for the keys of the front matter. */
static const char *after_front_matter(const char *source) {
    static const char fence[] = "\n---\n";
    const char *end = strncmp(source, "---", 3) == 0 ? strstr(source, fence) : NULL;
    return end != NULL ? end + sizeof fence - 1 : source;
}

/* All languages in one row, so that a word found in any leads to the issue. */
static enum nl_status add_to_index(struct nl_store *store, const struct nl_issue *issue,
                                   struct nl_error *err) {
    struct nl_buf text = {0};
    nl_buf_adds(&text, after_front_matter(issue->source));
    for (size_t i = 0; i < issue->edition_count; i++)
        nl_buf_addf(&text, "\n%s\n%s", issue->editions[i].title,
                    after_front_matter(issue->editions[i].source));
    enum nl_status status = nl_sql_run(
        store, err, "INSERT INTO issue_text (rowid, title, text) VALUES (?, ?, ?)",
        NL_VALUES(NL_INT(issue->id), NL_STRING(issue->title), NL_STRING(nl_buf_text(&text))));
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
        "local_time, state, created_at, alternative_subject, alternative, archive, public_from) "
        "VALUES (?, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?, CASE ?17 WHEN 0 THEN 'sending' ELSE "
        "'scheduled' END, "
        "?, ?, ?, coalesce(?22, 'public'), "
        "CASE WHEN ?22 IS NULL AND ?16 IS NOT NULL THEN NULL ELSE ?23 END)",
        NL_VALUES(NL_INT(issue->list), NL_STRING(issue->slug), NL_STRING(issue->series),
                  NL_STRING(issue->number), NL_STRING(issue->title), NL_STRING(issue->subject),
                  NL_STRING(issue->category), NL_STRING(issue->posted_by), NL_STRING(issue->date),
                  NL_STRING(issue->language), NL_STRING(issue->source),
                  NL_BYTES(issue->message, issue->message_len), NL_STRING(issue->digest),
                  NL_BYTES(issue->body, issue->body_len), NL_STRING(issue->events),
                  NL_STRING(issue->segment), NL_INT(issue->scheduled_at),
                  NL_STRING(issue->local_time), NL_INT(now), NL_STRING(issue->alternative_subject),
                  NL_BYTES(issue->alternative, issue->alternative_len), NL_STRING(issue->archive),
                  NL_INT(issue->public_from)));
    if (status != NL_OK)
        return nl_sql_is_duplicate(store)
                   ? nl_error_set(err, NL_BUSY,
                                  NL_TEXT("the issue is being sent by another process"))
                   : status;
    status =
        nl_recordings_add(store, issue->id, NULL, issue->recordings, issue->recording_count, err);
    if (status == NL_OK)
        status = nl_editions_add(store, issue, err);
    if (status == NL_OK)
        status = nl_issue_notes_add(store, issue, err);
    if (status == NL_OK)
        status = add_to_index(store, issue, err);
    if (status == NL_OK)
        status = nl_ledger_issue(store, issue->id, issue->list, err);
    if (status == NL_OK && issue->alternative_subject != NULL)
        status = nl_subject_test_add(store, issue->id, &issue->test, err);
    if (status == NL_OK)
        status = nl_canary_add(store, issue, err);
    if (status != NL_OK || issue->scheduled_at != 0)
        return status;
    const struct nl_making_plan plan = {.list = issue->list,
                                        .issue = issue->id,
                                        .segment = issue->segment,
                                        .people = creation->people};
    status = nl_subject_test_begin(store, issue->id, err);
    if (status == NL_OK)
        status = nl_making_begin(store, &plan, &creation->deliveries, err);
    if (status == NL_OK)
        status = nl_event_add(store, "issue-started", issue->list, 0, issue->id, NULL, err);
    return status;
}

enum nl_status nl_issue_insert_scheduled(struct nl_store *store, struct nl_issue *issue,
                                         struct nl_error *err) {
    struct creation creation = {.issue = issue};
    return create(store, &creation, err);
}

static enum nl_status create_and_note(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct creation *creation = ctx;
    char object[32];
    enum nl_status status = create(store, ctx, err);
    snprintf(object, sizeof object, "issue %lld", (long long)creation->issue->id);
    return status == NL_OK && creation->by != NULL
               ? nl_audit_note(store, creation->by, "issue send", object, creation->issue->slug,
                               err)
               : status;
}

static enum nl_status create_issue(struct nl_store *store, struct nl_issue *issue,
                                   const struct nl_actor *by, int64_t *deliveries,
                                   struct nl_error *err) {
    struct creation creation = {.issue = issue, .by = by};
    enum nl_status status = NL_OK;
    if (issue->scheduled_at == 0)
        status = nl_making_measure(store, issue->list, &creation.people, err);
    if (status == NL_OK)
        status = nl_sql_shared(store, create_and_note, &creation, err);
    *deliveries = creation.deliveries;
    return status;
}

enum nl_status nl_issue_create(struct nl_store *store, struct nl_issue *issue, int64_t *deliveries,
                               struct nl_error *err) {
    return create_issue(store, issue, NULL, deliveries, err);
}

enum nl_status nl_issue_create_by(struct nl_store *store, struct nl_issue *issue,
                                  const struct nl_actor *by, int64_t *deliveries,
                                  struct nl_error *err) {
    return create_issue(store, issue, by, deliveries, err);
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
enum nl_status nl_issue_each(struct nl_store *store, enum nl_issue_state state,
                             enum nl_status (*each)(const struct nl_issue *issue, void *ctx,
                                                    struct nl_error *err),
                             void *ctx, struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids,
                    "SELECT id FROM issue WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC",
                    NL_VALUES(NL_STRING(nl_issue_state_text(state))));
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

enum nl_status nl_issue_left_out(struct nl_store *store, int64_t list,
                                 const struct nl_segment *segment, int64_t *suppressed,
                                 int64_t *unconfirmed, struct nl_error *err) {
    return nl_audience_left_out(store, list, segment, suppressed, unconfirmed, err);
}

enum nl_status nl_issue_audience(struct nl_store *store, int64_t list,
                                 const struct nl_segment *segment, int64_t *people,
                                 struct nl_error *err) {
    return nl_audience_count(store, list, segment, people, err);
}
