/* The threads that answer the requests that may have to wait, in the order in which they came. */
#ifndef NL_WEB_WRITER_H
#define NL_WEB_WRITER_H

#include "newsletter/web/server.h"
#include "web/request.h"

struct nl_writer;
struct nl_writing;

/* Starts the threads. Each calls `wake` with `wake_ctx` after an answer. Free with nl_writer_free.
 */
NL_CHECKED enum nl_status nl_writer_new(const struct nl_server_writer *options,
                                        void (*wake)(void *ctx), void *wake_ctx,
                                        struct nl_writer **out, struct nl_error *err)
    NL_NONNULL(1, 2, 4, 5);

/* Puts a request into the queue and sets its `writing`. From then on until nl_writing_is_done the
 * request belongs to a thread. False if the queue is full. */
bool nl_writer_submit(struct nl_writer *writer, struct nl_request *request);

/* Whether the answer is there. */
bool nl_writing_is_done(struct nl_writing *writing);

/* Hands the answer, or the failure, to the caller. */
NL_CHECKED enum nl_status nl_writing_take(struct nl_writing *writing, struct nl_response *response,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Frees one that is done, or NULL. */
void nl_writing_free(struct nl_writing *writing);

/* Ends the threads after the requests at hand. The others in the queue fail as NL_BUSY. */
void nl_writer_stop(struct nl_writer *writer);

/* After nl_writer_stop, and once no request has a place in its queue. */
void nl_writer_free(struct nl_writer *writer);

#endif
