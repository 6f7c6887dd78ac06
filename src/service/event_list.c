#include "newsletter/service/events.h"

#include "newsletter/report/facts.h"

static json_t *number_or_null(int64_t number) {
    return number != 0 ? json_integer((json_int_t)number) : json_null();
}

/* A server's reply may be no UTF-8. */
static json_t *text_or_null(const char *text) {
    json_t *value = text != NULL ? json_string(text) : NULL;
    return value != NULL ? value : json_null();
}

json_t *nl_event_facts(const struct nl_event_row *row) {
    return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)row->id,
                     "at", nl_facts_time(row->at), "kind", row->kind, "list",
                     text_or_null(row->list), "subscriber", number_or_null(row->subscriber),
                     "address", text_or_null(row->address), "issue", number_or_null(row->issue),
                     "message", number_or_null(row->message), "detail", text_or_null(row->detail));
}

struct gathering {
    json_t *array;
    int64_t *last;
};

static enum nl_status add_event(const struct nl_event_row *row, void *ctx, struct nl_error *err) {
    const struct gathering *gathering = ctx;
    *gathering->last = row->id;
    return json_array_append_new(gathering->array, nl_event_facts(row)) == 0 ? NL_OK
                                                                             : nl_error_nomem(err);
}

enum nl_status nl_office_events(const struct nl_office *office, const struct nl_event_query *query,
                                json_t **out, int64_t *last, struct nl_error *err) {
    struct gathering gathering = {json_array(), last};
    *last = query->after;
    enum nl_status status = nl_events_each(office->store, query, add_event, &gathering, err);
    *out = status == NL_OK ? gathering.array : NULL;
    if (status != NL_OK)
        json_decref(gathering.array);
    return status;
}
