#include "store/import_apply.h"

#include "newsletter/base/clock.h"
#include "newsletter/base/memory.h"
#include "newsletter/store/list.h"
#include "store/event.h"
#include "store/import_pack.h"
#include "store/import_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

struct items {
    struct nl_import_item *all;
    size_t count, room;
    int64_t list; /* the last that was looked for */
    bool exists;
};

/* The list may have been removed since the row was staged. */
static enum nl_status find_list(struct nl_store *store, struct items *items, int64_t list,
                                struct nl_error *err) {
    if (items->list == list)
        return NL_OK;
    items->list = list;
    return nl_sql_exists(store, err, &items->exists, "SELECT 1 FROM list WHERE id = ?",
                         NL_VALUES(NL_INT(list)));
}

static void grow(struct items *items) {
    if (items->count < items->room)
        return;
    size_t room = items->room > 0 ? 2 * items->room : NL_IMPORT_PART_ROWS;
    items->all = nl_realloc(items->all, room * sizeof *items->all);
    items->room = room;
}

static enum nl_status unpack_all(struct nl_store *store, const char *rows, size_t len,
                                 struct items *items, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t used = 0; status == NL_OK && len > 0; rows += used, len -= used) {
        grow(items);
        struct nl_import_item *item = &items->all[items->count];
        status = nl_import_unpack(rows, len, item, &used, err);
        if (status == NL_OK)
            status = find_list(store, items, item->list, err);
        items->count += status == NL_OK && items->exists;
    }
    return status;
}

enum nl_status nl_import_take_packed(struct nl_import *import, const void *rows, size_t len,
                                     struct nl_import_tally *tally, struct nl_error *err) {
    struct items items = {0};
    enum nl_status status = nl_import_look(import, err);
    if (status == NL_OK)
        status = unpack_all(import->store, rows, len, &items, err);
    if (status == NL_OK)
        status = nl_import_trace_begin(import, err);
    if (status == NL_OK && items.count > 0)
        status = nl_import_items(import, items.all, items.count, tally, err);
    if (status == NL_OK)
        status = nl_import_trace_end(import, err);
    free(items.all);
    return status;
}

/* ---- the tally ---- */

enum { FIGURES = (int)NL_IMPORT_OUTCOMES + (int)NL_SUBSCRIPTION_STATES + 1 };

static int64_t *figure(struct nl_import_tally *tally, size_t i) {
    if (i < NL_IMPORT_OUTCOMES)
        return &tally->outcomes[i];
    i -= NL_IMPORT_OUTCOMES;
    return i < NL_SUBSCRIPTION_STATES ? &tally->added[i] : &tally->ended;
}

void nl_import_tally_write(const struct nl_import_tally *tally, struct nl_buf *out) {
    struct nl_import_tally copy = *tally;
    for (size_t i = 0; i < FIGURES; i++)
        nl_buf_addf(out, "%s%lld", i > 0 ? " " : "", (long long)*figure(&copy, i));
}

void nl_import_tally_read(const char *text, struct nl_import_tally *tally) {
    char *end = NULL;
    *tally = (struct nl_import_tally){0};
    for (size_t i = 0; i < FIGURES; i++, text = end)
        *figure(tally, i) = strtoll(text, &end, 10);
}

enum nl_status nl_import_note_tally(struct nl_store *store, int64_t task,
                                    const struct nl_import_tally *tally, struct nl_error *err) {
    struct nl_buf text = {0};
    nl_import_tally_write(tally, &text);
    enum nl_status status = nl_sql_run(store, err, "UPDATE task SET tally = ? WHERE id = ?",
                                       NL_VALUES(NL_STRING(nl_buf_text(&text)), NL_INT(task)));
    nl_buf_free(&text);
    return status;
}

/* ---- parts ---- */

/* Some parts of one import, as the database has them. */
struct part {
    int64_t last, import, task, rows; /* the id of the last of them */
    bool confirm, update, found;
    char *consent, *wording, *tally;
    struct nl_buf content;
};

static void free_part(struct part *part) {
    free(part->consent);
    free(part->wording);
    free(part->tally);
    nl_buf_free(&part->content);
    *part = (struct part){0};
}

static enum nl_status add_content(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    (void)err;
    struct part *part = context;
    size_t len = 0;
    const void *content = nl_sql_bytes(row, 1, &len);
    part->last = nl_sql_int(row, 0);
    nl_buf_add(&part->content, content, len);
    return NL_OK;
}

static enum nl_status next_parts(struct nl_store *store, int64_t most, struct part *part,
                                 struct nl_error *err) {
    int64_t first = 0;
    free_part(part);
    enum nl_status status = nl_sql_first(
        store, err, &part->found,
        "SELECT p.id, p.import, coalesce(i.task, 0), i.consent, i.wording, i.confirm, i.renew, "
        "i.tally FROM "
        "import_part p JOIN import i ON i.id = p.import WHERE i.accepted_at IS NOT NULL ORDER BY "
        "p.id LIMIT 1",
        NL_NO_VALUES,
        NL_COLUMNS(NL_INTO(&first), NL_INTO(&part->import), NL_INTO(&part->task),
                   NL_INTO(&part->consent), NL_INTO(&part->wording), NL_INTO(&part->confirm),
                   NL_INTO(&part->update), NL_INTO(&part->tally)));
    return status == NL_OK && part->found
               ? nl_sql_each(store, err, add_content, part,
                             "SELECT id, content FROM import_part WHERE id >= ? AND import = ? "
                             "ORDER BY id LIMIT ?",
                             NL_VALUES(NL_INT(first), NL_INT(part->import), NL_INT(most)))
               : status;
}

