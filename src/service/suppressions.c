#include "newsletter/service/suppressions.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/address.h"
#include "newsletter/store/suppression.h"
#include "newsletter/transfer/transfer.h"

#include <stdlib.h>
#include <string.h>

void nl_suppressed_free(struct nl_suppressed *suppressed) {
    free(suppressed->address);
    *suppressed = (struct nl_suppressed){0};
}

enum nl_status nl_office_suppress(const struct nl_office *office, const char *address,
                                  const char *reason, struct nl_suppressed *out,
                                  struct nl_error *err) {
    bool open = false;
    struct nl_address parsed = {0};
    *out = (struct nl_suppressed){0};
    enum nl_status status = nl_suppression_check_reason(reason, err);
    if (status == NL_OK)
        status = nl_address_parse(address, &parsed, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_suppression_add(office->store, &parsed, reason, 0, &out->added, err);
    if (status == NL_OK)
        status = nl_office_note(office, "suppress add", "address", NULL, 0, err);
    status = nl_office_end(office, open, status, err);
    if (status == NL_OK)
        out->address = nl_strdup(parsed.key);
    nl_address_free(&parsed);
    return status;
}

enum nl_status nl_office_unsuppress(const struct nl_office *office, const char *address,
                                    struct nl_suppressed *out, struct nl_error *err) {
    bool open = false;
    struct nl_address parsed = {0};
    *out = (struct nl_suppressed){0};
    enum nl_status status = nl_address_parse(address, &parsed, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_suppression_remove(office->store, &parsed, err);
    if (status == NL_OK)
        status = nl_office_note(office, "suppress remove", "address", NULL, 0, err);
    status = nl_office_end(office, open, status, err);
    if (status == NL_OK)
        out->address = nl_strdup(parsed.key);
    nl_address_free(&parsed);
    return status;
}

enum nl_status nl_office_suppress_file(const struct nl_office *office, FILE *in, const char *name,
                                       const char *reason, int64_t *count, struct nl_error *err) {
    enum nl_status status = nl_suppression_check_reason(reason, err);
    return status == NL_OK ? nl_suppression_file(office->store, in, name, reason, count, err)
                           : status;
}

struct visit {
    enum nl_status (*each)(const struct nl_suppression_row *row, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_row(const char *address, const char *reason, int64_t since, void *ctx,
                                struct nl_error *err) {
    const struct visit *visit = ctx;
    const struct nl_suppression_row row = {address, reason, since};
    return visit->each(&row, visit->ctx, err);
}

enum nl_status nl_office_suppressions(const struct nl_office *office,
                                      const struct nl_suppression_query *query,
                                      enum nl_status (*each)(const struct nl_suppression_row *row,
                                                             void *ctx, struct nl_error *err),
                                      void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_suppression_each(office->store, query->after, query->limit, visit_row, &visit, err);
}
