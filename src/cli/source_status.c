/* The addresses of direct.sources, and where they are left alone. */
#include "cli/cli.h"

#include "newsletter/service/source_state.h"

#include <jansson.h>

/* `ctx` is an array. */
static void add_object(const struct nl_source_state *state, void *ctx) {
    json_t *pauses = json_array();
    for (size_t i = 0; i < state->count; i++)
        json_array_append_new(pauses, json_pack("{s:s, s:o, s:s}", "at", state->pauses[i].place,
                                                "until", cli_json_time(state->pauses[i].until),
                                                "reason", state->pauses[i].reason));
    json_array_append_new(
        ctx, json_pack("{s:s, s:s?, s:I, s:b, s:o}", "address", state->source->address, "helo",
                       state->source->helo, "weight", (json_int_t)state->source->weight,
                       "paused_everywhere", (int)(state->everywhere_until != 0), "pauses", pauses));
}

static void print_source(const struct nl_source_state *state, void *ctx) {
    char when[CLI_TIME_LEN];
    (void)ctx;
    for (size_t i = 0; i < state->count; i++) {
        cli_format_time(state->pauses[i].until, when);
        printf("Source %s is left alone at %s until %s: %s\n", state->source->address,
               state->pauses[i].place, when, state->pauses[i].reason);
    }
    if (state->everywhere_until != 0) {
        cli_format_time(state->everywhere_until, when);
        printf("Source %s is refused at %zu places and left alone everywhere until %s\n",
               state->source->address, state->count, when);
    } else if (state->count == 0) {
        printf("Source %s: in use\n", state->source->address);
    }
}

enum nl_status cli_show_sources(struct cli *cli, json_t *object, struct nl_error *err) {
    if (object == NULL)
        return nl_source_states_each(cli->store, &cli->config, print_source, NULL, err);
    json_t *sources = json_array();
    enum nl_status status =
        nl_source_states_each(cli->store, &cli->config, add_object, sources, err);
    if (status == NL_OK && json_array_size(sources) > 0)
        json_object_set(object, "sources", sources);
    json_decref(sources);
    return status;
}
