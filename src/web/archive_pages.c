#include "newsletter/archive/archive.h"

#include "web/archive_link.h"
#include "web/handlers.h"
#include "web/pdf_answer.h"
#include "web/stamp.h"

#include <string.h>

/* Redirects a folder without its final slash: relative links would lead to the wrong place. */
static void add_slash(const struct nl_site *site, const char *path, struct nl_response *response) {
    struct nl_buf location = {0};
    nl_buf_addf(&location, "%s/archive/%s/", site->prefix, path);
    response->status = 301;
    response->location = nl_buf_take(&location);
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

static enum nl_status serve_list(struct nl_site *site, const struct nl_request *request,
                                 const struct nl_list *list, const char *path,
                                 struct nl_response *response, struct nl_error *err) {
    struct nl_archive_page page = {0};
    struct nl_site_archive archive = {0};
    if (nl_pdf_is_awaited(request))
        return nl_pdf_end(site, request, response, err);
    if (!may_search(site, request, path, response))
        return nl_site_say(site, request, 429, nl_too_many, response, err);
    enum nl_status status = nl_site_archive_open(site, request, list, &archive, err);
    if (status == NL_OK)
        status =
            nl_archive_make(&archive.archive, path, nl_request_query(request, "q"), &page, err);
    if (status == NL_OK && page.found && page.to_print) {
        status = nl_pdf_begin(site, request, &page.body, response, err);
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
        add_slash(site, path, response);
    } else if (status == NL_OK) {
        status = serve_list(site, request, &list, path + len + 1, response, err);
    }
    nl_list_free(&list);
    return status;
}
