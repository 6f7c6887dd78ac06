#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/base/zone.h"
#include "newsletter/service/suppressions.h"
#include "newsletter/template/data.h"
#include "web/staff_common.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_SHOWN = 100 };

static enum nl_status note_row(const struct nl_suppression_row *row, void *ctx,
                               struct nl_error *err) {
    json_t *array = ctx;
    char since[NL_ZONE_TEXT_LEN];
    json_t *one = json_object();
    (void)err;
    nl_zone_text(row->since, NULL, since);
    nl_data_set(one, "address", row->address);
    nl_data_set(one, "reason", row->reason);
    nl_data_set(one, "since", since);
    json_array_append_new(array, one);
    return NL_OK;
}

/* One more row than the page has is asked for, so that the last page is known to be the last. */
static enum nl_status add_rows(const struct nl_staff_call *call, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const struct nl_suppression_query query = {.after = nl_request_query(call->request, "after"),
                                               .limit = ROWS_SHOWN + 1};
    struct nl_buf next = {0};
    json_t *rows = json_array();
    enum nl_status status = nl_office_suppressions(&office, &query, note_row, rows, err);
    if (json_array_size(rows) > ROWS_SHOWN) {
        json_array_remove(rows, ROWS_SHOWN);
        nl_text_encode_percent(&next, json_string_value(json_object_get(
                                          json_array_get(rows, ROWS_SHOWN - 1), "address")));
    }
    nl_data_set(call->data, "next", nl_buf_text(&next));
    nl_staff_show_rows(call, "rows", rows);
    nl_buf_free(&next);
    return status;
}

static enum nl_status show(struct nl_staff_call *call, struct nl_response *response,
                           struct nl_error *err) {
    const char *done = nl_request_query(call->request, "done");
    nl_staff_say(call, "heading", NL_TEXT("Addresses that are never mailed"));
    if (done != NULL && strcmp(done, "blocked") == 0)
        nl_staff_say(call, "done", NL_TEXT("From now on, this address is never mailed."));
    if (done != NULL && strcmp(done, "lifted") == 0)
        nl_staff_say(call, "done", NL_TEXT("This address may be mailed again."));
    return nl_staff_finish(call, add_rows(call, err), "staff-suppressions.html", response, err);
}

/* A suppression holds for all lists, so it takes the right to look after people on all of them. */
enum nl_status nl_suppressions_page(struct nl_staff_call *call, struct nl_response *response,
                                    struct nl_error *err) {
    bool ok = false;
    enum nl_status status = nl_people_everywhere(call, &ok, err);
    if (status != NL_OK)
        return status;
    return ok ? show(call, response, err) : nl_staff_forbidden(call, response, err);
}

static enum nl_status carry_out(const struct nl_staff_call *call, const char **done,
                                struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *action = nl_site_field(call->request, "action");
    const char *address = nl_site_field(call->request, "address");
    const char *reason = nl_site_field(call->request, "reason");
    struct nl_suppressed suppressed = {0};
    enum nl_status status = NL_OK;
    if (strcmp(action, "add") == 0) {
        *done = "blocked";
        status = nl_office_suppress(&office, address, reason[0] != '\0' ? reason : "by hand",
                                    &suppressed, err);
    } else if (strcmp(action, "lift") == 0) {
        *done = "lifted";
        status = nl_office_unsuppress(&office, address, &suppressed, err);
    } else {
        status = nl_error_set(err, NL_DATA, "'%s' is not an action", action);
    }
    nl_suppressed_free(&suppressed);
    return status;
}

enum nl_status nl_suppressions_act(struct nl_staff_call *call, struct nl_response *response,
                                   struct nl_error *err) {
    bool ok = false;
    const char *done = NULL;
    enum nl_status status = nl_people_everywhere(call, &ok, err);
    if (status != NL_OK)
        return status;
    if (!ok)
        return nl_staff_forbidden(call, response, err);
    status = carry_out(call, &done, err);
    if (status != NL_OK && nl_staff_explains(call, status, response, err))
        return show(call, response, err);
    json_decref(call->data);
    return status != NL_OK
               ? status
               : nl_staff_redirect(call->staff,
                                   strcmp(done, "lifted") == 0 ? "/suppressions?done=lifted"
                                                               : "/suppressions?done=blocked",
                                   response, err);
}
