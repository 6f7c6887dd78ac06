#include "newsletter/base/catalog.h"
#include "newsletter/base/clock.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/figures.h"
#include "newsletter/service/lists.h"
#include "newsletter/service/messages.h"
#include "newsletter/template/data.h"
#include "web/staff_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Transactional messages: those that programs have sent, with the last words of the server, and one
 * by hand. An account sees and sends those of the lists to which it may send. */

enum { ROWS_SHOWN = 50 };

static const char *field(const struct nl_staff_call *call, const char *name) {
    return nl_site_field(call->request, name);
}

/* ---- the lists to which somebody may send ---- */

static enum nl_status lists_of(const struct nl_staff_call *call, json_t **out,
                               struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    enum nl_status status = nl_office_list_names(&office, out, err);
    for (size_t i = json_array_size(*out); status == NL_OK && i > 0; i--) {
        bool ok = false;
        status = nl_staff_may(call->staff, call->session,
                              nl_facts_word(json_array_get(*out, i - 1), "name"), NL_POWER_SEND,
                              &ok, err);
        if (!ok)
            json_array_remove(*out, i - 1);
    }
    return status;
}

static bool is_one_of(const json_t *lists, const char *name) {
    size_t at = 0;
    json_t *list = NULL;
    json_array_foreach(lists, at,
                       list) if (strcmp(nl_facts_word(list, "name"), name) == 0) return true;
    return false;
}

/* ---- showing ---- */

static void word_message(const struct nl_staff_call *call, json_t *message) {
    const json_t *reply = json_object_get(message, "reply");
    struct nl_buf said = {0};
    int64_t code = nl_facts_number(reply, "code");
    if (code != 0)
        nl_buf_addf(&said, "%lld ", (long long)code);
    nl_buf_adds(&said, nl_facts_word(reply, "text"));
    nl_data_set(message, "said", nl_buf_text(&said));
    nl_data_set(message, "state_label",
                nl_figures_state_label(call->theme->catalog, nl_facts_word(message, "state")));
    nl_data_set(message, "by", nl_facts_word(message, "asked_by"));
    nl_figures_set_time(message, "made", message, "created_at");
    nl_figures_set_time(message, "next", message, "next_attempt_at");
    nl_buf_free(&said);
}

static enum nl_status add_messages(const struct nl_staff_call *call, const json_t *lists,
                                   struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *to = nl_request_query(call->request, "to");
    const char *before = nl_request_query(call->request, "before");
    struct nl_message_query query = {.address = to != NULL && to[0] != '\0' ? to : NULL,
                                     .limit = ROWS_SHOWN};
    json_t *messages = NULL;
    json_t *shown = json_array();
    size_t at = 0;
    json_t *message = NULL;
    char older[24] = "";
    if (before == NULL || !nl_text_integer(before, &query.before) || query.before < 0)
        query.before = 0;
    enum nl_status status = nl_office_messages(&office, &query, &messages, err);
    if (status == NL_OK && json_array_size(messages) == ROWS_SHOWN)
        snprintf(older, sizeof older, "%lld",
                 (long long)nl_facts_number(json_array_get(messages, ROWS_SHOWN - 1), "id"));
    json_array_foreach(messages, at, message) {
        if (!is_one_of(lists, nl_facts_word(message, "list")))
            continue;
        word_message(call, message);
        json_array_append(shown, message);
    }
    nl_data_set(call->data, "to", to != NULL ? to : "");
    nl_data_set(call->data, "older", older);
    nl_staff_show_rows(call, "messages", shown);
    json_decref(messages);
    return status;
}

/* The form is kept as it was where it is refused. `once` makes that a page that is loaded again
 * sends nothing twice. */
static void add_form(const struct nl_staff_call *call, const json_t *lists) {
    static const char *const kept[] = {"address", "subject", "text", "data"};
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    json_t *choices = json_array();
    json_t *offered = json_array();
    json_t *templates = NULL;
    size_t at = 0;
    json_t *one = NULL;
    char once[40];
    nl_office_message_templates(&office, &templates);
    json_array_foreach(lists, at, one) nl_choice_add(
        choices, nl_facts_word(one, "name"), nl_facts_word(one, "title"), field(call, "list"));
    json_array_foreach(templates, at, one) nl_choice_add(
        offered, json_string_value(one), json_string_value(one), field(call, "template"));
    json_object_set_new(call->data, "list_choices", choices);
    json_object_set_new(call->data, "template_choices", offered);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        nl_data_set(call->data, kept[i], field(call, kept[i]));
    snprintf(once, sizeof once, "%llx", (unsigned long long)nl_clock_nanoseconds());
    nl_data_set(call->data, "once", once);
    json_decref(templates);
}

