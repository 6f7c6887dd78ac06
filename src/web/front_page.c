#include "newsletter/archive/archive.h"
#include "newsletter/base/memory.h"
#include "newsletter/service/lists.h"
#include "web/archive_link.h"
#include "web/handlers.h"

#include <stdlib.h>
#include <string.h>

/* A function of archive/archive.h that makes a page about all lists. */
typedef enum nl_status make_front(const struct nl_front *front, const struct nl_archive *bare,
                                  struct nl_archive_page *out, struct nl_error *err);

struct fronts {
    struct nl_public_lists lists;
    struct nl_site_archive *links;
    struct nl_archive *archives;
    struct nl_site_archive bare;
};

static void close_fronts(struct fronts *fronts) {
    for (size_t i = 0; fronts->links != NULL && i < fronts->lists.count; i++)
        nl_site_archive_close(&fronts->links[i]);
    nl_site_archive_close(&fronts->bare);
    free(fronts->links);
    free(fronts->archives);
    nl_public_lists_free(&fronts->lists);
}

static enum nl_status open_fronts(struct nl_site *site, const struct nl_request *request,
                                  struct fronts *out, struct nl_error *err) {
    const struct nl_office office = nl_site_office(site);
    enum nl_status status = nl_office_all_public_lists(&office, &out->lists, err);
    const struct nl_list *only = out->lists.count == 1 ? &out->lists.items[0] : NULL;
    if (status != NL_OK)
        return status;
    out->links = nl_calloc(out->lists.count + 1, sizeof *out->links);
    out->archives = nl_calloc(out->lists.count + 1, sizeof *out->archives);
    for (size_t i = 0; status == NL_OK && i < out->lists.count; i++) {
        status = nl_site_archive_open(site, request, &out->lists.items[i], &out->links[i], err);
        out->archives[i] = out->links[i].archive;
    }
    /* The page speaks the visitor's language, else that of its only list. */
    if (status == NL_OK)
        status = nl_site_archive_open(site, request, only, &out->bare, err);
    return status;
}

static enum nl_status show(struct nl_site *site, const struct nl_request *request,
                           const char *prefix, make_front *make, struct nl_response *response,
                           struct nl_error *err) {
    struct fronts fronts = {0};
    struct nl_archive_page page = {0};
    enum nl_status status = open_fronts(site, request, &fronts, err);
    const struct nl_front front = {
        .archives = fronts.archives, .count = fronts.lists.count, .prefix = prefix};
    if (status == NL_OK)
        status = make(&front, &fronts.bare.archive, &page, err);
    if (status == NL_OK && !page.found) {
        status = nl_site_not_found(site, request, response, err);
    } else if (status == NL_OK) {
        response->body = page.body;
        page.body = (struct nl_buf){0};
        response->type = page.type;
        response->cacheable = true;
        response->form = true;
    }
    nl_buf_free(&page.body);
    close_fronts(&fronts);
    return status;
}

enum nl_status nl_front_page(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    return show(site, request, "archive/", nl_front_make, response, err);
}

enum nl_status nl_archives_page(struct nl_site *site, const struct nl_request *request,
                                struct nl_response *response, struct nl_error *err) {
    return show(site, request, "", nl_front_lists, response, err);
}

enum nl_status nl_statement_page(struct nl_site *site, const struct nl_request *request,
                                 struct nl_response *response, struct nl_error *err) {
    const char *path = nl_site_path(site, request);
    bool folder = path[strlen(path) - 1] == '/';
    return show(site, request, folder ? "../archive/" : "archive/", nl_front_statement, response,
                err);
}
