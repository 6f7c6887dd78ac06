/* Files that must be decoded before they can be compared: a photo with a QR code, a mail that
 * Outlook has saved. A thread does it, one after the other, while the server goes on with its
 * visitors. */
#ifndef NL_WEB_DECODE_WORKER_H
#define NL_WEB_DECODE_WORKER_H

#include "newsletter/base/buf.h"
#include "newsletter/service/photo.h"
#include "newsletter/web/decoder.h"

/* The result for a file. Free with nl_decoded_free. */
struct nl_decoded {
    bool photo; /* else a mail */
    enum nl_status status;
    struct nl_error err;
    enum nl_photo_code found; /* in a photo */
    char reference[NL_REFERENCE_LEN + 1];
    struct nl_buf mail; /* as an Internet mail */
};
void nl_decoded_free(struct nl_decoded *decoded);

/* Whether a file must be decoded, by its first bytes. */
bool nl_decode_is_needed(const char *data, size_t len) NL_ALL_NONNULL;

/* Decodes a file in this thread. */
void nl_decode(const struct nl_config *config, const struct nl_buf *file,
               struct nl_decoded *out) NL_ALL_NONNULL;

/* A file that was handed over. All but the thread's own part is for the server's threads, one at a
 * time for each. */
struct nl_decode_job;

/* Hands a copy of a file over. NULL if too many wait already, or there is no thread. */
struct nl_decode_job *nl_decoder_submit(struct nl_decoder *decoder, const char *data, size_t len)
    NL_NONNULL(2);

/* Whether it is done; then the job has its result. */
bool nl_decode_job_is_done(struct nl_decode_job *job) NL_ALL_NONNULL;
struct nl_decoded *nl_decode_job_result(struct nl_decode_job *job) NL_ALL_NONNULL;

/* Ends the interest in it; `job` is a struct nl_decode_job. One that still waits is not decoded. */
void nl_decode_job_drop(void *job);

#endif
