#include "service/remote_rows.h"

#include <string.h>

static void add_address(const struct nl_remote_walk *walk, int page, size_t count,
                        struct nl_buf *out) {
    nl_buf_addf(out, "%s%s", walk->path, strchr(walk->path, '?') != NULL ? "&" : "?");
    if (walk->numbered)
        nl_buf_addf(out, "page=%d&per_page=%d", page + 1, walk->per_page);
    else
        nl_buf_addf(out, "count=%d&offset=%zu", walk->per_page, count);
}

enum nl_status nl_remote_each(struct nl_remote_reading *reading, const struct nl_remote_walk *walk,
                              nl_remote_visit *visit, void *ctx, struct nl_error *err) {
    enum nl_status status = NL_OK;
    json_int_t first = -1;
    size_t count = 0;
    bool more = true;
    for (int page = 0; status == NL_OK && more && page < NL_REMOTE_PAGES; page++) {
        struct nl_buf address = {0};
        json_t *answer = NULL;
        size_t at = 0;
        const json_t *item = NULL;
        add_address(walk, page, count, &address);
        status = nl_remote_get(reading->call, nl_buf_text(&address), &answer, err);
        const json_t *data = walk->inside != NULL ? json_object_get(answer, walk->inside) : answer;
        const json_t *items = json_object_get(data, walk->items);
        json_int_t total = json_integer_value(json_object_get(data, walk->total));
        first = first < 0 ? total : first;
        if (status == NL_OK && !json_is_array(items) && !(walk->may_be_null && json_is_null(items)))
            status = nl_error_set(err, NL_DATA, "%s: the answer has no %s", nl_buf_text(&address),
                                  walk->items);
        if (status == NL_OK && total < first)
            status = nl_error_set(err, NL_TEMPFAIL,
                                  "somebody was removed there while it was read, so others may "
                                  "have been missed: try again");
        json_array_foreach(items, at, item) {
            if (status == NL_OK)
                status = visit(reading, item, ctx, err);
        }
        count += json_array_size(items);
        more = json_array_size(items) > 0 && (json_int_t)count < total;
        json_decref(answer);
        nl_buf_free(&address);
    }
    if (status == NL_OK && (json_int_t)count < first)
        status = nl_error_set(err, NL_TEMPFAIL, "%s has %lld entries, and gave %zu: try again",
                              walk->path, (long long)first, count);
    return status;
}
