#include "web/pdf_worker.h"

#include "newsletter/archive/archive.h"
#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/token.h"
#include "web/job_queue.h"

#include <stdlib.h>
#include <string.h>

/* How many may wait, how many are kept, and of how many bytes each. */
enum { JOBS = 16, SHELF = 32, LARGEST_KEPT = 4 << 20 };

struct nl_pdf_job {
    struct nl_job job;
    struct nl_pdfs *pdfs;
    struct nl_buf page, file;
    char digest[NL_HEX_LEN]; /* of the page */
    struct nl_pdf_job *next_left;
    enum nl_status status;
    struct nl_error err;
};

/* A PDF that was made. */
struct kept {
    char digest[NL_HEX_LEN];
    struct nl_buf file;
};

struct nl_pdfs {
    const struct nl_config *config;
    struct nl_job_queue queue;
    atomic_bool stop;
    /* The server's own. */
    struct kept shelf[SHELF];
    size_t next; /* the place that the next one gets */
    struct nl_pdf_job *left;
};

static void free_job(struct nl_job *item) {
    struct nl_pdf_job *job = (struct nl_pdf_job *)item;
    nl_buf_free(&job->page);
    nl_buf_free(&job->file);
    nl_error_free(&job->err);
    free(job);
}

static void run(struct nl_job *item, void *ctx) {
    struct nl_pdf_job *job = (struct nl_pdf_job *)item;
    struct nl_pdfs *pdfs = ctx;
    job->status = nl_pdf_render(pdfs->config, &job->page, &pdfs->stop, &job->file, &job->err);
}

/* ---- handing over ---- */

static void keep(struct nl_pdfs *pdfs, const struct nl_pdf_job *job) {
    struct kept *place = &pdfs->shelf[pdfs->next];
    if (job->status != NL_OK || job->file.len > LARGEST_KEPT)
        return;
    nl_buf_clear(&place->file);
    nl_buf_add(&place->file, nl_buf_text(&job->file), job->file.len);
    memcpy(place->digest, job->digest, sizeof place->digest);
    pdfs->next = (pdfs->next + 1) % SHELF;
}

/* PDFs that are done go to the shelf. */
static void clear_left(struct nl_pdfs *pdfs) {
    struct nl_pdf_job **link = &pdfs->left;
    while (*link != NULL) {
        struct nl_pdf_job *job = *link;
        if (!nl_job_is_done(&job->job)) {
            link = &job->next_left;
            continue;
        }
        *link = job->next_left;
        keep(pdfs, job);
        if (job->status != NL_OK)
            nl_log(NL_LOG_ERROR, NULL, "%s", nl_error_text(&job->err));
        nl_job_drop(&job->job);
    }
}

static struct nl_pdf_job *take_left(struct nl_pdfs *pdfs, const char *digest) {
    for (struct nl_pdf_job **link = &pdfs->left; *link != NULL; link = &(*link)->next_left) {
        struct nl_pdf_job *job = *link;
        if (strcmp(job->digest, digest) == 0) {
            *link = job->next_left;
            return job;
        }
    }
    return NULL;
}

void nl_pdf_job_leave(struct nl_pdf_job *job) {
    job->next_left = job->pdfs->left;
    job->pdfs->left = job;
}

bool nl_pdfs_find(struct nl_pdfs *pdfs, const struct nl_buf *page, struct nl_buf *out) {
    char digest[NL_HEX_LEN];
    nl_digest_hex(nl_buf_text(page), page->len, digest);
    if (pdfs != NULL)
        clear_left(pdfs);
    for (size_t i = 0; pdfs != NULL && i < SHELF; i++) {
        if (strcmp(pdfs->shelf[i].digest, digest) != 0)
            continue;
        nl_buf_add(out, nl_buf_text(&pdfs->shelf[i].file), pdfs->shelf[i].file.len);
        return true;
    }
    return false;
}

struct nl_pdf_job *nl_pdfs_submit(struct nl_pdfs *pdfs, struct nl_buf *page) {
    char digest[NL_HEX_LEN];
    if (pdfs == NULL)
        return NULL;
    nl_digest_hex(nl_buf_text(page), page->len, digest);
    struct nl_pdf_job *job = take_left(pdfs, digest);
    if (job != NULL)
        return job;
    job = nl_calloc(1, sizeof *job);
    job->pdfs = pdfs;
    job->page = *page;
    memcpy(job->digest, digest, sizeof digest);
    if (!nl_job_submit(&pdfs->queue, &job->job)) {
        free(job); /* the page stays the caller's */
        return NULL;
    }
    *page = (struct nl_buf){0};
    return job;
}

bool nl_pdf_job_take(struct nl_pdf_job *job, struct nl_buf *out, enum nl_status *status,
                     struct nl_error *err) {
    if (!nl_job_is_done(&job->job))
        return false;
    keep(job->pdfs, job);
    *status = job->status;
    *err = job->err;
    *out = job->file;
    job->err = (struct nl_error){0};
    job->file = (struct nl_buf){0};
    return true;
}

void nl_pdf_job_drop(void *job) {
    nl_job_drop(&((struct nl_pdf_job *)job)->job);
}

/* ---- its life ---- */

struct nl_pdfs *nl_pdfs_new(const struct nl_config *config) {
    struct nl_pdfs *pdfs = nl_calloc(1, sizeof *pdfs);
    pdfs->config = config;
    pdfs->queue = (struct nl_job_queue){.room = JOBS, .ctx = pdfs, .run = run, .free = free_job};
    nl_job_queue_init(&pdfs->queue);
    return pdfs;
}

enum nl_status nl_pdfs_start(struct nl_pdfs *pdfs, void (*wake)(void *ctx), void *ctx,
                             struct nl_error *err) {
    return pdfs->config->archive.pdf != NULL ? nl_job_queue_start(&pdfs->queue, wake, ctx, err)
                                             : NL_OK;
}

void nl_pdfs_stop(struct nl_pdfs *pdfs) {
    if (pdfs == NULL)
        return;
    atomic_store(&pdfs->stop, true);
    nl_job_queue_stop(&pdfs->queue);
}

void nl_pdfs_free(struct nl_pdfs *pdfs) {
    if (pdfs == NULL)
        return;
    nl_pdfs_stop(pdfs);
    for (struct nl_pdf_job *job = pdfs->left, *next = NULL; job != NULL; job = next) {
        next = job->next_left;
        nl_job_drop(&job->job);
    }
    for (size_t i = 0; i < SHELF; i++)
        nl_buf_free(&pdfs->shelf[i].file);
    nl_job_queue_destroy(&pdfs->queue);
    free(pdfs);
}
