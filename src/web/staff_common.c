#include "web/staff_common.h"

#include "newsletter/base/log.h"
#include "newsletter/store/issue.h"

#include <stdio.h>
#include <string.h>

bool nl_staff_may_guess(struct nl_staff *staff, const struct nl_request *request,
                        struct nl_response *response) {
    const struct nl_ip network = nl_ip_network(nl_request_client(request));
    return nl_limit_take(staff->guesses, network.bytes, sizeof network.bytes,
                         nl_site_now(staff->site), &response->retry_after);
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
    struct nl_buf location = {0};
    nl_buf_addf(&location, "%s%s", staff->site->prefix, path);
    response->status = 303;
    response->location = nl_buf_take(&location);
    return response->location != NULL ? NL_OK : nl_error_nomem(err);
}

struct found {
    char state[16];
};

static enum nl_status take_state(const struct nl_issue_summary *issue, void *ctx,
                                 struct nl_error *err) {
    struct found *found = ctx;
    (void)err;
    snprintf(found->state, sizeof found->state, "%s", issue->state);
    return NL_OK;
}

enum nl_status nl_staff_control_issue(struct nl_staff *staff, int64_t issue, const char *action,
                                      const char *who, enum nl_action_result *result,
                                      struct nl_error *err) {
    struct nl_store *store = staff->site->store;
    const struct nl_issue_filter filter = {.id = issue};
    struct found found = {0};
    int64_t skipped = 0;
    bool done = false;
    enum nl_status status = nl_issue_summaries(store, &filter, take_state, &found, err);
    bool sending = strcmp(found.state, "sending") == 0;
    bool paused = strcmp(found.state, "paused") == 0;
    bool scheduled = strcmp(found.state, "scheduled") == 0;
    *result = issue == 0 || found.state[0] == '\0' ? NL_ACTION_UNKNOWN : NL_ACTION_TOO_LATE;
    if (status != NL_OK || *result == NL_ACTION_UNKNOWN)
        return status;
    if (strcmp(action, "pause") == 0 && sending) {
        status = nl_issue_set_state(store, issue, "paused", "by hand", &done, err);
    } else if (strcmp(action, "resume") == 0 && paused) {
        status = nl_issue_set_state(store, issue, "sending", NULL, &done, err);
        if (done && staff->sender != NULL)
            nl_mailer_wake(staff->sender, 0);
    } else if (strcmp(action, "cancel") == 0 && (sending || paused)) {
        status = nl_issue_cancel(store, issue, &skipped, err);
        done = status == NL_OK;
    } else if (strcmp(action, "cancel") == 0 && scheduled) {
        status = nl_issue_withdraw(store, issue, err);
        done = status == NL_OK;
    }
    if (done) {
        *result = scheduled ? NL_ACTION_WITHDRAWN : NL_ACTION_DONE;
        char id[24];
        snprintf(id, sizeof id, "%lld", (long long)issue);
        const struct nl_log_field fields[] = {
            {"STAFF", who}, {"ACTION", action}, {"ISSUE", id}, {0}};
        nl_log(NL_LOG_NOTICE, fields, "%s: %s issue %s", who, action, id);
    }
    return status;
}
