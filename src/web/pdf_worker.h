/* PDFs of issues on their way: a thread makes them, one after the other, while the server goes on
 * with its visitors. */
#ifndef NL_WEB_PDF_WORKER_H
#define NL_WEB_PDF_WORKER_H

#include "newsletter/base/buf.h"
#include "newsletter/web/pdfs.h"

/* A PDF that was asked for. */
struct nl_pdf_job;

/* Appends the PDF of a page if it was made lately. All but the thread's own part is for one thread,
 * the server's. */
bool nl_pdfs_find(struct nl_pdfs *pdfs, const struct nl_buf *page, struct nl_buf *out);

/* Asks for the PDF of a page, which it takes. One that was left is gone on with. NULL if too many
 * wait already. */
struct nl_pdf_job *nl_pdfs_submit(struct nl_pdfs *pdfs, struct nl_buf *page);

/* Whether it is done; then *status and `err` say how it went, and `out` gets the file. */
bool nl_pdf_job_take(struct nl_pdf_job *job, struct nl_buf *out, enum nl_status *status,
                     struct nl_error *err);

/* Lets it be made, to be found when somebody asks for the same page again. */
void nl_pdf_job_leave(struct nl_pdf_job *job);

/* Ends the interest in it; `job` is a struct nl_pdf_job. One that still waits is not made. */
void nl_pdf_job_drop(void *job);

#endif
