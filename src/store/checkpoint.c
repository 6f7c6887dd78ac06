#include "newsletter/store/checkpoint.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/base64.h"
#include "newsletter/db/sql.h"
#include "store/event.h"
#include "store/setting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The newest one is a setting: time, last record, size and peaks on the first line, then the note.
 * All notes are in the history. */
#define NEWEST "checkpoint"

static enum nl_status damaged(struct nl_error *err) {
    return nl_error_set(err, NL_IO, "the newest checkpoint of the ledger is damaged");
}

static bool read_peaks(const char *text, size_t len, struct nl_merkle *out) {
    unsigned char *peaks = NULL;
    size_t size = 0;
    bool read = nl_base64_decode(text, len, 2 * sizeof out->peaks, &peaks, &size) &&
                size == nl_merkle_peaks(out->size) * NL_DIGEST_LEN && size <= sizeof out->peaks;
    if (read && size > 0)
        memcpy(out->peaks, peaks, size);
    free(peaks);
    return read;
}

static enum nl_status read_one(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    struct nl_checkpoint *out = ctx;
    const char *text = nl_sql_text(row, 0);
    const char *note = text != NULL ? strchr(text, '\n') : NULL;
    char *at = (char *)text;
    if (note == NULL)
        return damaged(err);
    out->at = strtoll(at, &at, 10);
    out->last = strtoll(at, &at, 10);
    out->tree.size = strtoull(at, &at, 10);
    if (at >= note || !read_peaks(at, (size_t)(note - at), &out->tree))
        return damaged(err);
    out->note = nl_strdup(note + 1);
    return NL_OK;
}

enum nl_status nl_checkpoint_newest(struct nl_store *store, struct nl_checkpoint *out,
                                    struct nl_error *err) {
    *out = (struct nl_checkpoint){0};
    return nl_sql_each(store, err, read_one, out, "SELECT value FROM setting WHERE key = ?",
                       NL_VALUES(NL_STRING(NEWEST)));
}

struct visit {
    enum nl_status (*each)(int64_t id, const char *note, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_note(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    const struct visit *visit = ctx;
    return visit->each(nl_sql_int(row, 0), nl_sql_text(row, 1), visit->ctx, err);
}

enum nl_status nl_checkpoints_each(struct nl_store *store,
                                   enum nl_status (*each)(int64_t id, const char *note, void *ctx,
                                                          struct nl_error *err),
                                   void *ctx, struct nl_error *err) {
    return nl_sql_each(store, err, visit_note, &(struct visit){each, ctx},
                       "SELECT id, detail FROM event WHERE kind = 'checkpoint' AND detail IS NOT "
                       "NULL ORDER BY id",
                       NL_NO_VALUES);
}

enum nl_status nl_checkpoint_is_due(struct nl_store *store, bool *due, struct nl_error *err) {
    enum { DAY = 86400 };
    struct nl_checkpoint newest = {0};
    enum nl_status status = nl_checkpoint_newest(store, &newest, err);
    *due = newest.note == NULL || newest.at <= nl_store_now(store) - DAY;
    free(newest.note);
    return status;
}

static enum nl_status settle(struct nl_store *store, void *ctx, struct nl_error *err) {
    /* A transaction takes the id of its record after it has got the table's lock for writing. */
    enum nl_status status = nl_store_is_served(store) ? nl_sql_run(store, err,
                                                                   "LOCK TABLE ledger IN SHARE "
                                                                   "MODE",
                                                                   NL_NO_VALUES)
                                                      : NL_OK;
    return status == NL_OK ? nl_sql_number(store, err, ctx, NULL,
                                           "SELECT coalesce(max(id), 0) FROM ledger", NL_NO_VALUES)
                           : status;
}

enum nl_status nl_checkpoint_settle(struct nl_store *store, int64_t *last, struct nl_error *err) {
    return nl_sql_shared(store, settle, last, err);
}

static enum nl_status add(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct nl_checkpoint *checkpoint = ctx;
    const struct nl_merkle *tree = &checkpoint->tree;
    struct nl_checkpoint newest = {0};
    struct nl_buf text = {0};
    enum nl_status status = nl_checkpoint_newest(store, &newest, err);
    free(newest.note);
    if (status != NL_OK || newest.last >= checkpoint->last)
        return status;
    nl_buf_addf(&text, "%" PRId64 " %" PRId64 " %" PRIu64 " ", nl_store_now(store),
                checkpoint->last, tree->size);
    nl_base64_add(&text, tree->peaks, nl_merkle_peaks(tree->size) * NL_DIGEST_LEN);
    nl_buf_addf(&text, "\n%s", checkpoint->note);
    status = nl_setting_put(store, "", NEWEST, nl_buf_text(&text), err);
    nl_buf_free(&text);
    return status == NL_OK ? nl_event_add(store, "checkpoint", 0, 0, 0, checkpoint->note, err)
                           : status;
}

enum nl_status nl_checkpoint_add(struct nl_store *store, const struct nl_checkpoint *checkpoint,
                                 struct nl_error *err) {
    return nl_sql_exclusive(store, add, (void *)checkpoint, err);
}

/* ---- what others say of them ---- */

enum { KEY_LENGTH = 40 };

enum nl_status nl_checkpoint_stamp_keep(struct nl_store *store, uint64_t size, const char *token,
                                        struct nl_error *err) {
    char key[KEY_LENGTH];
    snprintf(key, sizeof key, "timestamp %" PRIu64, size);
    return nl_setting_put(store, "", key, token, err);
}

enum nl_status nl_checkpoint_stamp_read(struct nl_store *store, uint64_t size, char **out,
                                        struct nl_error *err) {
    char key[KEY_LENGTH];
    *out = NULL;
    snprintf(key, sizeof key, "timestamp %" PRIu64, size);
    return nl_sql_first(store, err, NULL, "SELECT value FROM setting WHERE key = ?",
                        NL_VALUES(NL_STRING(key)), NL_COLUMNS(NL_INTO(out)));
}

enum nl_status nl_checkpoint_seen_keep(struct nl_store *store, uint64_t size,
                                       struct nl_error *err) {
    char value[KEY_LENGTH];
    snprintf(value, sizeof value, "%" PRIu64, size);
    return nl_setting_put(store, "", "checkpoint witness", value, err);
}

enum nl_status nl_checkpoint_seen_read(struct nl_store *store, uint64_t *size,
                                       struct nl_error *err) {
    char value[KEY_LENGTH] = "";
    enum nl_status status =
        nl_sql_first(store, err, NULL, "SELECT value FROM setting WHERE key = 'checkpoint witness'",
                     NL_NO_VALUES, NL_COLUMNS(NL_INTO_FIXED(value, sizeof value)));
    *size = strtoull(value, NULL, 10);
    return status;
}
