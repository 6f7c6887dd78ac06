#include "web/lead.h"

#include "newsletter/service/lists.h"
#include "web/archive_link.h"

static enum nl_status add_latest(struct nl_site *site, const struct nl_request *request,
                                 const struct nl_list *list, json_t *data, struct nl_error *err) {
    struct nl_site_archive archive = {0};
    struct nl_buf root = {0};
    json_t *card = NULL;
    enum nl_status status = nl_site_archive_open(site, request, list, &archive, err);
    nl_buf_addf(&root, "%s/archive/%s/", site->prefix, list->name);
    if (status == NL_OK)
        status = nl_archive_latest(&archive.archive, nl_buf_text(&root), &card, err);
    json_object_set_new(data, "next", card != NULL ? card : json_null());
    nl_buf_free(&root);
    nl_site_archive_close(&archive);
    return status;
}

enum nl_status nl_site_lead(struct nl_site *site, const struct nl_request *request,
                            const struct nl_list *list, json_t *data, struct nl_error *err) {
    struct nl_public_lists lists = {0};
    enum nl_status status = NL_OK;
    json_object_set_new(data, "next", json_null());
    const struct nl_office office = nl_site_office(site);
    if (list == NULL)
        status = nl_office_public_lists(&office, NULL, 0, &lists, err);
    if (list == NULL && lists.count == 1)
        list = &lists.items[0];
    if (status == NL_OK && list != NULL && !list->is_private)
        status = add_latest(site, request, list, data, err);
    nl_public_lists_free(&lists);
    return status;
}
