#include "newsletter/report/facts.h"
#include "newsletter/service/issue_rest.h"
#include "newsletter/service/segments.h"
#include "newsletter/template/data.h"
#include "web/staff_issue.h"

#include <stdio.h>
#include <string.h>

static const char *chosen_segment(const struct nl_issue_page *page) {
    const struct nl_request *request = page->call->request;
    const char *name = nl_request_is_post(request) ? nl_site_field(request, "segment")
                                                   : nl_request_query(request, "segment");
    return name != NULL ? name : "";
}

static enum nl_status add_segments(const struct nl_issue_page *page, const char *chosen) {
    json_t *segments = NULL;
    json_t *one = NULL;
    size_t at = 0;
    enum nl_status status = nl_office_segments(&page->office, &segments, page->err);
    json_array_foreach(segments, at, one) json_object_set_new(
        one, "chosen", json_boolean(strcmp(nl_facts_word(one, "name"), chosen) == 0));
    json_object_set_new(page->call->data, "segments", segments != NULL ? segments : json_array());
    return status;
}

enum nl_status nl_rest_page(struct nl_issue_page *page) {
    json_t *data = page->call->data;
    const char *segment = chosen_segment(page);
    char text[24];
    int64_t people = 0;
    enum nl_status status =
        nl_office_issue_rest(&page->office, page->id, segment, &people, page->err);
    if (status == NL_NOTFOUND) { /* a segment that somebody has removed */
        nl_error_free(page->err);
        segment = "";
        status = nl_office_issue_rest(&page->office, page->id, segment, &people, page->err);
    }
    if (status == NL_OK)
        status = add_segments(page, segment);
    if (status != NL_OK)
        return status;
    snprintf(text, sizeof text, "%lld", (long long)page->id);
    nl_data_set(data, "id", text);
    nl_data_set(data, "desk", "desk");
    nl_data_set(data, "heading", nl_staff_text(page->call, NL_TEXT("Send it to the others")));
    nl_data_set(data, "title", nl_facts_word(page->issue, "title"));
    nl_data_set(data, "segment", segment);
    json_object_set_new(data, "people", json_integer((json_int_t)people));
    json_object_set_new(data, "anybody", json_boolean(people > 0));
    return nl_staff_render(page->call->staff, page->call->theme, "staff-rest.html",
                           json_incref(data), page->response, page->err);
}

enum nl_status nl_rest_act(struct nl_issue_page *page) {
    int64_t deliveries = 0;
    char path[40];
    enum nl_status status = NL_DATA;
    if (strcmp(nl_site_field(page->call->request, "sure"), "yes") != 0)
        nl_staff_say(page->call, "problem",
                     NL_TEXT("Nothing was sent. Tick the box first to confirm."));
    else
        status = nl_office_issue_extend(&page->office, page->id, chosen_segment(page), &deliveries,
                                        page->err);
    if (status == NL_DATA || status == NL_EXISTS || status == NL_NOTFOUND) {
        if (nl_error_text(page->err)[0] != '\0')
            nl_data_set(page->call->data, "problem", nl_error_text(page->err));
        nl_error_free(page->err);
        page->response->status = status == NL_EXISTS ? 409 : 422;
        return nl_rest_page(page);
    }
    if (status != NL_OK)
        return status;
    if (page->call->staff->sender != NULL)
        nl_mailer_wake(page->call->staff->sender, 0);
    snprintf(path, sizeof path, "/issue/%lld", (long long)page->id);
    return nl_staff_redirect(page->call->staff, path, page->response, page->err);
}
