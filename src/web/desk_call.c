#include "web/desk.h"

#include <stdlib.h>
#include <string.h>

enum { FORM_MOST = 26 << 20 };

static const char prefix[] = "/draft/";
static const char kept[] = "/boilerplates";

size_t nl_staff_form_limit(void *ctx, const struct nl_request *request) {
    struct nl_staff *staff = ctx;
    const char *path = nl_site_path(staff->site, request);
    if (strncmp(path, prefix, sizeof prefix - 1) != 0 && strcmp(path, "/drafts") != 0 &&
        strncmp(path, kept, sizeof kept - 1) != 0)
        return 0;
    return nl_staff_is_inside(staff, request) ? FORM_MOST : 0;
}

static void choose_text(struct nl_desk *desk) {
    const json_t *first = json_array_get(json_object_get(desk->draft, "texts"), 0);
    desk->text = nl_site_asked(desk->call->request, "text");
    if (nl_desk_text(desk) == NULL)
        desk->text = first != NULL ? json_string_value(json_object_get(first, "language")) : "";
}

/* The rights of the account on the draft's list. */
struct rights {
    bool write, send, approve;
};

static enum nl_status run(struct nl_desk *desk, const char *page, const struct rights *rights) {
    bool may_send = rights->send;
    bool post = nl_request_is_post(desk->call->request);
    json_object_set_new(desk->call->data, "may_send", json_boolean(may_send));
    if (strcmp(page, "") == 0)
        return post ? nl_desk_act(desk) : nl_desk_page(desk, false);
    if (strcmp(page, "/file") == 0 && !post)
        return nl_desk_file(desk);
    if (strcmp(page, "/here") == 0 && !post)
        return nl_desk_presence(desk);
    if (strcmp(page, "/snippet") == 0 && !post)
        return nl_desk_snippet(desk);
    if (strcmp(page, "/preview") == 0 && !post)
        return nl_desk_preview(desk);
    if (strcmp(page, "/history") == 0 && !post)
        return nl_desk_history(desk);
    if (strcmp(page, "/approval") == 0)
        return post ? nl_desk_approval(desk, rights->approve)
                    : nl_desk_approval_page(desk, rights->approve);
    if (strcmp(page, "/send") == 0 && !post)
        return nl_desk_send_page(desk);
    if (strcmp(page, "/send") == 0 && may_send)
        return nl_desk_send(desk);
    return post ? nl_site_say(desk->call->staff->site, desk->call->request, 403,
                              NL_TEXT("Your account may not do this. Ask an administrator."),
                              desk->response, desk->err)
                : nl_site_not_found(desk->call->staff->site, desk->call->request, desk->response,
                                    desk->err);
}

enum nl_status nl_desk_call(struct nl_staff_call *call, const char *path,
                            struct nl_response *response, struct nl_error *err) {
    struct nl_staff *staff = call->staff;
    char *page = NULL;
    struct nl_desk desk = {
        .call = call,
        .office = {staff->site->store, staff->site->config, &call->session->actor},
        .id = strtoll(path + sizeof prefix - 1, &page, 10),
        .text = "",
        .response = response,
        .err = err,
    };
    struct rights rights = {0};
    enum nl_status status = nl_office_draft_read(&desk.office, desk.id, &desk.draft, err);
    const char *list = json_string_value(json_object_get(desk.draft, "list"));
    if (status == NL_OK)
        status = nl_staff_may(staff, call->session, list, NL_POWER_WRITE, &rights.write, err);
    if (status == NL_OK)
        status = nl_staff_may(staff, call->session, list, NL_POWER_SEND, &rights.send, err);
    if (status == NL_OK)
        status = nl_staff_may(staff, call->session, list, NL_POWER_APPROVE, &rights.approve, err);
    if (status == NL_NOTFOUND)
        nl_error_free(err);
    if (status == NL_NOTFOUND || (status == NL_OK && !rights.write)) {
        status = nl_site_not_found(staff->site, call->request, response, err);
    } else if (status == NL_OK) {
        choose_text(&desk);
        status = run(&desk, page, &rights);
    }
    json_decref(desk.draft);
    json_decref(call->data);
    return status;
}
