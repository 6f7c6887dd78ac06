/* Webhooks: other programs are told what happens, by signed requests (Standard Webhooks). */
#ifndef NEWSLETTER_SERVICE_WEBHOOKS_H
#define NEWSLETTER_SERVICE_WEBHOOKS_H

#include "newsletter/service/office.h"
#include "newsletter/store/webhook.h"

#include <signal.h>

/* The kinds of events that targets are told of; NULL ends them. */
extern const char *const nl_webhook_kinds[];

/* Adds a target, and makes its secret, which is in `out` and never shown again; free it with
 * nl_webhook_free. `kinds` are words with spaces; "": all. NL_DATA for an invalid name, URL or
 * kind, or a URL that leads into a network that is not allowed; NL_EXISTS. */
NL_CHECKED enum nl_status nl_office_webhook_add(const struct nl_office *office, const char *name,
                                                const char *url, const char *kinds,
                                                struct nl_webhook *out,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_webhook_remove(const struct nl_office *office, const char *name,
                                                   struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_office_webhook_switch(const struct nl_office *office, const char *name,
                                                   bool on, struct nl_error *err) NL_ALL_NONNULL;

/* All targets, as objects without their secrets, in an array that the caller frees. */
NL_CHECKED enum nl_status nl_office_webhooks(const struct nl_office *office, json_t **out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* The last calls of a target, the newest first, in an array that the caller frees. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_webhook_log(const struct nl_office *office, const char *name,
                                                json_t **out, struct nl_error *err) NL_ALL_NONNULL;

/* The answer of a target. */
struct nl_webhook_answer {
    int64_t status;   /* of HTTP; 0: there was none */
    char detail[200]; /* why it failed; "": it was taken */
};

/* Sends a test event to a target, also to one that is switched off, and notes it in the log.
 * NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_webhook_test(const struct nl_office *office, const char *name,
                                                 struct nl_webhook_answer *out,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* Tells all targets of the events that are due, until nothing is left or *stop is not 0. An event
 * that is not taken is tried again, after longer and longer waits; a target that takes nothing for
 * a day is switched off. Does nothing while another process does the same. */
NL_CHECKED enum nl_status nl_webhooks_pass(const struct nl_office *office,
                                           const volatile sig_atomic_t *stop,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
