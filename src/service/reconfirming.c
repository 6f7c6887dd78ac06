#include "newsletter/service/reconfirming.h"

#include "newsletter/service/segments.h"
#include "newsletter/store/list.h"
#include "newsletter/store/prune.h"
#include "newsletter/store/reconfirmation.h"

enum { TOGETHER = 1000 }; /* people in one transaction */

static int64_t answer_by(const struct nl_office *office) {
    return nl_store_now(office->store) + office->config->reconfirmation.expires;
}

/* Nobody is asked twice, so each part begins where the one before has ended. */
static enum nl_status ask_in_parts(const struct nl_office *office, struct nl_reconfirmation *people,
                                   int64_t limit, int64_t *asked, struct nl_error *err) {
    int64_t part = 1;
    enum nl_status status = NL_OK;
    while (status == NL_OK && part > 0 && *asked < limit) {
        people->limit = limit - *asked < TOGETHER ? limit - *asked : TOGETHER;
        nl_store_give_way(office->store);
        status = nl_reconfirmation_ask(office->store, people, false, &part, err);
        *asked += status == NL_OK ? part : 0;
    }
    return status;
}

static enum nl_status ask(const struct nl_office *office, const char *list, int64_t limit,
                          struct nl_reconfirmation *people, struct nl_reconfirmed *out,
                          struct nl_error *err) {
    int64_t all = out->people;
    int64_t most = limit > 0 && limit < all ? limit : all;
    out->people = 0;
    enum nl_status status = nl_office_note(office, "list reconfirm", "list", list, 0, err);
    if (status == NL_OK)
        status = ask_in_parts(office, people, most, &out->people, err);
    out->left = all - out->people;
    return status;
}

enum nl_status nl_office_reconfirm(const struct nl_office *office,
                                   const struct nl_reconfirming *wanted, struct nl_reconfirmed *out,
                                   struct nl_error *err) {
    struct nl_segment *segment = NULL;
    struct nl_list list = {0};
    *out = (struct nl_reconfirmed){.by = answer_by(office)};
    enum nl_status status = nl_list_find(office->store, wanted->list, &list, err);
    if (status == NL_OK)
        status = nl_office_segment(office, wanted->where, wanted->segment, &segment, NULL, err);
    struct nl_reconfirmation people = {.list = list.id, .segment = segment, .by = out->by};
    if (status == NL_OK)
        status = nl_reconfirmation_ask(office->store, &people, true, &out->people, err);
    if (status == NL_OK && out->people > 0 && !wanted->count_only)
        status = ask(office, list.name, wanted->limit, &people, out, err);
    nl_segment_free(segment);
    nl_list_free(&list);
    return status;
}

enum nl_status nl_office_sunset(const struct nl_office *office, int64_t *ended,
                                struct nl_error *err) {
    const struct nl_config *config = office->config;
    const struct nl_reconfirmation people = {.before =
                                                 nl_store_now(office->store) - config->sunset.after,
                                             .limit = config->sunset.daily,
                                             .by = answer_by(office)};
    int64_t asked = 0;
    bool due = false;
    enum nl_status status = nl_reconfirmation_end(office->store, ended, err);
    if (status == NL_OK && config->sunset.after > 0)
        status = nl_store_daily(office->store, "sunset_at", &due, err);
    return status == NL_OK && due
               ? nl_reconfirmation_ask(office->store, &people, false, &asked, err)
               : status;
}
