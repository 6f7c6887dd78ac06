#include "newsletter/delivery/schedule_start.h"

#include "newsletter/store/issue.h"

enum { DUE_LIMIT = 100 };

struct due {
    int64_t ids[DUE_LIMIT];
    size_t count;
};

static enum nl_status note_due(int64_t id, void *ctx, struct nl_error *err) {
    struct due *due = ctx;
    (void)err;
    if (due->count < DUE_LIMIT) /* the others begin with the next call */
        due->ids[due->count++] = id;
    return NL_OK;
}

enum nl_status nl_schedule_start(struct nl_store *store, size_t *count, struct nl_error *err) {
    struct due due = {0};
    int64_t deliveries = 0;
    enum nl_status status = nl_issue_due(store, note_due, &due, err);
    for (size_t i = 0; status == NL_OK && i < due.count; i++)
        status = nl_issue_start(store, due.ids[i], &deliveries, err);
    *count = due.count;
    return status;
}
