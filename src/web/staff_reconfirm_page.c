/* Asking the people of a list whether they still want it. */
#include "newsletter/base/catalog.h"
#include "newsletter/base/zone.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/lists.h"
#include "newsletter/service/reconfirming.h"
#include "newsletter/template/data.h"
#include "newsletter/web/mailer.h"
#include "web/staff_choice.h"
#include "web/staff_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MONTHS_MOST = 1200 };

/* The choice of the form. `where` says the months as an expression, or is "". */
struct choice {
    const char *months, *segment;
    char where[64];
};

static bool read_choice(const struct nl_request *request, struct choice *out) {
    *out = (struct choice){.months = nl_site_asked(request, "months"),
                           .segment = nl_site_asked(request, "segment")};
    char *end = NULL;
    long months = strtol(out->months, &end, 10);
    if (out->months[0] == '\0')
        return true;
    if (*end != '\0' || months < 1 || months > MONTHS_MOST)
        return false;
    snprintf(out->where, sizeof out->where, "joined < \"%ld months ago\"", months);
    return true;
}

static struct nl_reconfirming wanted_by(const struct choice *choice, const char *list,
                                        bool count_only) {
    return (struct nl_reconfirming){
        .list = list,
        .where = choice->where[0] != '\0' ? choice->where : NULL,
        .segment = choice->segment[0] != '\0' ? choice->segment : NULL,
        .limit = NL_RECONFIRM_MOST,
        .count_only = count_only,
    };
}

static void add_count(const struct nl_reconfirmed *counted, json_t *data) {
    char by[NL_ZONE_TEXT_LEN];
    nl_zone_text(counted->by, NULL, by);
    nl_data_set(data, "answer_by", by);
    json_object_set_new(data, "people", json_integer((json_int_t)counted->people));
    json_object_set_new(data, "anybody", json_boolean(counted->people > 0));
    json_object_set_new(data, "too_many", json_boolean(counted->people > NL_RECONFIRM_MOST));
    json_object_set_new(data, "most", json_integer(NL_RECONFIRM_MOST));
}

static enum nl_status add_title(const struct nl_office *office, const char *name, json_t *data,
                                struct nl_error *err) {
    struct nl_list_facts list = {0};
    enum nl_status status = nl_office_list_read(office, name, &list, err);
    if (status == NL_OK)
        nl_data_set(data, "title", nl_facts_word(list.facts, "title"));
    nl_list_facts_free(&list);
    return status;
}

static void refuse_months(struct nl_staff_call *call, struct nl_response *response) {
    nl_staff_say(call, "problem", NL_TEXT("Months are a number, such as 24."));
    response->status = 422;
}

/* A segment that somebody has removed counts as none. */
static enum nl_status count(const struct nl_office *office, const char *name, struct choice *choice,
                            struct nl_reconfirmed *out, struct nl_error *err) {
    struct nl_reconfirming wanted = wanted_by(choice, name, true);
    enum nl_status status = nl_office_reconfirm(office, &wanted, out, err);
    if (status != NL_NOTFOUND || wanted.segment == NULL)
        return status;
    nl_error_free(err);
    choice->segment = "";
    wanted.segment = NULL;
    return nl_office_reconfirm(office, &wanted, out, err);
}

enum nl_status nl_reconfirm_page(struct nl_staff_call *call, const char *name,
                                 struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct choice choice;
    struct nl_reconfirmed counted = {0};
    if (!read_choice(call->request, &choice))
        refuse_months(call, response);
    enum nl_status status = count(&office, name, &choice, &counted, err);
    if (status == NL_OK)
        status = nl_choose_segment(&office, true, choice.segment, call->data, err);
    if (status == NL_OK)
        status = add_title(&office, name, call->data, err);
    nl_staff_say(call, "heading", NL_TEXT("Ask people whether they still want this list"));
    if (nl_request_query(call->request, "done") != NULL)
        nl_staff_say(call, "done", NL_TEXT("The question is on its way."));
    nl_data_set(call->data, "desk", "desk");
    nl_data_set(call->data, "name", name);
    nl_data_set(call->data, "months", choice.months);
    nl_data_set(call->data, "segment", choice.segment);
    add_count(&counted, call->data);
    return nl_staff_finish(call, status, "staff-reconfirm.html", response, err);
}

/* Goes back to the page, which counts those who are left. */
static enum nl_status tell(struct nl_staff_call *call, const char *name,
                           struct nl_response *response, struct nl_error *err) {
    struct nl_buf path = {0};
    json_decref(call->data);
    if (call->staff->notices != NULL)
        nl_mailer_wake_fully(call->staff->notices);
    nl_buf_addf(&path, "/lists/%s/again?done=1", name);
    enum nl_status status = nl_staff_redirect(call->staff, nl_buf_text(&path), response, err);
    nl_buf_free(&path);
    return status;
}

enum nl_status nl_reconfirm_act(struct nl_staff_call *call, const char *name,
                                struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct nl_reconfirmed done = {0};
    struct choice choice;
    if (!read_choice(call->request, &choice)) /* the page says so */
        return nl_reconfirm_page(call, name, response, err);
    if (strcmp(nl_site_field(call->request, "sure"), "yes") != 0) {
        nl_staff_say(call, "problem", NL_TEXT("Nobody was asked. Tick the box first to confirm."));
        response->status = 422;
        return nl_reconfirm_page(call, name, response, err);
    }
    const struct nl_reconfirming wanted = wanted_by(&choice, name, false);
    enum nl_status status = nl_office_reconfirm(&office, &wanted, &done, err);
    if (status == NL_OK)
        return tell(call, name, response, err);
    if (nl_staff_explains(call, status, response, err))
        return nl_reconfirm_page(call, name, response, err);
    json_decref(call->data);
    return status;
}
