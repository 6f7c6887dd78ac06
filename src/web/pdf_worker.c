#include "web/pdf_worker.h"

#include "newsletter/archive/archive.h"
#include "newsletter/base/token.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* How many may wait, how many are kept, and of how many bytes each. */
enum { JOBS = 16, SHELF = 32, LARGEST_KEPT = 4 << 20 };

enum state { WAITING, WORKING, DONE };

struct nl_pdf_job {
    struct nl_pdfs *pdfs;
    struct nl_buf page, file;
    char digest[NL_HEX_LEN]; /* of the page */
    enum nl_status status;
    struct nl_error err;
    enum state state;
    bool dropped;
    struct nl_pdf_job *next;
};

/* A PDF that was made. */
struct kept {
    char digest[NL_HEX_LEN];
    struct nl_buf file;
};

struct nl_pdfs {
    const struct nl_config *config;
    void (*wake)(void *ctx);
    void *wake_ctx;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct nl_pdf_job *first, *last; /* that wait */
    size_t waiting;
    bool started;
    atomic_bool stop;
    /* The server's own. */
    struct kept shelf[SHELF];
    size_t next; /* the place that the next one gets */
};

static void free_job(struct nl_pdf_job *job) {
    nl_buf_free(&job->page);
    nl_buf_free(&job->file);
    nl_error_free(&job->err);
    free(job);
}

/* ---- the thread ---- */

/* The next job, which is the thread's from then on; NULL to end. */
static struct nl_pdf_job *wait_for_job(struct nl_pdfs *pdfs) {
    pthread_mutex_lock(&pdfs->mutex);
    while (pdfs->first == NULL && !atomic_load(&pdfs->stop))
        pthread_cond_wait(&pdfs->changed, &pdfs->mutex);
    struct nl_pdf_job *job = atomic_load(&pdfs->stop) ? NULL : pdfs->first;
    if (job != NULL) {
        pdfs->first = job->next;
        pdfs->waiting--;
        job->state = WORKING;
    }
    pthread_mutex_unlock(&pdfs->mutex);
    return job;
}

static void *work(void *ctx) {
    struct nl_pdfs *pdfs = ctx;
    struct nl_pdf_job *job = NULL;
    while ((job = wait_for_job(pdfs)) != NULL) {
        job->status = nl_pdf_render(pdfs->config, &job->page, &pdfs->stop, &job->file, &job->err);
        pthread_mutex_lock(&pdfs->mutex);
        bool dropped = job->dropped;
        job->state = DONE;
        pthread_mutex_unlock(&pdfs->mutex);
        if (dropped)
            free_job(job);
        pdfs->wake(pdfs->wake_ctx);
    }
    return NULL;
}

/* ---- handing over ---- */

bool nl_pdfs_find(struct nl_pdfs *pdfs, const struct nl_buf *page, struct nl_buf *out) {
    char digest[NL_HEX_LEN];
    nl_digest_hex(nl_buf_text(page), page->len, digest);
    for (size_t i = 0; pdfs != NULL && i < SHELF; i++) {
        if (strcmp(pdfs->shelf[i].digest, digest) != 0)
            continue;
        nl_buf_add(out, nl_buf_text(&pdfs->shelf[i].file), pdfs->shelf[i].file.len);
        return !out->failed;
    }
    return false;
}

static void keep(struct nl_pdfs *pdfs, const struct nl_pdf_job *job) {
    struct kept *place = &pdfs->shelf[pdfs->next];
    if (job->status != NL_OK || job->file.len > LARGEST_KEPT)
        return;
    nl_buf_clear(&place->file);
    nl_buf_add(&place->file, nl_buf_text(&job->file), job->file.len);
    memcpy(place->digest, job->digest, sizeof place->digest);
    if (place->file.failed)
        *place = (struct kept){0};
    pdfs->next = (pdfs->next + 1) % SHELF;
}

