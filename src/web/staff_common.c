#include "web/staff_common.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/log.h"
#include "newsletter/base/text.h"
#include "newsletter/service/issues.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool nl_staff_may_guess(struct nl_staff *staff, const struct nl_request *request,
                        struct nl_response *response) {
    return nl_site_may_network(staff->site, staff->guesses, request, response);
}

enum nl_status nl_staff_render(struct nl_staff *staff, const struct nl_theme *theme,
                               const char *file, json_t *data, struct nl_response *response,
                               struct nl_error *err) {
    json_t *common = nl_site_data(staff->site, theme, NULL);
    json_object_update_missing(data, common);
    response->scripts = true;
    json_decref(common);
    return nl_site_page(theme, file, data, response, err);
}

enum nl_status nl_staff_redirect(const struct nl_staff *staff, const char *path,
                                 struct nl_response *response, struct nl_error *err) {
    (void)err;
    struct nl_buf location = {0};
    nl_buf_addf(&location, "%s%s", staff->site->prefix, path);
    response->status = 303;
    response->location = nl_buf_take(&location);
    return NL_OK;
}

enum nl_status nl_staff_may(struct nl_staff *staff, const struct nl_session *session,
                            const char *list, enum nl_power power, bool *ok, struct nl_error *err) {
    enum nl_role role = session->role;
    enum nl_status status = NL_OK;
    if (list != NULL)
        status = nl_staff_role(staff->site->store, session->name, list, &role, err);
    *ok = status == NL_OK && nl_role_may(role, power);
    return status;
}

const char *nl_staff_role_label(const struct nl_theme *theme, enum nl_role role) {
    static const char *const labels[] = {
        NL_TEXT_IN("role", "none"),   NL_TEXT_IN("role", "viewer"),
        NL_TEXT_IN("role", "author"), NL_TEXT_IN("role", "sender"),
        NL_TEXT_IN("role", "people"), NL_TEXT_IN("role", "administrator"),
    };
    return nl_catalog_text(theme->catalog, "role", labels[role]);
}

struct nl_office nl_staff_office(const struct nl_staff *staff, const struct nl_session *session) {
    return (struct nl_office){staff->site->store, staff->site->config, &session->actor};
}

const char *nl_staff_text(const struct nl_staff_call *call, const char *text) {
    return nl_catalog_text(call->theme->catalog, NULL, text);
}

void nl_staff_say(const struct nl_staff_call *call, const char *member, const char *text) {
    nl_data_set(call->data, member, nl_staff_text(call, text));
}

void nl_staff_show_rows(const struct nl_staff_call *call, const char *member, json_t *rows) {
    json_object_set_new(call->data, "any", json_boolean(json_array_size(rows) > 0));
    json_object_set_new(call->data, member, rows != NULL ? rows : json_array());
}

enum nl_status nl_staff_forbidden(struct nl_staff_call *call, struct nl_response *response,
                                  struct nl_error *err) {
    json_decref(call->data);
    return nl_site_say(call->staff->site, call->request, 403,
                       NL_TEXT("Your account may not do this. Ask an administrator."), response,
                       err);
}

enum nl_status nl_staff_no_page(struct nl_staff_call *call, struct nl_response *response,
                                struct nl_error *err) {
    json_decref(call->data);
    return nl_site_not_found(call->staff->site, call->request, response, err);
}

enum nl_status nl_staff_finish(struct nl_staff_call *call, enum nl_status status, const char *file,
                               struct nl_response *response, struct nl_error *err) {
    if (status == NL_OK)
        return nl_staff_render(call->staff, call->theme, file, call->data, response, err);
    json_decref(call->data);
    return status;
}

void nl_staff_explain(const struct nl_staff_call *call, const char *member,
                      const struct nl_error *err) {
    char *text = nl_catalog_error(call->theme->catalog, err);
    nl_data_set(call->data, member, text);
    free(text);
}

bool nl_staff_explains(struct nl_staff_call *call, enum nl_status status,
                       struct nl_response *response, struct nl_error *err) {
    if (status != NL_DATA && status != NL_EXISTS && status != NL_NOTFOUND && status != NL_USAGE &&
        status != NL_BUSY)
        return false;
    nl_staff_explain(call, "problem", err);
    nl_error_free(err);
    response->status = 400;
    return true;
}

/* Tells the journal, and a thread that has something to send now. */
static void note_action(struct nl_staff *staff, int64_t issue, const char *action,
                        const char *who) {
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)issue);
    const struct nl_log_field fields[] = {{"STAFF", who}, {"ACTION", action}, {"ISSUE", id}, {0}};
    nl_log(NL_LOG_NOTICE, fields, "%s: %s issue %s", who, action, id);
    if ((strcmp(action, "resume") == 0 || strcmp(action, "overrule") == 0) && staff->sender != NULL)
        nl_mailer_wake(staff->sender, 0);
}

enum nl_status nl_staff_control_issue(struct nl_staff *staff, int64_t issue, const char *action,
                                      const struct nl_actor *by, enum nl_action_result *result,
                                      struct nl_error *err) {
    const struct nl_office office = {staff->site->store, staff->site->config, by};
    struct nl_issue_change change = {.result = NL_ACTION_REFUSED};
    enum nl_issue_action wanted = NL_ISSUE_PAUSE;
    enum nl_status status = NL_OK;
    if (nl_issue_action_parse(action, &wanted))
        status = nl_office_issue_control(&office, issue, wanted, &change, err);
    *result = change.result;
    if (status == NL_OK && (*result == NL_ACTION_DONE || *result == NL_ACTION_WITHDRAWN))
        note_action(staff, issue, action, by->name);
    return status;
}

bool nl_staff_path_number(const char *rest, int64_t *id, const char **more) {
    char number[24];
    size_t digits = rest[0] == '/' ? strspn(rest + 1, "0123456789") : 0;
    if (digits == 0 || digits >= sizeof number)
        return false;
    memcpy(number, rest + 1, digits);
    number[digits] = '\0';
    *more = rest + 1 + digits;
    return nl_text_integer(number, id) && *id > 0;
}