static enum nl_status show(struct nl_staff_call *call, const json_t *lists,
                           struct nl_response *response, struct nl_error *err) {
    nl_staff_say(call, "heading", NL_TEXT("Single messages"));
    if (nl_request_query(call->request, "done") != NULL)
        nl_staff_say(call, "done", NL_TEXT("The message waits to be sent."));
    enum nl_status status = add_messages(call, lists, err);
    if (status == NL_DATA) { /* an invalid address to look for */
        nl_staff_explain(call, "problem", err);
        nl_error_free(err);
        status = NL_OK;
    }
    if (status == NL_OK)
        add_form(call, lists);
    return nl_staff_finish(call, status, "staff-messages.html", response, err);
}

/* ---- sending one ---- */

/* Browsers end lines with CRLF; data has no control characters but LF. */
static void end_lines_with_lf(char *text) {
    char *out = text;
    for (const char *in = text; *in != '\0'; in++)
        if (*in != '\r')
            *out++ = *in;
    *out = '\0';
}

static enum nl_status data_of(const struct nl_staff_call *call, json_t **out,
                              struct nl_error *err) {
    static const char *const texts[] = {"subject", "text"};
    const char *given = field(call, "data");
    *out = given[strspn(given, " \t\r\n")] != '\0' ? json_loads(given, JSON_REJECT_DUPLICATES, NULL)
                                                   : json_object();
    if (!json_is_object(*out))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("the data must be a JSON object, such as {\"gate\": 4}"));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *text = nl_strdup(field(call, texts[i]));
        end_lines_with_lf(text);
        if (text[0] != '\0')
            json_object_set_new(*out, texts[i], json_string(text));
        free(text);
    }
    return NL_OK;
}

static enum nl_status send_one(const struct nl_staff_call *call, const json_t *lists,
                               struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *list = field(call, "list");
    char key[64];
    json_t *data = NULL;
    int64_t id = 0;
    bool repeated = false;
    if (!is_one_of(lists, list))
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no list '%s'"), list);
    snprintf(key, sizeof key, "form-%.40s", field(call, "once"));
    enum nl_status status = data_of(call, &data, err);
    const struct nl_message_request request = {
        .list = list,
        .address = field(call, "address"),
        .key = key,
        .order = {.template = field(call, "template"), .data = data}};
    if (status == NL_OK)
        status = nl_office_message_send(&office, &request, &id, &repeated, err);
    if (status == NL_OK && call->staff->notices != NULL)
        nl_mailer_wake(call->staff->notices, id);
    json_decref(data);
    return status;
}

static enum nl_status act(struct nl_staff_call *call, const json_t *lists,
                          struct nl_response *response, struct nl_error *err) {
    enum nl_status status = send_one(call, lists, err);
    if (status != NL_OK && nl_staff_explains(call, status, response, err))
        return show(call, lists, response, err);
    json_decref(call->data);
    return status == NL_OK ? nl_staff_redirect(call->staff, "/messages?done=1", response, err)
                           : status;
}

enum nl_status nl_messages_call(struct nl_staff_call *call, const char *rest,
                                struct nl_response *response, struct nl_error *err) {
    json_t *lists = NULL;
    enum nl_status status = rest[0] == '\0' ? lists_of(call, &lists, err) : NL_OK;
    if (status != NL_OK)
        json_decref(call->data);
    else if (rest[0] != '\0')
        status = nl_staff_no_page(call, response, err);
    else if (json_array_size(lists) == 0 && !nl_role_may(call->session->role, NL_POWER_SEND))
        status = nl_staff_forbidden(call, response, err);
    else
        status = (nl_request_is_post(call->request) ? act : show)(call, lists, response, err);
    json_decref(lists);
    return status;
}
