#include "newsletter/report/facts.h"
#include "newsletter/service/suppressions.h"
#include "web/api.h"

#include <stdlib.h>
#include <string.h>

struct page {
    json_t *rows;
    int64_t limit;
    bool more;
};

/* One more than the page has is asked for, so that the last page is known to be the last. */
static enum nl_status add_row(const struct nl_suppression_row *row, void *ctx,
                              struct nl_error *err) {
    struct page *page = ctx;
    page->more = (int64_t)json_array_size(page->rows) == page->limit;
    if (page->more)
        return NL_OK;
    json_t *facts = json_pack("{s:s, s:s, s:o}", "address", row->address, "reason", row->reason,
                              "since", nl_facts_time(row->since));
    return json_array_append_new(page->rows, facts) == 0 ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_api_get_suppressions(struct nl_api_call *call, struct nl_error *err) {
    struct page page = {0};
    struct nl_suppression_query query = {0};
    char *after = NULL;
    enum nl_status status = NL_OK;
    if (!nl_api_page(call, &page.limit, &after, &status, err))
        return status;
    page.rows = json_array();
    query.after = after;
    query.limit = page.limit + 1;
    status = nl_office_suppressions(&call->office, &query, add_row, &page, err);
    free(after);
    const json_t *last = json_array_get(page.rows, json_array_size(page.rows) - 1);
    json_t *next = nl_api_cursor(page.more ? nl_facts_word(last, "address") : NULL);
    if (status == NL_OK)
        return nl_api_answer(call, 200,
                             json_pack("{s:o, s:o}", "suppressions", page.rows, "next", next), err);
    json_decref(page.rows);
    json_decref(next);
    return status;
}

enum nl_status nl_api_add_suppression(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"address", 'S'}, {"reason", 'S'}, {0}};
    struct nl_suppressed result = {0};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    status = nl_office_suppress(&call->office, nl_api_text(call->body, "address"),
                                nl_api_text(call->body, "reason"), &result, err);
    if (status == NL_OK)
        status = nl_api_answer(
            call, result.added ? 201 : 200,
            json_pack("{s:s, s:b}", "address", result.address, "added", (int)result.added), err);
    else
        status = nl_api_failed(call, status, err);
    nl_suppressed_free(&result);
    return status;
}

enum nl_status nl_api_remove_suppression(struct nl_api_call *call, struct nl_error *err) {
    const char *address = nl_request_query(call->request, "address");
    struct nl_suppressed result = {0};
    if (address == NULL)
        return nl_api_bad_value(call, "Name the address as ?address=ADDRESS.", err);
    enum nl_status status = nl_office_unsuppress(&call->office, address, &result, err);
    nl_suppressed_free(&result);
    return status == NL_OK ? nl_api_answer_nothing(call) : nl_api_failed(call, status, err);
}
