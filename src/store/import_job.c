#include "newsletter/store/import_job.h"
#include "newsletter/base/memory.h"

#include "newsletter/store/task.h"
#include "store/event.h"
#include "store/import_apply.h"
#include "store/import_stage.h"

#include <stdlib.h>

/* How many parts one transaction stages, or removes. */
enum { STAGED_AT_ONCE = 4, REMOVED_AT_ONCE = 20 };

static const char staging[] = "import"; /* the permit of a process that is at it */

struct nl_import_job {
    struct nl_store *store;
    const struct nl_import_policy *policy;
    bool dry_run;
    struct nl_import_run run;
    int64_t task; /* 0: of nobody */
    int64_t id;   /* 0: nothing is staged */
    bool accepted;
    struct nl_import_tally tried; /* by a dry run */
};

struct nl_import_job *nl_import_job_new(struct nl_store *store,
                                        const struct nl_import_policy *policy, bool dry_run) {
    struct nl_import_job *job = nl_calloc(1, sizeof *job);
    *job = (struct nl_import_job){.store = store, .policy = policy, .dry_run = dry_run};
    return job;
}

void nl_import_job_set_task(struct nl_import_job *job, int64_t task) {
    job->task = task;
}

/* ---- without staging ---- */

/* Takes in one part of what is in memory. */
struct attempt {
    struct nl_import_job *job;
    struct nl_buf part;
    const char *detail;
    struct nl_import_tally *tally;
};

static enum nl_status take_part(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct attempt *attempt = ctx;
    struct nl_import import = {
        .store = store,
        .policy = attempt->job->policy,
        .task = attempt->detail != NULL ? attempt->job->task : 0, /* a trial leaves no trace */
    };
    nl_store_env(store)->random(nl_store_env(store)->ctx, import.uuid);
    enum nl_status status = nl_import_take_packed(&import, nl_buf_text(&attempt->part),
                                                  attempt->part.len, attempt->tally, err);
    nl_import_end_bulk(&import);
    return status;
}

static enum nl_status keep_part(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct attempt *attempt = ctx;
    int64_t task = attempt->job->task;
    enum nl_status status = task != 0 ? nl_task_accept(store, task, err) : NL_OK;
    if (status == NL_OK)
        status = take_part(store, ctx, err);
    if (status == NL_OK && task != 0)
        status = nl_import_note_tally(store, task, attempt->tally, err);
    return status == NL_OK ? nl_event_add(store, "imported", 0, 0, 0, attempt->detail, err)
                           : status;
}

/* Takes a part in, and undoes it. */
static enum nl_status try_part(struct attempt *attempt, struct nl_error *err) {
    struct nl_store *store = attempt->job->store;
    enum nl_status status = nl_store_begin_exclusive(store, err);
    if (status == NL_OK)
        status = take_part(store, attempt, err);
    nl_store_rollback(store);
    nl_store_give_way(store);
    return status;
}

static enum nl_status try_run(struct nl_import_job *job, struct nl_error *err) {
    struct attempt attempt = {.job = job, .tally = &job->tried};
    enum nl_status status = NL_OK;
    nl_import_run_sort(&job->run);
    for (size_t at = 0; status == NL_OK && at < job->run.count;) {
        nl_buf_clear(&attempt.part);
        nl_import_run_part(&job->run, &at, &attempt.part);
        status = try_part(&attempt, err);
    }
    nl_buf_free(&attempt.part);
    return status;
}

/* The same for what is staged already, if the file turns out not to be kept. */
static enum nl_status try_staged(struct nl_import_job *job, struct nl_error *err) {
    struct attempt attempt = {.job = job, .tally = &job->tried};
    enum nl_status status = NL_OK;
    int64_t last = 0;
    bool found = true;
    while (status == NL_OK && found) {
        char *content = NULL;
        size_t len = 0;
        status = nl_sql_first(
            job->store, err, &found,
            "SELECT id, content FROM import_part WHERE import = ? AND id > ? ORDER BY id LIMIT 1",
            NL_VALUES(NL_INT(job->id), NL_INT(last)),
            NL_COLUMNS(NL_INTO(&last), NL_INTO_BYTES(&content, &len)));
        nl_buf_clear(&attempt.part);
        if (content != NULL)
            nl_buf_add(&attempt.part, content, len);
        free(content);
        if (status == NL_OK && found)
            status = try_part(&attempt, err);
    }
    nl_buf_free(&attempt.part);
    return status;
}

