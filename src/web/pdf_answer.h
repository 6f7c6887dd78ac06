/* Answers that are PDFs: the request waits while the thread of pdf_worker.h makes one. */
#ifndef NL_WEB_PDF_ANSWER_H
#define NL_WEB_PDF_ANSWER_H

#include "web/page.h"

/* Whether a request has handed its page over, and is handled again. */
bool nl_pdf_is_awaited(const struct nl_request *request);

/* Hands a page over, which it may take, or answers with the PDF that was made of it lately. To be
 * called in the server's own thread only, as site->pdfs is. */
enum nl_status nl_pdf_begin(struct nl_site *site, const struct nl_request *request,
                            struct nl_buf *page, struct nl_response *response,
                            struct nl_error *err);

/* Answers a request that waits with its PDF, lets it wait on, or asks a visitor who has waited long
 * to come again: it is made all the same. */
enum nl_status nl_pdf_end(struct nl_site *site, const struct nl_request *request,
                          struct nl_response *response, struct nl_error *err);

#endif
