#include "cli/cli.h"

#include "newsletter/service/segments.h"

#include <jansson.h>

struct segment_options {
    const char *list, *where;
    int64_t sample; /* how many addresses `show` prints */
};

static void print_segments(const json_t *segments) {
    static const struct nl_table_column columns[] = {{.heading = "SEGMENT", .least = 12},
                                                     {.heading = "EXPRESSION", .least = 20}};
    struct nl_table table = {.columns = columns, .count = sizeof columns / sizeof columns[0]};
    for (size_t i = 0; i < json_array_size(segments); i++) {
        const json_t *segment = json_array_get(segments, i);
        nl_table_text(&table, json_string_value(json_object_get(segment, "name")));
        nl_table_text(&table, json_string_value(json_object_get(segment, "expression")));
    }
    cli_print_table(&table);
    nl_table_free(&table);
}

static enum nl_status segment_list(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    json_t *segments = NULL;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_segments(&office, &segments, err);
    if (status == NL_OK && cli->json)
        cli_print_json(cli, json_incref(segments));
    else if (status == NL_OK && json_array_size(segments) > 0)
        print_segments(segments);
    else if (status == NL_OK)
        puts("no segments: 'newsletter segment add NAME EXPRESSION' adds one");
    json_decref(segments);
    return status;
}

static enum nl_status segment_add(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_segment_put(&office, cli->words[0], cli->words[1], err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s, s:s}", "segment", cli->words[0], "result", "saved"),
                 "saved the segment %s", cli->words[0]);
    return status;
}

static enum nl_status segment_remove(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_segment_remove(&office, cli->words[0], err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s, s:s}", "segment", cli->words[0], "result", "removed"),
                 "removed the segment %s", cli->words[0]);
    return status;
}

/* ---- the subscriptions in a segment ---- */

static void print_people(struct cli *cli, const struct nl_segment_people *people) {
    size_t at = 0;
    json_t *address = NULL;
    if (cli->json) {
        cli_print_json(cli, json_pack("[{s:I, s:O}]", "count", (json_int_t)people->count, "sample",
                                      people->sample));
        return;
    }
    printf("%lld active subscriptions\n", (long long)people->count);
    json_array_foreach(people->sample, at, address) printf("  %s\n", json_string_value(address));
}

static enum nl_status segment_show(struct cli *cli, void *options, struct nl_error *err) {
    const struct segment_options *chosen = options;
    const struct nl_segment_query query = {.name = cli->words[0],
                                           .where = chosen->where,
                                           .list = chosen->list,
                                           .sample = chosen->sample};
    struct nl_segment_people people = {0};
    enum nl_status status = NL_OK;
    if (cli->word_count == 0 && chosen->where == NULL)
        status = cli_usage_error(cli, err, "segment show: give a NAME, or --where EXPRESSION");
    if (status == NL_OK)
        status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_segment_people(&office, &query, &people, err);
    if (status == NL_OK)
        print_people(cli, &people);
    json_decref(people.sample);
    return status;
}

static const struct cli_option segment_table[] = {
    CLI_TEXT("list", struct segment_options, list),
    CLI_TEXT("where", struct segment_options, where),
    CLI_NUMBER("sample", struct segment_options, sample, 0, INT64_MAX),
    {0},
};

static const struct cli_action segment_actions[] = {
    {"list", segment_list, {0, 0, NULL}},
    {"add", segment_add, {2, 2, "a NAME and one EXPRESSION in quotation marks"}},
    {"remove", segment_remove, {1, 1, "one NAME"}},
    {"show", segment_show, {0, 1, "one NAME at most"}},
    {0},
};

const struct cli_command cmd_segment = {
    .name = "segment",
    .options = segment_table,
    .size = sizeof(struct segment_options),
    .defaults = &(const struct segment_options){.sample = 10},
    .actions = segment_actions,
    .run = segment_list,
};
