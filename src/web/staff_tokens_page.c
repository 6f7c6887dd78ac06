#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/report/figures.h"
#include "newsletter/service/api_tokens.h"
#include "newsletter/service/lists.h"
#include "newsletter/template/data.h"
#include "web/staff_common.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

/* Tokens of the API. A new one is shown once, in the answer to the form that made it. */

enum { DAY = 86400, DAYS_MOST = 3650 };

static const struct scope {
    const char *word, *label;
} scopes[] = {
    {"people", NL_TEXT("Subscribers, segments and bounces")},
    {"issues", NL_TEXT("Drafts")},
    {"send", NL_TEXT("Sending, pausing and cancelling")},
    {"admin", NL_TEXT("Lists and settings")},
};
enum { SCOPES = sizeof scopes / sizeof scopes[0] };

/* ---- what the page shows ---- */

static enum nl_status add_tokens(const struct nl_staff_call *call, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    json_t *tokens = NULL;
    size_t at = 0;
    json_t *token = NULL;
    enum nl_status status = nl_office_tokens(&office, &tokens, err);
    json_array_foreach(tokens, at, token) {
        nl_figures_set_time(token, "made", token, "created_at");
        nl_figures_set_time(token, "ends", token, "expires_at");
        nl_figures_set_time(token, "used", token, "used_at");
    }
    nl_staff_show_rows(call, "tokens", tokens);
    return status;
}

static enum nl_status show(struct nl_staff_call *call, struct nl_response *response,
                           struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    json_t *offered = json_array();
    json_t *lists = NULL;
    nl_staff_say(call, "heading", NL_TEXT("Tokens of the API"));
    for (size_t i = 0; i < SCOPES; i++) {
        json_t *one = json_object();
        nl_data_set(one, "word", scopes[i].word);
        nl_data_set(one, "label", nl_staff_text(call, scopes[i].label));
        json_array_append_new(offered, one);
    }
    json_object_set_new(call->data, "scopes_offered", offered);
    if (json_object_get(call->data, "token") == NULL)
        nl_data_set(call->data, "token", "");
    if (nl_request_query(call->request, "done") != NULL)
        nl_staff_say(call, "done", NL_TEXT("Done."));
    nl_data_set(call->data, "new_name", nl_site_field(call->request, "name"));
    enum nl_status status = nl_office_list_names(&office, &lists, err);
    json_object_set_new(call->data, "all_lists", lists != NULL ? lists : json_array());
    if (status == NL_OK)
        status = add_tokens(call, err);
    return nl_staff_finish(call, status, "staff-tokens.html", response, err);
}

enum nl_status nl_tokens_page(struct nl_staff_call *call, struct nl_response *response,
                              struct nl_error *err) {
    return show(call, response, err);
}

/* ---- what its forms do ---- */

static void add_word(struct nl_buf *out, const char *word) {
    nl_buf_addf(out, "%s%s", out->len > 0 ? " " : "", word);
}

/* The boxes that are ticked: scope-people, list-bulletin. */
static enum nl_status read_boxes(const struct nl_staff_call *call, struct nl_buf *wanted,
                                 struct nl_buf *on, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    char box[128];
    json_t *lists = NULL;
    enum nl_status status = nl_office_list_names(&office, &lists, err);
    for (size_t i = 0; i < SCOPES; i++) {
        snprintf(box, sizeof box, "scope-%s", scopes[i].word);
        if (nl_request_form(call->request, box) != NULL)
            add_word(wanted, scopes[i].word);
    }
    for (size_t i = 0; i < json_array_size(lists); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(lists, i), "name"));
        snprintf(box, sizeof box, "list-%s", name);
        if (nl_request_form(call->request, box) != NULL)
            add_word(on, name);
    }
    json_decref(lists);
    return status;
}

static enum nl_status make(const struct nl_staff_call *call, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *days = nl_site_field(call->request, "days");
    struct nl_buf wanted = {0};
    struct nl_buf on = {0};
    struct nl_token token = {0};
    int64_t count = 0;
    if (days[0] != '\0' && (!nl_text_integer(days, &count) || count < 1 || count > DAYS_MOST))
        return nl_error_set(err, NL_DATA, "'%s' is not a number of days from 1 to %d", days,
                            DAYS_MOST);
    enum nl_status status = read_boxes(call, &wanted, &on, err);
    const struct nl_token_wish wish = {nl_site_field(call->request, "name"), nl_buf_text(&wanted),
                                       nl_buf_text(&on), count * DAY, call->session->name};
    if (status == NL_OK)
        status = nl_office_token_add(&office, &wish, &token, err);
    if (status == NL_OK)
        nl_data_set(call->data, "token", token.text);
    OPENSSL_cleanse(&token, sizeof token);
    nl_buf_free(&wanted);
    nl_buf_free(&on);
    return status;
}

enum nl_status nl_tokens_act(struct nl_staff_call *call, struct nl_response *response,
                             struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *action = nl_site_field(call->request, "action");
    bool makes = strcmp(action, "add") == 0;
    enum nl_status status = NL_OK;
    if (makes)
        status = make(call, err);
    else if (strcmp(action, "end") == 0)
        status = nl_office_token_end(&office, nl_site_field(call->request, "name"), err);
    else
        status = nl_error_set(err, NL_DATA, "'%s' is not an action", action);
    if ((status == NL_OK && makes) ||
        (status != NL_OK && nl_staff_explains(call, status, response, err)))
        return show(call, response, err);
    json_decref(call->data);
    return status == NL_OK ? nl_staff_redirect(call->staff, "/tokens?done=1", response, err)
                           : status;
}
