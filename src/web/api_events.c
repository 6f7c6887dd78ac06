#include "newsletter/service/events.h"
#include "web/api.h"

enum nl_status nl_api_get_events(struct nl_api_call *call, struct nl_error *err) {
    struct nl_event_query query = {.kind = nl_request_query(call->request, "kind"),
                                   .list = nl_request_query(call->request, "list")};
    json_t *events = NULL;
    int64_t last = 0;
    if (!nl_api_number(call, "limit", NL_API_PAGE, 1, NL_API_PAGE_MOST, &query.limit) ||
        !nl_api_number(call, "after", 0, 0, INT64_MAX, &query.after))
        return nl_api_bad_value(
            call, "limit is a number from 1 to 1000, after what \"last\" of a page says.", err);
    enum nl_status status = nl_office_events(&call->office, &query, &events, &last, err);
    return status == NL_OK
               ? nl_api_answer(call, 200,
                               json_pack("{s:o, s:I}", "events", events, "last", (json_int_t)last),
                               err)
               : nl_api_failed(call, status, err);
}
