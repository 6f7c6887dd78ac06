#include "cli/cli.h"

#include <jansson.h>

void cli_add_pace(const struct nl_relay_pace *found, struct nl_buf *out) {
    nl_buf_addf(out, "%zu connection%s", found->connections, found->connections == 1 ? "" : "s");
    if (found->window > 1)
        nl_buf_addf(out, " with %zu messages each", found->window);
    if (found->held_back != NL_HELD_BACK_UNKNOWN)
        nl_buf_addf(out, ", held back by %s", nl_held_back_text(found->held_back));
}

static json_t *pace_object(const char *name, const struct nl_relay_pace *found) {
    return json_pack("{s:s, s:I, s:I, s:I, s:s, s:o}", "name", name, "connections",
                     (json_int_t)found->connections, "window", (json_int_t)found->window,
                     "per_second", (json_int_t)found->per_second, "held_back_by",
                     nl_held_back_word(found->held_back), "at", cli_json_time(found->at));
}

static void print_pace(const char *name, const struct nl_relay_pace *found) {
    char when[CLI_TIME_LEN];
    struct nl_buf text = {0};
    cli_format_time(found->at, when);
    cli_add_pace(found, &text);
    printf("Relay %s: ", name);
    if (found->per_second > 0)
        printf("%lld messages a second over ", (long long)found->per_second);
    printf("%s (%s)\n", nl_buf_text(&text), when);
    nl_buf_free(&text);
}

/* All servers of a relay are sent to as one, under the name of the first. */
enum nl_status cli_show_pace(struct cli *cli, json_t *object, struct nl_error *err) {
    struct nl_relay_pace found = {0};
    struct nl_buf name = {0};
    size_t count = 0;
    nl_relay_add_name(nl_config_relays(&cli->config, &count), &name);
    enum nl_status status = nl_relay_pace_read(cli->store, nl_buf_text(&name), &found, err);
    if (status == NL_OK && found.connections > 0 && object == NULL)
        print_pace(nl_buf_text(&name), &found);
    else if (status == NL_OK && found.connections > 0)
        json_object_set_new(object, "relay", pace_object(nl_buf_text(&name), &found));
    nl_buf_free(&name);
    return status;
}
