#include "cli/import_json.h"

#include <jansson.h>

static const char *const outcome_names[] = {
    [NL_IMPORT_ADDED] = "added",           [NL_IMPORT_UPDATED] = "updated",
    [NL_IMPORT_UNCHANGED] = "unchanged",   [NL_IMPORT_ENDED] = "ended_before",
    [NL_IMPORT_SUPPRESSED] = "suppressed", [NL_IMPORT_ERASED] = "erased_before",
    [NL_IMPORT_BLOCKED] = "blocked",
};

void cli_import_json(struct cli *cli, bool dry_run, int64_t id,
                     const struct nl_import_report *report) {
    json_t *object = json_pack("{s:I, s:I, s:b, s:b, s:I}", "rows", (json_int_t)report->rows,
                               "rejected", (json_int_t)report->rejected, "dry_run", dry_run, "kept",
                               report->kept, "ended_now", (json_int_t)report->tally.ended);
    json_object_set_new(object, "import", id != 0 ? json_integer((json_int_t)id) : json_null());
    for (size_t i = 0; i < NL_IMPORT_OUTCOMES; i++)
        json_object_set_new(object, outcome_names[i],
                            json_integer((json_int_t)report->tally.outcomes[i]));
    json_t *states = json_object();
    for (size_t i = NL_SUBSCRIPTION_PENDING; i < NL_SUBSCRIPTION_STATES; i++)
        json_object_set_new(states, nl_subscription_state_words[i],
                            json_integer((json_int_t)report->tally.added[i]));
    json_object_set_new(object, "added_states", states);
    json_object_set_new(object, "columns_not_used", json_string(nl_buf_text(&report->ignored)));
    json_object_set_new(object, "notes", json_string(nl_buf_text(&report->notes)));
    cli_print_json(cli, object);
}
