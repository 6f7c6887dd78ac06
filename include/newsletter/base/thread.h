/* Threads of a server. */
#ifndef NEWSLETTER_BASE_THREAD_H
#define NEWSLETTER_BASE_THREAD_H

#include "newsletter/base/error.h"

#include <pthread.h>

/* Starts a thread that no signal interrupts: signals are for the first thread. Join *out. NL_OS if
 * there can be no more of them. */
NL_CHECKED enum nl_status nl_thread_start(pthread_t *out, void *(*run)(void *ctx), void *ctx,
                                          struct nl_error *err) NL_NONNULL(1, 2, 4);

#endif
