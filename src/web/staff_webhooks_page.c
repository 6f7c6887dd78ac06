#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/figures.h"
#include "newsletter/service/webhooks.h"
#include "newsletter/template/data.h"
#include "web/staff_common.h"

#include <stdio.h>
#include <string.h>

/* Webhooks: targets, their last calls, and a test. A secret is shown once, when it is made. */

/* ---- all targets ---- */

static enum nl_status add_targets(const struct nl_staff_call *call, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    json_t *targets = NULL;
    size_t at = 0;
    json_t *target = NULL;
    enum nl_status status = nl_office_webhooks(&office, &targets, err);
    json_array_foreach(targets, at, target) {
        nl_figures_set_time(target, "failing", target, "failing_since");
        nl_data_set(target, "trouble", nl_facts_word(target, "trouble"));
    }
    nl_staff_show_rows(call, "targets", targets);
    return status;
}

static enum nl_status show_all(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err) {
    json_t *kinds = json_array();
    nl_staff_say(call, "heading", NL_TEXT("Webhooks"));
    for (size_t i = 0; nl_webhook_kinds[i] != NULL; i++)
        json_array_append_new(kinds, json_pack("{s:s}", "kind", nl_webhook_kinds[i]));
    json_object_set_new(call->data, "kinds_offered", kinds);
    if (json_object_get(call->data, "secret") == NULL)
        nl_data_set(call->data, "secret", "");
    if (nl_request_query(call->request, "done") != NULL)
        nl_staff_say(call, "done", NL_TEXT("Done."));
    nl_data_set(call->data, "new_name", nl_site_field(call->request, "name"));
    nl_data_set(call->data, "new_url", nl_site_field(call->request, "url"));
    return nl_staff_finish(call, add_targets(call, err), "staff-webhooks.html", response, err);
}

static enum nl_status add(const struct nl_staff_call *call, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct nl_webhook added = {0};
    struct nl_buf kinds = {0};
    char box[64];
    for (size_t i = 0; nl_webhook_kinds[i] != NULL; i++) {
        snprintf(box, sizeof box, "kind-%s", nl_webhook_kinds[i]);
        if (nl_request_form(call->request, box) != NULL)
            nl_buf_addf(&kinds, "%s%s", kinds.len > 0 ? " " : "", nl_webhook_kinds[i]);
    }
    enum nl_status status = nl_office_webhook_add(&office, nl_site_field(call->request, "name"),
                                                  nl_site_field(call->request, "url"),
                                                  nl_buf_text(&kinds), &added, err);
    if (status == NL_OK)
        nl_data_set(call->data, "secret", added.secret);
    nl_webhook_free(&added);
    nl_buf_free(&kinds);
    return status;
}

/* ---- one target ---- */

static enum nl_status show_one(struct nl_staff_call *call, const char *name,
                               struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    json_t *calls = NULL;
    size_t at = 0;
    json_t *one = NULL;
    enum nl_status status = nl_office_webhook_log(&office, name, &calls, err);
    if (status == NL_NOTFOUND) {
        nl_error_free(err);
        return nl_staff_no_page(call, response, err);
    }
    json_array_foreach(calls, at, one) {
        nl_figures_set_time(one, "when", one, "at");
        nl_data_set(one, "problem", nl_facts_word(one, "problem"));
    }
    nl_data_set(call->data, "heading", name);
    nl_data_set(call->data, "name", name);
    nl_staff_show_rows(call, "calls", calls);
    return nl_staff_finish(call, status, "staff-webhook.html", response, err);
}

static enum nl_status test(const struct nl_staff_call *call, const char *name,
                           struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct nl_webhook_answer answer = {0};
    enum nl_status status = nl_office_webhook_test(&office, name, &answer, err);
    if (status != NL_OK)
        return status;
    if (answer.detail[0] == '\0') {
        nl_staff_say(call, "done", NL_TEXT("The target has taken the test."));
    } else {
        nl_staff_say(call, "problem", NL_TEXT("The test has failed:"));
        nl_data_set(call->data, "problem_detail", answer.detail);
    }
    return NL_OK;
}

static enum nl_status act_on_one(struct nl_staff_call *call, const char *name,
                                 struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *action = nl_site_field(call->request, "action");
    bool tests = strcmp(action, "test") == 0;
    enum nl_status status = NL_OK;
    if (tests)
        status = test(call, name, err);
    else if (strcmp(action, "on") == 0 || strcmp(action, "off") == 0)
        status = nl_office_webhook_switch(&office, name, action[1] == 'n', err);
    else if (strcmp(action, "remove") == 0)
        status = nl_office_webhook_remove(&office, name, err);
    else
        status = nl_error_set(err, NL_DATA, "'%s' is not an action", action);
    if (status == NL_NOTFOUND) {
        nl_error_free(err);
        return nl_staff_no_page(call, response, err);
    }
    if ((status == NL_OK && tests) ||
        (status != NL_OK && nl_staff_explains(call, status, response, err)))
        return show_one(call, name, response, err);
    json_decref(call->data);
    return status == NL_OK ? nl_staff_redirect(call->staff, "/webhooks?done=1", response, err)
                           : status;
}

enum nl_status nl_webhooks_call(struct nl_staff_call *call, const char *rest,
                                struct nl_response *response, struct nl_error *err) {
    bool post = nl_request_is_post(call->request);
    if (!nl_role_may(call->session->role, NL_POWER_ADMINISTER))
        return nl_staff_forbidden(call, response, err);
    if (rest[0] != '\0')
        return post ? act_on_one(call, rest + 1, response, err)
                    : show_one(call, rest + 1, response, err);
    enum nl_status status = post ? add(call, err) : NL_OK;
    if (status == NL_OK || nl_staff_explains(call, status, response, err))
        return show_all(call, response, err);
    json_decref(call->data);
    return status;
}
