#include "newsletter/service/kept_bounces.h"

#include "newsletter/store/bounce_record.h"

struct visit {
    enum nl_status (*each)(const struct nl_kept_bounce *kept, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_row(int64_t id, int64_t at, size_t len, void *ctx,
                                struct nl_error *err) {
    const struct visit *visit = ctx;
    const struct nl_kept_bounce kept = {id, at, len};
    return visit->each(&kept, visit->ctx, err);
}

enum nl_status nl_office_kept_bounces(const struct nl_office *office,
                                      enum nl_status (*each)(const struct nl_kept_bounce *kept,
                                                             void *ctx, struct nl_error *err),
                                      void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_bounce_record_each_kept(office->store, visit_row, &visit, err);
}

enum nl_status nl_office_kept_bounce_read(const struct nl_office *office, int64_t id,
                                          struct nl_buf *out, struct nl_error *err) {
    return nl_bounce_record_message(office->store, id, out, err);
}

enum nl_status nl_office_kept_bounce_dismiss(const struct nl_office *office, int64_t id,
                                             struct nl_error *err) {
    bool open = false;
    enum nl_status status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_bounce_record_dismiss(office->store, id, err);
    if (status == NL_OK)
        status = nl_office_note(office, "bounce dismiss", "message", NULL, id, err);
    return nl_office_end(office, open, status, err);
}
