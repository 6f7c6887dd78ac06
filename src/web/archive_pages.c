#include "newsletter/archive/archive.h"

#include "web/archive_link.h"
#include "web/handlers.h"
#include "web/pdf_worker.h"
#include "web/stamp.h"

#include <string.h>

/* Redirects a folder without its final slash: relative links would lead to the wrong place. */
static enum nl_status add_slash(const struct nl_site *site, const char *path,
                                struct nl_response *response, struct nl_error *err) {
    struct nl_buf location = {0};
    nl_buf_addf(&location, "%s/archive/%s/", site->prefix, path);
    response->status = 301;
    response->location = nl_buf_take(&location);
    return response->location != NULL ? NL_OK : nl_error_nomem(err);
}

/* A search reads an index of all texts, and strangers choose its words. Drawing a picture takes as
 * long, and a PDF longer. */
static bool may_search(struct nl_site *site, const struct nl_request *request, const char *path,
                       struct nl_response *response) {
    const char *slash = strrchr(path, '/');
    bool search = strcmp(path, "search") == 0 && nl_request_query(request, "q") != NULL;
    bool drawing = slash != NULL &&
                   (strcmp(slash + 1, "preview.png") == 0 || strcmp(slash + 1, NL_PDF_NAME) == 0);
    drawing = drawing || strcmp(path, "cover.png") == 0;
    return (!search && !drawing) || nl_site_may_network(site, site->costly, request, response);
}

enum { RETRY_SECONDS = 30 };

/* Hands a page over to be made a PDF; the request is handled again once it is there. */
static enum nl_status begin_pdf(struct nl_site *site, const struct nl_request *request,
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

/* A visitor who has waited long is asked to come again: it is made all the same. */
static enum nl_status end_pdf(struct nl_site *site, const struct nl_request *request,
                              struct nl_request_own *own, struct nl_response *response,
                              struct nl_error *err) {
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

static enum nl_status serve_list(struct nl_site *site, const struct nl_request *request,
                                 const struct nl_list *list, const char *path,
                                 struct nl_response *response, struct nl_error *err) {
    struct nl_archive_page page = {0};
    struct nl_site_archive archive = {0};
    struct nl_request_own *own = nl_request_own(request);
    if (own != NULL && own->item != NULL)
        return end_pdf(site, request, own, response, err);
    if (!may_search(site, request, path, response))
        return nl_site_say(site, request, 429, nl_too_many, response, err);
    enum nl_status status = nl_site_archive_open(site, request, list, &archive, err);
    if (status == NL_OK)
        status =
            nl_archive_make(&archive.archive, path, nl_request_query(request, "q"), &page, err);
    if (status == NL_OK && page.found && page.to_print) {
        status = begin_pdf(site, request, &page.body, response, err);
    } else if (status == NL_OK && page.found) {
        response->body = page.body;
        page.body = (struct nl_buf){0};
        response->type = page.type;
        response->cacheable = strcmp(path, "search") != 0;
        response->ranges = page.ranges;
        response->issue = strncmp(path, "issue/", 6) == 0;
        if (page.download)
            response->attachment = "";
        response->form = response->body.len > 0 && strncmp(page.type, "text/html", 9) == 0 &&
                         strstr(nl_buf_text(&response->body), NL_STAMP_MARK) != NULL;
    } else if (status == NL_OK) {
        status = nl_site_not_found(site, request, response, err);
    }
    nl_buf_free(&page.body);
    nl_site_archive_close(&archive);
    return status;
}

/* Slugs, keys and languages hold only these characters; nothing else can be found. */
static bool is_path(const char *path) {
    return path[strspn(path,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./")] ==
               '\0' &&
           strlen(path) < 512;
}

enum nl_status nl_site_archive(struct nl_site *site, const struct nl_request *request,
                               const char *path, struct nl_response *response,
                               struct nl_error *err) {
    char name[80] = "";
    struct nl_list list = {0};
    size_t len = strcspn(path, "/");
    if (path[0] == '\0')
        return nl_archives_page(site, request, response, err);
    if (!is_path(path) || len >= sizeof name)
        return nl_site_not_found(site, request, response, err);
    memcpy(name, path, len);
    enum nl_status status = nl_list_find(site->store, name, &list, err);
    const char *last = strrchr(path, '/');
    last = last != NULL ? last + 1 : path;
    if (status == NL_NOTFOUND || (status == NL_OK && list.is_private)) {
        nl_error_free(err);
        status = nl_site_not_found(site, request, response, err);
    } else if (status == NL_OK && *last != '\0' && strchr(last, '.') == NULL &&
               strcmp(last, "search") != 0) {
        status = add_slash(site, path, response, err);
    } else if (status == NL_OK) {
        status = serve_list(site, request, &list, path + len + 1, response, err);
    }
    nl_list_free(&list);
    return status;
}
