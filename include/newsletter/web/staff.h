/* The dashboard and the JSON API for staff: a site of its own, at an address of its own. Opaque. */
#ifndef NEWSLETTER_WEB_STAFF_H
#define NEWSLETTER_WEB_STAFF_H

#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/smtp/relay.h"
#include "newsletter/web/mailer.h"
#include "newsletter/web/pdfs.h"
#include "newsletter/web/server.h"
#include "newsletter/web/task_worker.h"

struct nl_staff;

/* Borrows the store and the configuration, which must outlive it. Free with nl_staff_free. */
NL_CHECKED enum nl_status nl_staff_new(struct nl_store *store, const struct nl_config *config,
                                       struct nl_staff **out, struct nl_error *err) NL_ALL_NONNULL;

/* Sets the mailers that send the issues that staff resume, and the mails that calls of the API
 * cause. Without them these wait for `newsletter retry`. Borrowed. */
void nl_staff_set_mailers(struct nl_staff *staff, struct nl_mailer *sender,
                          struct nl_mailer *notices) NL_ALL_NONNULL;

/* Sets the thread that makes PDFs of reports, which serves this server alone. Borrowed. */
void nl_staff_set_pdfs(struct nl_staff *staff, struct nl_pdfs *pdfs) NL_ALL_NONNULL;

/* Sets the thread that does imports and exports, to be woken. Borrowed. */
void nl_staff_set_tasks(struct nl_staff *staff, struct nl_task_worker *tasks) NL_ALL_NONNULL;

/* Starts the thread that watches the issues at which people look on. */
NL_CHECKED enum nl_status nl_staff_start_watch(struct nl_staff *staff,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Sets the relay for test mails, which get a thread of their own. Without one there are none.
 * Borrowed. */
NL_CHECKED enum nl_status nl_staff_set_relay(struct nl_staff *staff, const struct nl_relay *relay,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Makes what the threads need that answer slow requests: previews and other pages of drafts, tests
 * of webhooks, long lists of people. Each has a connection to the database of its own, so nobody
 * else waits for them. Call it before nl_staff_set_mailers and nl_staff_set_relay. */
NL_CHECKED enum nl_status nl_staff_set_helpers(struct nl_staff *staff, struct nl_server_writer *out,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* An nl_writes: whether a request is slow; `ctx` is the struct. */
bool nl_staff_is_slow(void *ctx, const struct nl_request *request) NL_NONNULL(2);

/* An nl_body_limit; `ctx` is the struct. */
size_t nl_staff_body_limit(void *ctx, const struct nl_request *request) NL_NONNULL(2);

/* The same for a body that is a file. */
size_t nl_staff_file_limit(void *ctx, const struct nl_request *request) NL_NONNULL(2);

/* The same for a form with files. */
size_t nl_staff_form_limit(void *ctx, const struct nl_request *request) NL_NONNULL(2);

/* An nl_handler; `ctx` is the struct. */
NL_CHECKED enum nl_status nl_staff_handle(void *ctx, const struct nl_request *request,
                                          struct nl_response *response, struct nl_error *err)
    NL_NONNULL(2, 3, 4);

void nl_staff_free(struct nl_staff *staff);

#endif
