#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/issue_rest.h"
#include "newsletter/template/data.h"
#include "web/staff_choice.h"
#include "web/staff_issue.h"

#include <stdio.h>
#include <string.h>

enum nl_status nl_rest_page(struct nl_issue_page *page) {
    json_t *data = page->call->data;
    struct nl_audience audience = nl_choice_of_audience(page->call->request);
    json_t *languages = NULL;
    char text[24];
    int64_t people = 0;
    enum nl_status status =
        nl_office_issue_rest(&page->office, page->id, &audience, &people, page->err);
    if (status == NL_NOTFOUND || status == NL_DATA) { /* a segment that somebody has removed */
        nl_error_free(page->err);
        audience = (struct nl_audience){.segment = "", .language = ""};
        status = nl_office_issue_rest(&page->office, page->id, &audience, &people, page->err);
    }
    if (status == NL_OK)
        status = nl_office_issue_readers(&page->office, page->id, &languages, page->err);
    if (status == NL_OK)
        status = nl_choose_audience(&page->office, &audience, languages, data, page->err);
    json_decref(languages);
    if (status != NL_OK)
        return status;
    snprintf(text, sizeof text, "%lld", (long long)page->id);
    nl_data_set(data, "id", text);
    nl_data_set(data, "desk", "desk");
    nl_data_set(data, "heading", nl_staff_text(page->call, NL_TEXT("Send it to the others")));
    nl_data_set(data, "canary", nl_site_field(page->call->request, "canary"));
    nl_data_set(data, "title", nl_facts_word(page->issue, "title"));
    json_object_set_new(data, "people", json_integer((json_int_t)people));
    json_object_set_new(data, "anybody", json_boolean(people > 0));
    return nl_staff_render(page->call->staff, page->call->theme, "staff-rest.html",
                           json_incref(data), page->response, page->err);
}

enum nl_status nl_rest_act(struct nl_issue_page *page) {
    const struct nl_audience audience = nl_choice_of_audience(page->call->request);
    int64_t deliveries = 0;
    enum nl_status status = NL_DATA;
    if (strcmp(nl_site_field(page->call->request, "sure"), "yes") != 0)
        nl_staff_say(page->call, "problem",
                     NL_TEXT("Nothing was sent. Tick the box first to confirm."));
    else
        status = nl_office_issue_extend(&page->office, page->id, &audience,
                                        nl_site_field(page->call->request, "canary"), &deliveries,
                                        page->err);
    if (status == NL_DATA || status == NL_EXISTS || status == NL_NOTFOUND) {
        nl_issue_refuse(page, status);
        return nl_rest_page(page);
    }
    return status == NL_OK ? nl_issue_go_on(page) : status;
}