/* A file that one short transaction takes in needs no staging. */
static enum nl_status keep_at_once(struct nl_import_job *job, const char *detail,
                                   struct nl_import_tally *tally, struct nl_error *err) {
    struct attempt attempt = {.job = job, .detail = detail, .tally = tally};
    size_t at = 0;
    nl_import_run_part(&job->run, &at, &attempt.part);
    enum nl_status status = nl_sql_exclusive(job->store, keep_part, &attempt, err);
    nl_buf_free(&attempt.part);
    return status;
}

/* ---- staging ---- */

static enum nl_status open_import(struct nl_import_job *job, struct nl_error *err) {
    bool taken = false;
    enum nl_status status = nl_import_clear(job->store, err);
    if (status == NL_OK)
        status = nl_sql_insert(
            job->store, err, &job->id,
            "INSERT INTO import (begun_at, consent, wording, confirm, renew, tally, task) VALUES "
            "(?, ?, ?, ?, ?, '', nullif(?, 0))",
            NL_VALUES(NL_INT(nl_store_now(job->store)), NL_STRING(job->policy->consent),
                      NL_STRING(job->policy->wording), NL_INT(job->policy->confirm),
                      NL_INT(job->policy->update), NL_INT(job->task)));
    /* The lock is taken after the row is there: nl_import_clear knows rows that are new. */
    if (status == NL_OK)
        status = nl_store_take_permit(job->store, staging, job->id, &taken, err);
    return status;
}

struct staging {
    struct nl_import_job *job;
    size_t at;
};

static enum nl_status stage_parts(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct staging *stage = ctx;
    const struct nl_import_run *run = &stage->job->run;
    struct nl_buf part = {0};
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < STAGED_AT_ONCE && stage->at < run->count; i++) {
        int64_t id = 0;
        nl_buf_clear(&part);
        nl_import_run_part(run, &stage->at, &part);
        status = nl_sql_insert(store, err, &id,
                               "INSERT INTO import_part (import, content) VALUES (?, ?)",
                               NL_VALUES(NL_INT(stage->job->id), NL_BYTES(part.data, part.len)));
    }
    nl_buf_free(&part);
    return status;
}

static enum nl_status stage_run(struct nl_import_job *job, struct nl_error *err) {
    struct staging stage = {.job = job};
    enum nl_status status = job->id == 0 ? open_import(job, err) : NL_OK;
    nl_import_run_sort(&job->run);
    nl_store_set_durable(job->store, false); /* the commit that makes them count is */
    while (status == NL_OK && stage.at < job->run.count) {
        status = nl_sql_exclusive(job->store, stage_parts, &stage, err);
        nl_store_give_way(job->store);
    }
    nl_store_set_durable(job->store, true);
    return status;
}

static enum nl_status flush(struct nl_import_job *job, struct nl_error *err) {
    enum nl_status status = job->dry_run ? try_run(job, err) : stage_run(job, err);
    nl_import_run_clear(&job->run);
    return status;
}

enum nl_status nl_import_job_add(struct nl_import_job *job, int64_t list,
                                 const struct nl_address *address, const struct nl_member *member,
                                 struct nl_error *err) {
    nl_import_run_add(&job->run, list, address, member);
    return job->run.rows.len < NL_IMPORT_RUN_BYTES ? NL_OK : flush(job, err);
}

/* ---- making it count ---- */

struct acceptance {
    const struct nl_import_job *job;
    const char *detail;
};

static enum nl_status accept_all(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct acceptance *acceptance = ctx;
    const struct nl_import_job *job = acceptance->job;
    enum nl_status status = job->task != 0 ? nl_task_accept(store, job->task, err) : NL_OK;
    return status == NL_OK
               ? nl_sql_run(store, err,
                            "UPDATE import SET accepted_at = ?, detail = ? WHERE id = ?",
                            NL_VALUES(NL_INT(nl_store_now(store)), NL_STRING(acceptance->detail),
                                      NL_INT(job->id)))
               : status;
}

static enum nl_status accept(struct nl_import_job *job, const char *detail, struct nl_error *err) {
    struct acceptance acceptance = {job, detail};
    enum nl_status status = nl_sql_exclusive(job->store, accept_all, &acceptance, err);
    job->accepted = status == NL_OK;
    return status;
}

