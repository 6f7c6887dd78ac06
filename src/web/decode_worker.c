#include "web/decode_worker.h"

#include "newsletter/base/memory.h"
#include "newsletter/service/conversion.h"
#include "newsletter/transfer/outlook_mail.h"
#include "web/job_queue.h"

#include <stdatomic.h>
#include <stdlib.h>

/* How many may wait, and of how many bytes together; one has as many as a form may have. */
enum { JOBS = 8, BYTES_MOST = 48 << 20 };

struct nl_decode_job {
    struct nl_job job;
    struct nl_decoder *decoder;
    struct nl_buf file;
    struct nl_decoded decoded;
};

struct nl_decoder {
    const struct nl_config *config;
    struct nl_job_queue queue;
    atomic_size_t bytes; /* of all files that are here */
};

void nl_decoded_free(struct nl_decoded *decoded) {
    nl_error_free(&decoded->err);
    nl_buf_free(&decoded->mail);
    *decoded = (struct nl_decoded){0};
}

bool nl_decode_is_needed(const char *data, size_t len) {
    return nl_photo_is_one(data, len) || nl_outlook_is_one(data, len);
}

void nl_decode(const struct nl_config *config, const struct nl_buf *file, struct nl_decoded *out) {
    *out = (struct nl_decoded){.photo = nl_photo_is_one(nl_buf_text(file), file->len)};
    out->status = out->photo ? nl_photo_read(config, nl_buf_text(file), file->len, &out->found,
                                             out->reference, &out->err)
                             : nl_convert_mail(file, &out->mail, &out->err);
}

/* ---- handing over ---- */

static void free_job(struct nl_job *item) {
    struct nl_decode_job *job = (struct nl_decode_job *)item;
    atomic_fetch_sub(&job->decoder->bytes, job->file.len);
    nl_buf_free(&job->file);
    nl_decoded_free(&job->decoded);
    free(job);
}

static void run(struct nl_job *item, void *ctx) {
    struct nl_decode_job *job = (struct nl_decode_job *)item;
    const struct nl_decoder *decoder = ctx;
    nl_decode(decoder->config, &job->file, &job->decoded);
}

struct nl_decode_job *nl_decoder_submit(struct nl_decoder *decoder, const char *data, size_t len) {
    if (decoder == NULL)
        return NULL;
    struct nl_decode_job *job = nl_calloc(1, sizeof *job);
    job->decoder = decoder;
    size_t before = atomic_fetch_add(&decoder->bytes, len);
    if (before + len > BYTES_MOST) {
        atomic_fetch_sub(&decoder->bytes, len);
        free(job);
        return NULL;
    }
    nl_buf_add(&job->file, data, len);
    if (!nl_job_submit(&decoder->queue, &job->job)) {
        free_job(&job->job);
        return NULL;
    }
    return job;
}

bool nl_decode_job_is_done(struct nl_decode_job *job) {
    return nl_job_is_done(&job->job);
}

struct nl_decoded *nl_decode_job_result(struct nl_decode_job *job) {
    return &job->decoded;
}

void nl_decode_job_drop(void *job) {
    nl_job_drop(&((struct nl_decode_job *)job)->job);
}

/* ---- its life ---- */

struct nl_decoder *nl_decoder_new(const struct nl_config *config) {
    struct nl_decoder *decoder = nl_calloc(1, sizeof *decoder);
    decoder->config = config;
    decoder->queue =
        (struct nl_job_queue){.room = JOBS, .ctx = decoder, .run = run, .free = free_job};
    nl_job_queue_init(&decoder->queue);
    return decoder;
}

enum nl_status nl_decoder_start(struct nl_decoder *decoder, void (*wake)(void *ctx), void *ctx,
                                struct nl_error *err) {
    return nl_job_queue_start(&decoder->queue, wake, ctx, err);
}

void nl_decoder_stop(struct nl_decoder *decoder) {
    if (decoder != NULL)
        nl_job_queue_stop(&decoder->queue);
}

void nl_decoder_free(struct nl_decoder *decoder) {
    if (decoder == NULL)
        return;
    nl_decoder_stop(decoder);
    nl_job_queue_destroy(&decoder->queue);
    free(decoder);
}