struct nl_pdf_job *nl_pdfs_submit(struct nl_pdfs *pdfs, struct nl_buf *page) {
    struct nl_pdf_job *job = pdfs != NULL ? calloc(1, sizeof *job) : NULL;
    if (job == NULL)
        return NULL;
    pthread_mutex_lock(&pdfs->mutex);
    bool ready = pdfs->waiting < JOBS && pdfs->started && !atomic_load(&pdfs->stop);
    if (ready) {
        *job = (struct nl_pdf_job){.pdfs = pdfs, .page = *page};
        nl_digest_hex(nl_buf_text(page), page->len, job->digest);
        *page = (struct nl_buf){0};
        if (pdfs->first == NULL)
            pdfs->first = job;
        else
            pdfs->last->next = job;
        pdfs->last = job;
        pdfs->waiting++;
        pthread_cond_signal(&pdfs->changed);
    }
    pthread_mutex_unlock(&pdfs->mutex);
    if (!ready)
        free(job);
    return ready ? job : NULL;
}

bool nl_pdf_job_take(struct nl_pdf_job *job, struct nl_buf *out, enum nl_status *status,
                     struct nl_error *err) {
    pthread_mutex_lock(&job->pdfs->mutex);
    bool done = job->state == DONE;
    pthread_mutex_unlock(&job->pdfs->mutex);
    if (!done)
        return false;
    keep(job->pdfs, job);
    *status = job->status;
    *err = job->err;
    *out = job->file;
    job->err = (struct nl_error){0};
    job->file = (struct nl_buf){0};
    return true;
}

/* Takes a job out of those that wait. */
static void unlink_job(struct nl_pdfs *pdfs, const struct nl_pdf_job *job) {
    struct nl_pdf_job *before = NULL;
    for (struct nl_pdf_job *at = pdfs->first; at != NULL && at != job; at = at->next)
        before = at;
    if (before == NULL)
        pdfs->first = job->next;
    else
        before->next = job->next;
    if (pdfs->last == job)
        pdfs->last = before;
    pdfs->waiting--;
}

void nl_pdf_job_drop(void *item) {
    struct nl_pdf_job *job = item;
    struct nl_pdfs *pdfs = job->pdfs;
    pthread_mutex_lock(&pdfs->mutex);
    bool working = job->state == WORKING;
    job->dropped = true;
    if (job->state == WAITING)
        unlink_job(pdfs, job);
    pthread_mutex_unlock(&pdfs->mutex);
    if (!working) /* else the thread frees it */
        free_job(job);
}

/* ---- its life ---- */

enum nl_status nl_pdfs_new(const struct nl_config *config, struct nl_pdfs **out,
                           struct nl_error *err) {
    struct nl_pdfs *pdfs = calloc(1, sizeof *pdfs);
    *out = pdfs;
    if (pdfs == NULL)
        return nl_error_nomem(err);
    pdfs->config = config;
    pthread_mutex_init(&pdfs->mutex, NULL);
    pthread_cond_init(&pdfs->changed, NULL);
    return NL_OK;
}

enum nl_status nl_pdfs_start(struct nl_pdfs *pdfs, void (*wake)(void *ctx), void *ctx,
                             struct nl_error *err) {
    sigset_t all;
    sigset_t before;
    pdfs->wake = wake;
    pdfs->wake_ctx = ctx;
    if (pdfs->config->archive.pdf == NULL)
        return NL_OK;
    sigfillset(&all); /* signals are the server's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pdfs->started = pthread_create(&pdfs->thread, NULL, work, pdfs) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pdfs->started ? NL_OK : nl_error_set(err, NL_OS, "cannot start a thread");
}

void nl_pdfs_stop(struct nl_pdfs *pdfs) {
    if (pdfs == NULL || !pdfs->started)
        return;
    pthread_mutex_lock(&pdfs->mutex);
    atomic_store(&pdfs->stop, true);
    pthread_cond_signal(&pdfs->changed);
    pthread_mutex_unlock(&pdfs->mutex);
    pthread_join(pdfs->thread, NULL);
    pdfs->started = false;
}

void nl_pdfs_free(struct nl_pdfs *pdfs) {
    if (pdfs == NULL)
        return;
    nl_pdfs_stop(pdfs);
    for (size_t i = 0; i < SHELF; i++)
        nl_buf_free(&pdfs->shelf[i].file);
    pthread_mutex_destroy(&pdfs->mutex);
    pthread_cond_destroy(&pdfs->changed);
    free(pdfs);
}