static enum nl_status read_tally(const struct nl_import_job *job, struct nl_import_tally *tally,
                                 struct nl_error *err) {
    char *text = NULL;
    enum nl_status status =
        nl_sql_first(job->store, err, NULL, "SELECT tally FROM import WHERE id = ?",
                     NL_VALUES(NL_INT(job->id)), NL_COLUMNS(NL_INTO(&text)));
    nl_import_tally_read(text != NULL ? text : "", tally);
    free(text);
    return status;
}

enum nl_status nl_import_job_try(struct nl_import_job *job, struct nl_import_tally *tally,
                                 struct nl_error *err) {
    enum nl_status status = try_run(job, err);
    if (status == NL_OK && job->id != 0)
        status = try_staged(job, err);
    *tally = job->tried;
    return status;
}

enum nl_status nl_import_job_finish(struct nl_import_job *job, const char *detail,
                                    void (*progress)(int64_t rows, void *ctx), void *ctx,
                                    bool *counts, struct nl_import_tally *tally,
                                    struct nl_error *err) {
    *counts = false;
    *tally = (struct nl_import_tally){0};
    if (job->id == 0 && job->run.count <= NL_IMPORT_PART_ROWS) {
        enum nl_status status = keep_at_once(job, detail, tally, err);
        *counts = status == NL_OK;
        return status;
    }
    enum nl_status status = flush(job, err);
    if (status == NL_OK)
        status = accept(job, detail, err);
    *counts = job->accepted;
    if (status == NL_OK)
        status = nl_import_apply_all(job->store, progress, ctx, err);
    return status == NL_OK ? read_tally(job, tally, err) : status;
}

/* ---- what is left ---- */

/* Only where it does not count: the reply to the commit that says so may have been lost. */
static enum nl_status remove_import(struct nl_store *store, int64_t id, struct nl_error *err) {
    enum nl_status status = NL_OK;
    int64_t removed = 1;
    while (status == NL_OK && removed > 0) {
        status = nl_sql_run(store, err,
                            "DELETE FROM import_part WHERE id IN (SELECT p.id FROM import_part p "
                            "JOIN import i ON i.id = p.import WHERE p.import = ? AND i.accepted_at "
                            "IS NULL ORDER BY p.id LIMIT ?)",
                            NL_VALUES(NL_INT(id), NL_INT(REMOVED_AT_ONCE)));
        removed = nl_sql_changes(store);
        nl_store_give_way(store);
    }
    return status == NL_OK
               ? nl_sql_run(store, err, "DELETE FROM import WHERE id = ? AND accepted_at IS NULL",
                            NL_VALUES(NL_INT(id)))
               : status;
}

void nl_import_job_free(struct nl_import_job *job) {
    struct nl_error ignored = {0};
    if (job == NULL)
        return;
    if (job->id != 0 && !job->accepted)
        nl_error_ignore(remove_import(job->store, job->id, &ignored));
    if (job->id != 0)
        nl_store_return_permit(job->store, staging, job->id);
    nl_import_run_free(&job->run);
    nl_error_free(&ignored);
    free(job);
}

/* Seconds from the beginning of an import until it has its lock, at most. */
enum { NEW_SECONDS = 60 };

enum nl_status nl_import_clear(struct nl_store *store, struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids,
                    "SELECT id FROM import WHERE accepted_at IS NULL AND begun_at < ?",
                    NL_VALUES(NL_INT(nl_store_now(store) - NEW_SECONDS)));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++) {
        bool taken = false;
        status = nl_store_take_permit(store, staging, nl_ids_at(&ids, i), &taken, err);
        if (status == NL_OK && taken) {
            status = remove_import(store, nl_ids_at(&ids, i), err);
            nl_store_return_permit(store, staging, nl_ids_at(&ids, i));
        }
    }
    nl_buf_free(&ids);
    return status;
}

enum nl_status nl_import_is_open(struct nl_store *store, bool *open, struct nl_error *err) {
    return nl_sql_exists(store, err, open,
                         "SELECT 1 FROM import WHERE accepted_at IS NOT NULL AND done_at IS NULL",
                         NL_NO_VALUES);
}

enum nl_status nl_import_settle(struct nl_store *store, struct nl_error *err) {
    bool open = false;
    enum nl_status status = nl_import_is_open(store, &open, err);
    if (status == NL_OK && open)
        status = nl_import_apply_all(store, NULL, NULL, err);
    return status == NL_OK ? NL_OK : nl_error_context(err, "taking in an import that counts");
}