/* A process that was killed may have left another row of the same task, which does not count. */
static enum nl_status end_imports(struct nl_store *store, struct nl_error *err) {
    enum nl_status status = nl_event_add_all(
        store,
        "INSERT INTO event (at, kind, detail) SELECT CAST(? AS BIGINT), 'imported', detail FROM "
        "import WHERE accepted_at IS NOT NULL AND done_at IS NULL RETURNING id",
        NL_VALUES(NL_INT(nl_store_now(store))), err);
    if (status == NL_OK)
        status = nl_sql_run(
            store, err,
            "UPDATE task SET tally = (SELECT i.tally FROM import i WHERE i.task = task.id AND "
            "i.accepted_at IS NOT NULL AND i.done_at IS NULL) WHERE "
            "id IN (SELECT task FROM import WHERE accepted_at IS NOT NULL AND done_at IS NULL)",
            NL_NO_VALUES);
    return status == NL_OK
               ? nl_sql_run(
                     store, err,
                     "UPDATE import SET done_at = ? WHERE accepted_at IS NOT NULL AND done_at IS "
                     "NULL",
                     NL_VALUES(NL_INT(nl_store_now(store))))
               : status;
}

struct apply {
    struct nl_import import;
    struct part part;
    int64_t parts; /* how many come in at once, at most */
};

static enum nl_status count_part(struct nl_store *store, struct apply *apply,
                                 const struct nl_import_tally *tally, struct nl_error *err) {
    const struct part *part = &apply->part;
    struct nl_buf text = {0};
    nl_import_tally_write(tally, &text);
    enum nl_status status =
        nl_sql_run(store, err, "UPDATE import SET tally = ? WHERE id = ?",
                   NL_VALUES(NL_STRING(nl_buf_text(&text)), NL_INT(part->import)));
    nl_buf_free(&text);
    return status == NL_OK
               ? nl_sql_run(store, err, "DELETE FROM import_part WHERE import = ? AND id <= ?",
                            NL_VALUES(NL_INT(part->import), NL_INT(part->last)))
               : status;
}

/* One transaction: the next parts come in and are staged no longer. So each row comes in once,
 * however many processes are at it. */
static enum nl_status apply_parts(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct apply *apply = ctx;
    struct nl_import_tally tally;
    enum nl_status status = next_parts(store, apply->parts, &apply->part, err);
    const struct part *part = &apply->part;
    if (status != NL_OK || !part->found)
        return status == NL_OK ? end_imports(store, err) : status;
    const struct nl_import_policy policy = {.consent = part->consent,
                                            .wording = part->wording,
                                            .confirm = part->confirm,
                                            .update = part->update};
    apply->import.policy = &policy;
    apply->import.task = part->task;
    apply->import.prefix[0] = '\0';
    nl_store_env(store)->random(nl_store_env(store)->ctx, apply->import.uuid);
    nl_import_tally_read(part->tally != NULL ? part->tally : "", &tally);
    int64_t before = 0;
    int64_t after = 0;
    for (size_t i = 0; i < NL_IMPORT_OUTCOMES; i++)
        before += tally.outcomes[i];
    status =
        nl_import_take_packed(&apply->import, part->content.data, part->content.len, &tally, err);
    for (size_t i = 0; i < NL_IMPORT_OUTCOMES; i++)
        after += tally.outcomes[i];
    apply->part.rows = after - before;
    apply->import.policy = NULL;
    return status == NL_OK ? count_part(store, apply, &tally, err) : status;
}

/* Rows that come in together come in faster, and others wait longer: as many as fit into the time
 * that anybody may wait. A slow or busy machine takes fewer. */
static void adapt(struct apply *apply, int64_t taken) {
    enum { MOST = 16, SHORT = 20000000, LONG = 50000000 }; /* nanoseconds */
    if (taken > LONG && apply->parts > 1)
        apply->parts /= 2;
    else if (taken < SHORT && apply->parts < MOST)
        apply->parts++;
}

enum nl_status nl_import_apply_all(struct nl_store *store,
                                   void (*progress)(int64_t rows, void *ctx), void *ctx,
                                   struct nl_error *err) {
    struct apply apply = {.import = {.store = store}, .parts = 1};
    enum nl_status status = NL_OK;
    nl_store_bulk_load(store, true);
    nl_store_set_durable(store, false); /* a part that is lost is still staged */
    do {
        int64_t began = nl_clock_nanoseconds();
        status = nl_sql_exclusive(store, apply_parts, &apply, err);
        adapt(&apply, nl_clock_nanoseconds() - began);
        if (progress != NULL && status == NL_OK && apply.part.found)
            progress(apply.part.rows, ctx);
        nl_store_give_way(store);
    } while (status == NL_OK && apply.part.found);
    nl_store_set_durable(store, true);
    nl_store_bulk_load(store, false);
    nl_import_end_bulk(&apply.import);
    free_part(&apply.part);
    return status;
}
