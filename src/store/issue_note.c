#include "newsletter/store/issue_note.h"
#include "newsletter/base/memory.h"

#include "newsletter/db/sql.h"
#include "newsletter/store/archived_issue.h"

#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 100, CANDIDATES = 200, LOOKED_AT = 5 };

/* ---- writing ---- */

static enum nl_status add_note(struct nl_store *store, const struct nl_issue *issue,
                               const char *language, const struct nl_signed_text *text,
                               struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (text->note == NULL)
        return NL_OK;
    status = nl_sql_run(store, err,
                        "INSERT INTO issue_note (issue, language, reference, note) "
                        "VALUES (?, ?, ?, ?)",
                        NL_VALUES(NL_INT(issue->id), NL_STRING(language),
                                  NL_STRING(issue->reference), NL_STRING(text->note)));
    for (size_t i = 0; status == NL_OK && i < text->passage_count; i++)
        status = nl_sql_run(store, err,
                            "INSERT INTO issue_passage (hash, issue) VALUES (?, ?) "
                            "ON CONFLICT DO NOTHING",
                            NL_VALUES(NL_INT(text->passages[i]), NL_INT(issue->id)));
    return status;
}

enum nl_status nl_issue_notes_add(struct nl_store *store, const struct nl_issue *issue,
                                  struct nl_error *err) {
    enum nl_status status = add_note(store, issue, issue->language, &issue->text, err);
    for (size_t i = 0; status == NL_OK && i < issue->edition_count; i++)
        status = add_note(store, issue, issue->editions[i].language, &issue->editions[i].text, err);
    return status;
}

/* ---- reading ---- */

struct visiting {
    nl_issue_note_visit *each;
    void *ctx;
};

static enum nl_status visit_note(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    const struct visiting *visiting = context;
    return visiting->each(nl_sql_text(row, 0), visiting->ctx, err);
}

static enum nl_status visit_issue(struct nl_store *store, int64_t issue, bool open,
                                  nl_issue_note_visit *each, void *ctx, struct nl_error *err) {
    struct visiting visiting = {each, ctx};
    bool may = !open;
    enum nl_status status = open ? nl_archive_is_open(store, issue, &may, err) : NL_OK;
    return status == NL_OK && may
               ? nl_sql_each(store, err, visit_note, &visiting,
                             "SELECT note FROM issue_note WHERE issue = ? ORDER BY language",
                             NL_VALUES(NL_INT(issue)))
               : status;
}

enum nl_status nl_issue_notes_of_reference(struct nl_store *store, const char *reference, bool open,
                                           nl_issue_note_visit *each, void *ctx,
                                           struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status = nl_sql_each(
        store, err, nl_sql_add_id, &ids,
        "SELECT DISTINCT issue FROM issue_note WHERE reference = ? ORDER BY issue DESC LIMIT 5",
        NL_VALUES(NL_STRING(reference)));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++)
        status = visit_issue(store, nl_ids_at(&ids, i), open, each, ctx, err);
    nl_buf_free(&ids);
    return status;
}

/* How many passages a few issues share with a text. */
struct tally {
    struct {
        int64_t issue, count;
    } items[CANDIDATES];
    size_t count;
};

/* The place of the last of those that share least: the oldest, as rows come. */
static size_t weakest(const struct tally *tally) {
    size_t least = 0;
    for (size_t i = 1; i < tally->count; i++)
        if (tally->items[i].count <= tally->items[least].count)
            least = i;
    return least;
}

/* One that shares more takes the place of the weakest: an issue may share only later passages. */
static enum nl_status count_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct tally *tally = context;
    int64_t issue = nl_sql_int(row, 0);
    int64_t count = nl_sql_int(row, 1);
    size_t at = 0;
    (void)err;
    while (at < tally->count && tally->items[at].issue != issue)
        at++;
    if (at == CANDIDATES) {
        at = weakest(tally);
        if (tally->items[at].count >= count)
            return NL_OK;
        tally->items[at].count = 0;
    } else if (at == tally->count) {
        tally->count++;
    }
    tally->items[at].issue = issue;
    tally->items[at].count += count;
    return NL_OK;
}

static enum nl_status count_some(struct nl_store *store, const int64_t *passages, size_t count,
                                 struct tally *tally, struct nl_error *err) {
    struct nl_query query = {0};
    nl_buf_adds(&query.sql, "SELECT issue, count(*) FROM issue_passage WHERE hash IN (");
    for (size_t i = 0; i < count; i++) {
        nl_buf_adds(&query.sql, i > 0 ? ", ?" : "?");
        nl_query_add(&query, NL_VALUES(NL_INT(passages[i])));
    }
    /* The best come first: no more than CANDIDATES are kept. */
    nl_buf_adds(&query.sql, ") GROUP BY issue ORDER BY count(*) DESC, issue DESC");
    enum nl_status status = nl_query_each(store, err, count_row, tally, &query);
    nl_query_free(&query);
    return status;
}

enum nl_status nl_issue_notes_of_passages(struct nl_store *store, const int64_t *passages,
                                          size_t count, bool open, nl_issue_note_visit *each,
                                          void *ctx, struct nl_error *err) {
    struct tally *tally = nl_calloc(1, sizeof *tally);
    enum nl_status status = NL_OK;
    for (size_t at = 0; status == NL_OK && at < count; at += AT_ONCE)
        status = count_some(store, passages + at, count - at < AT_ONCE ? count - at : AT_ONCE,
                            tally, err);
    for (size_t looked = 0; status == NL_OK && looked < LOOKED_AT; looked++) {
        size_t best = 0;
        for (size_t i = 1; i < tally->count; i++)
            if (tally->items[i].count > tally->items[best].count)
                best = i;
        if (tally->items[best].count == 0)
            break;
        tally->items[best].count = 0;
        status = visit_issue(store, tally->items[best].issue, open, each, ctx, err);
    }
    free(tally);
    return status;
}

enum nl_status nl_issue_note_read(struct nl_store *store, int64_t issue, const char *language,
                                  struct nl_buf *note, struct nl_buf *reference,
                                  struct nl_error *err) {
    char *text = NULL;
    char *number = NULL;
    enum nl_status status = nl_sql_first(
        store, err, NULL, "SELECT note, reference FROM issue_note WHERE issue = ? AND language = ?",
        NL_VALUES(NL_INT(issue), NL_STRING(language)),
        NL_COLUMNS(NL_INTO(&text), NL_INTO(&number)));
    if (status == NL_OK && text != NULL)
        nl_buf_adds(note, text);
    if (status == NL_OK && number != NULL && reference != NULL)
        nl_buf_adds(reference, number);
    free(text);
    free(number);
    return status;
}
