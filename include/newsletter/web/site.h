/* The public website of `newsletter serve`: joining, confirming, leaving, a subscriber's own page
 * and the archive. Opaque: only src/web knows what is inside. */
#ifndef NEWSLETTER_WEB_SITE_H
#define NEWSLETTER_WEB_SITE_H

#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/web/decoder.h"
#include "newsletter/web/hooks.h"
#include "newsletter/web/mailer.h"
#include "newsletter/web/pdfs.h"
#include "newsletter/web/server.h"

struct nl_site;

/* `url` is the address under which people reach the site, or NULL; its path becomes the prefix of
 * all links. Borrows the store and the configuration, which must outlive the site. Free with
 * nl_site_free. */
NL_CHECKED enum nl_status nl_site_new(struct nl_store *store, const struct nl_config *config,
                                      const char *url, struct nl_site **out, struct nl_error *err)
    NL_NONNULL(1, 2, 4, 5);

/* Gives the requests that write a connection of their own, `store`, which is borrowed, and a
 * thread: *out is for nl_server_start. From then on the site only reads through its first
 * connection, so that no page waits for somebody who writes. Call nl_site_set_mailer before the
 * thread starts. */
NL_CHECKED enum nl_status nl_site_set_writer(struct nl_site *site, struct nl_store *store,
                                             struct nl_server_writer *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* An nl_writes; `ctx` is the site. */
bool nl_site_writes(void *ctx, const struct nl_request *request) NL_NONNULL(2);

/* Sets the mailer that sends the mails that visitors cause. Without one (or with NULL) they wait
 * for `newsletter retry`. Borrowed. */
void nl_site_set_mailer(struct nl_site *site, struct nl_mailer *mailer) NL_ALL_NONNULL;

/* Sets the hooks that mail providers report to. Without them there are none. Borrowed. */
void nl_site_set_hooks(struct nl_site *site, struct nl_hooks *hooks) NL_ALL_NONNULL;

/* Sets the thread that decodes files of visitors. Borrowed. */
void nl_site_set_decoder(struct nl_site *site, struct nl_decoder *decoder) NL_ALL_NONNULL;

/* Sets the thread that makes PDFs of issues. Without it there are none. Borrowed. */
void nl_site_set_pdfs(struct nl_site *site, struct nl_pdfs *pdfs) NL_ALL_NONNULL;

/* An nl_body_limit; `ctx` is the site. */
size_t nl_site_body_limit(void *ctx, const struct nl_request *request) NL_NONNULL(2);

/* The same, for forms: a mail that somebody asks about may be large. */
size_t nl_site_form_limit(void *ctx, const struct nl_request *request) NL_ALL_NONNULL;

/* An nl_handler; `ctx` is the site. */
NL_CHECKED enum nl_status nl_site_handle(void *ctx, const struct nl_request *request,
                                         struct nl_response *response, struct nl_error *err)
    NL_NONNULL(2, 3, 4);

void nl_site_free(struct nl_site *site);

#endif
