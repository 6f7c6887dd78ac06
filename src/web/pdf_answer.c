#include "web/pdf_answer.h"

#include "web/handlers.h"
#include "web/pdf_worker.h"

enum { RETRY_SECONDS = 30 };

bool nl_pdf_is_awaited(const struct nl_request *request) {
    const struct nl_request_own *own = nl_request_own(request);
    return own != NULL && own->item != NULL;
}

enum nl_status nl_pdf_begin(struct nl_site *site, const struct nl_request *request,
                            struct nl_buf *page, struct nl_response *response,
                            struct nl_error *err) {
    struct nl_request_own *own = nl_request_own(request);
    response->type = "application/pdf";
    response->cacheable = response->ranges = nl_pdfs_find(site->pdfs, page, &response->body);
    if (response->cacheable)
        return NL_OK;
    struct nl_pdf_job *job = own != NULL ? nl_pdfs_submit(site->pdfs, page) : NULL;
    if (job != NULL) {
        own->item = job;
        own->drop = nl_pdf_job_drop;
        response->wait = true;
        return NL_OK;
    }
    response->retry_after = RETRY_SECONDS;
    return nl_site_say(site, request, 503, nl_too_many, response, err);
}

enum nl_status nl_pdf_end(struct nl_site *site, const struct nl_request *request,
                          struct nl_response *response, struct nl_error *err) {
    struct nl_request_own *own = nl_request_own(request);
    enum nl_status status = NL_OK;
    response->wait = !nl_pdf_job_take(own->item, &response->body, &status, err);
    if (response->wait && nl_request_is_late(request)) {
        nl_pdf_job_leave(own->item);
        own->item = NULL;
        own->drop = NULL;
        response->wait = false;
        response->retry_after = RETRY_SECONDS;
        return nl_site_say(site, request, 503,
                           NL_TEXT("This PDF is still being made. Please try again in a minute."),
                           response, err);
    }
    response->type = "application/pdf";
    response->cacheable = response->ranges = !response->wait && status == NL_OK;
    return status;
}
