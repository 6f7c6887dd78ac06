#include "newsletter/base/catalog.h"
#include "newsletter/base/zone.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/drafts.h"
#include "newsletter/service/lists.h"
#include "newsletter/template/data.h"
#include "web/desk.h"

#include <stdio.h>
#include <string.h>

/* Takes out what the account may not write to. */
static enum nl_status keep_writable(const struct nl_staff_call *call, json_t *array,
                                    const char *member, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = json_array_size(array); status == NL_OK && i > 0; i--) {
        bool ok = false;
        const char *list = nl_facts_word(json_array_get(array, i - 1), member);
        status = nl_staff_may(call->staff, call->session, list, NL_POWER_WRITE, &ok, err);
        if (!ok)
            json_array_remove(array, i - 1);
    }
    return status;
}

static void dress(json_t *draft) {
    char text[NL_ZONE_TEXT_LEN];
    nl_zone_text(nl_facts_number(draft, "updated_at"), NULL, text);
    nl_data_set(draft, "when", text);
    snprintf(text, sizeof text, "%lld", (long long)nl_facts_number(draft, "id"));
    nl_data_set(draft, "number", text);
    bool made = json_is_integer(json_object_get(draft, "issue"));
    snprintf(text, sizeof text, "%lld", (long long)nl_facts_number(draft, "issue"));
    nl_data_set(draft, "made", made ? text : "");
}

enum nl_status nl_desk_list(struct nl_staff_call *call, struct nl_response *response,
                            struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    json_t *drafts = NULL;
    json_t *lists = NULL;
    json_t *draft = NULL;
    size_t at = 0;
    enum nl_status status = nl_office_drafts(&office, &drafts, err);
    if (status == NL_OK)
        status = nl_office_lists(&office, &lists, err);
    if (status == NL_OK)
        status = keep_writable(call, drafts, "list", err);
    if (status == NL_OK)
        status = keep_writable(call, lists, "name", err);
    if (status == NL_OK)
        status = nl_desk_templates(call, err);
    if (status != NL_OK) {
        json_decref(drafts);
        json_decref(lists);
        json_decref(call->data);
        return status;
    }
    json_array_foreach(drafts, at, draft) dress(draft);
    nl_data_set(call->data, "heading", nl_staff_text(call, NL_TEXT("Press room")));
    nl_data_set(call->data, "desk", "desk");
    json_object_set_new(call->data, "begins", json_boolean(json_array_size(lists) > 0));
    json_object_set_new(call->data, "drafts", drafts);
    json_object_set_new(call->data, "lists", lists);
    return nl_staff_render(call->staff, call->theme, "staff-drafts.html", call->data, response,
                           err);
}

/* Why a draft could not be begun is told on the page with the forms. */
static enum nl_status refuse(struct nl_staff_call *call, enum nl_status status,
                             struct nl_response *response, struct nl_error *err) {
    if (status != NL_DATA && status != NL_NOTFOUND && status != NL_USAGE) {
        json_decref(call->data);
        return status;
    }
    response->status = 422;
    nl_staff_explain(call, "problem", err);
    nl_error_free(err);
    return nl_desk_list(call, response, err);
}

enum nl_status nl_desk_begin(struct nl_staff_call *call, struct nl_response *response,
                             struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *how = nl_site_field(call->request, "how");
    struct nl_draft_start start = {.list = nl_site_field(call->request, "list"),
                                   .title = nl_site_field(call->request, "title"),
                                   .from_last = strcmp(how, "last") == 0};
    struct nl_draft_dropped dropped = {0};
    bool may = false;
    struct nl_buf path = {0};
    int64_t id = 0;
    start.dropped = &dropped;
    enum nl_status status =
        nl_staff_may(call->staff, call->session, start.list, NL_POWER_WRITE, &may, err);
    if (status == NL_OK && !may)
        status = nl_error_set(err, NL_DATA, "%s",
                              nl_staff_text(call, NL_TEXT("Your account may not do this. Ask an "
                                                          "administrator.")));
    if (strcmp(how, "template") == 0)
        start.template = nl_site_field(call->request, "template");
    if (strcmp(how, "file") == 0)
        start.data = nl_request_file(call->request, "file", &start.name, &start.len);
    if (status == NL_OK && strcmp(how, "file") == 0 && (start.data == NULL || start.len == 0))
        status = nl_error_set(err, NL_DATA, NL_TEXT("choose a file first"));
    if (status == NL_OK)
        status = nl_office_draft_begin(&office, &start, &id, err);
    if (status != NL_OK)
        return refuse(call, status, response, err);
    json_decref(call->data);
    nl_buf_addf(&path, "/draft/%lld?", (long long)id);
    nl_desk_dropped_query(&dropped, &path);
    status = nl_staff_redirect(call->staff, nl_buf_text(&path), response, err);
    nl_buf_free(&path);
    return status;
}
