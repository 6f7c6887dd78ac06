/* Makes PDFs of issues for `newsletter serve`, in a thread. */
#ifndef NEWSLETTER_WEB_PDFS_H
#define NEWSLETTER_WEB_PDFS_H

#include "newsletter/base/error.h"
#include "newsletter/config/config.h"

struct nl_pdfs;

/* `config` must outlive it. Free with nl_pdfs_free. */
struct nl_pdfs *nl_pdfs_new(const struct nl_config *config) NL_ALL_NONNULL;

/* Starts the thread, which calls `wake` after each PDF, so that the server asks for it. There is
 * none without `archive.pdf`. */
NL_CHECKED enum nl_status nl_pdfs_start(struct nl_pdfs *pdfs, void (*wake)(void *ctx), void *ctx,
                                        struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Ends the thread, and the program that it runs. Before the server is freed; nl_pdfs_free is for
 * after that. NULL is harmless for both. */
void nl_pdfs_stop(struct nl_pdfs *pdfs);
void nl_pdfs_free(struct nl_pdfs *pdfs);

#endif
