#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/base/zone.h"
#include "newsletter/store/second_step.h"
#include "newsletter/template/data.h"
#include "newsletter/transfer/audit_file.h"
#include "web/staff_common.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_SHOWN = 100 };

/* ---- accounts ---- */

static json_t *role_choices(const struct nl_theme *theme, enum nl_role chosen) {
    json_t *array = json_array();
    for (int role = 0; nl_roles[role] != NULL; role++)
        json_array_append_new(array, json_pack("{s:s, s:s, s:b}", "name", nl_roles[role], "label",
                                               nl_staff_role_label(theme, (enum nl_role)role),
                                               "chosen", role == (int)chosen));
    return array;
}

struct accounts {
    const struct nl_theme *theme;
    json_t *array;
};

static enum nl_status note_account(const struct nl_staff_account *account, void *ctx,
                                   struct nl_error *err) {
    struct accounts *shown = ctx;
    json_t *object = json_object();
    char seen[NL_ZONE_TEXT_LEN] = "";
    (void)err;
    if (account->seen_at != 0)
        nl_zone_text(account->seen_at, NULL, seen);
    nl_data_set(object, "name", account->name);
    nl_data_set(object, "lists", account->lists);
    nl_data_set(object, "seen", seen);
    json_object_set_new(object, "second_step", json_boolean(account->second_step));
    json_object_set_new(object, "roles", role_choices(shown->theme, account->role));
    json_array_append_new(shown->array, object);
    return NL_OK;
}

enum nl_status nl_accounts_page(struct nl_staff_call *call, struct nl_response *response,
                                struct nl_error *err) {
    struct accounts shown = {call->theme, json_array()};
    enum nl_status status = nl_staff_each(call->staff->site->store, note_account, &shown, err);
    json_object_set_new(call->data, "accounts", shown.array);
    json_object_set_new(call->data, "new_roles", role_choices(call->theme, NL_ROLE_VIEWER));
    nl_data_set(call->data, "heading", nl_staff_text(call, NL_TEXT("Accounts")));
    return nl_staff_finish(call, status, "staff-accounts.html", response, err);
}

static enum nl_status carry_out(struct nl_staff_call *call, struct nl_error *err) {
    struct nl_store *store = call->staff->site->store;
    const struct nl_actor *by = &call->session->actor;
    const char *action = nl_site_field(call->request, "action");
    const char *name = nl_site_field(call->request, "name");
    const char *list = nl_site_field(call->request, "list");
    const char *role = nl_site_field(call->request, "role");
    bool as_elsewhere = list[0] != '\0' && strcmp(role, "default") == 0;
    if ((strcmp(action, "add") == 0 || (strcmp(action, "role") == 0 && !as_elsewhere)) &&
        nl_role_of(role) == NL_ROLE_NONE && strcmp(role, nl_roles[NL_ROLE_NONE]) != 0)
        return nl_error_set(err, NL_DATA, "'%s' is not a role", role);
    if (strcmp(action, "add") == 0)
        return nl_staff_add(store, name, nl_site_field(call->request, "password"), nl_role_of(role),
                            by, err);
    if (strcmp(action, "role") == 0 && as_elsewhere)
        return nl_staff_unset_role(store, name, list, by, err);
    if (strcmp(action, "role") == 0)
        return nl_staff_set_role(store, name, list[0] != '\0' ? list : NULL, nl_role_of(role), by,
                                 err);
    if (strcmp(action, "reset") == 0)
        return nl_second_step_end(store, name, by, err);
    if (strcmp(action, "remove") == 0 && strcmp(nl_site_field(call->request, "sure"), "yes") != 0)
        return nl_error_set(
            err, NL_DATA, "%s",
            nl_staff_text(call, NL_TEXT("Nothing was removed. Tick the box first to "
                                        "confirm.")));
    if (strcmp(action, "remove") == 0)
        return nl_staff_remove(store, name, by, err);
    return nl_error_set(err, NL_DATA, "'%s' is not an action", action);
}

enum nl_status nl_accounts_act(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err) {
    enum nl_status status = carry_out(call, err);
    if (status == NL_OK) {
        json_decref(call->data);
        return nl_staff_redirect(call->staff, "/accounts", response, err);
    }
    if (nl_staff_explains(call, status, response, err))
        return nl_accounts_page(call, response, err);
    json_decref(call->data);
    return status;
}

/* ---- the audit log ---- */

static enum nl_status note_line(const struct nl_audit_line *line, void *ctx, struct nl_error *err) {
    json_t *array = ctx;
    json_t *object = json_object();
    char at[NL_ZONE_TEXT_LEN];
    (void)err;
    nl_zone_text(line->at, NULL, at);
    json_object_set_new(object, "id", json_integer((json_int_t)line->id));
    nl_data_set(object, "at", at);
    nl_data_set(object, "actor", line->actor);
    nl_data_set(object, "door", line->door);
    nl_data_set(object, "client", line->client);
    nl_data_set(object, "action", line->action);
    nl_data_set(object, "object", line->object);
    nl_data_set(object, "detail", line->detail);
    json_array_append_new(array, object);
    return NL_OK;
}

static struct nl_audit_filter filter_of(const struct nl_staff_call *call, int64_t limit) {
    const char *text = nl_request_query(call->request, "q");
    const char *before = nl_request_query(call->request, "before");
    struct nl_audit_filter filter = {.text = text != NULL && text[0] != '\0' ? text : NULL,
                                     .limit = limit};
    if (before == NULL || !nl_text_integer(before, &filter.before) || filter.before < 0)
        filter.before = 0;
    return filter;
}

enum nl_status nl_audit_page(struct nl_staff_call *call, struct nl_response *response,
                             struct nl_error *err) {
    const struct nl_audit_filter filter = filter_of(call, LINES_SHOWN + 1);
    json_t *lines = json_array();
    enum nl_status status = nl_audit_each(call->staff->site->store, &filter, note_line, lines, err);
    nl_data_set(call->data, "older", "");
    if (json_array_size(lines) > LINES_SHOWN) {
        json_array_remove(lines, LINES_SHOWN);
        json_object_set(call->data, "older",
                        json_object_get(json_array_get(lines, LINES_SHOWN - 1), "id"));
    }
    struct nl_buf query = {0};
    nl_text_encode_percent(&query, filter.text != NULL ? filter.text : "");
    nl_data_set(call->data, "q", filter.text);
    nl_data_set(call->data, "query", nl_buf_text(&query));
    nl_buf_free(&query);
    nl_staff_show_rows(call, "lines", lines);
    nl_data_set(call->data, "heading", nl_staff_text(call, NL_TEXT("Audit log")));
    return nl_staff_finish(call, status, "staff-audit.html", response, err);
}

enum nl_status nl_audit_file(struct nl_staff_call *call, struct nl_response *response,
                             struct nl_error *err) {
    const struct nl_audit_filter filter = filter_of(call, 0);
    response->type = "text/csv; charset=utf-8";
    response->attachment = "audit.csv";
    json_decref(call->data);
    return nl_audit_open_csv(call->staff->site->store, &filter, &response->stream, err);
}
