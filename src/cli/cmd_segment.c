#include "cli/cli.h"

#include "newsletter/store/member.h"
#include "newsletter/store/saved_segment.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct segment_options {
    const char *list, *where;
    int64_t sample; /* how many addresses `show` prints */
    bool json;
};

static void print_json(json_t *json) {
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

struct listing {
    json_t *array; /* NULL for text */
    size_t count;
};

static enum nl_status list_one(const char *name, const char *expression, void *ctx,
                               struct nl_error *err) {
    struct listing *listing = ctx;
    (void)err;
    listing->count++;
    if (listing->array != NULL)
        json_array_append_new(listing->array,
                              json_pack("{s:s, s:s}", "name", name, "expression", expression));
    else
        printf("%-24s %s\n", name, expression);
    return NL_OK;
}

static enum nl_status segment_list(struct cli *cli, void *options, struct nl_error *err) {
    const struct segment_options *chosen = options;
    struct listing listing = {.array = chosen->json ? json_array() : NULL};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_saved_segments_each(cli->store, list_one, &listing, err);
    if (status == NL_OK && listing.array != NULL)
        print_json(json_incref(listing.array));
    else if (status == NL_OK && listing.count == 0)
        puts("no segments: 'newsletter segment add NAME EXPRESSION' adds one");
    json_decref(listing.array);
    return status;
}

static enum nl_status segment_add(struct cli *cli, void *options, struct nl_error *err) {
    const char *name = cli->words[0];
    const char *expression = cli->words[1];
    struct nl_segment *segment = NULL;
    (void)options;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = cli_segment(cli, expression, NULL, &segment, NULL, err);
    if (status == NL_OK)
        status = nl_saved_segment_put(cli->store, name, expression, err);
    if (status == NL_OK)
        printf("saved the segment %s\n", name);
    nl_segment_free(segment);
    return status;
}

static enum nl_status segment_remove(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_saved_segment_remove(cli->store, cli->words[0], err);
    if (status == NL_OK)
        printf("removed the segment %s\n", cli->words[0]);
    return status;
}

/* ---- the subscriptions in a segment ---- */

struct counting {
    int64_t count, sample;
    json_t *sampled;
};

static enum nl_status count_member(const struct nl_member *member, void *ctx,
                                   struct nl_error *err) {
    struct counting *counting = ctx;
    (void)err;
    if (counting->count++ < counting->sample)
        json_array_append_new(counting->sampled, json_string(member->address));
    return NL_OK;
}

static void print_members(const struct counting *counting, bool json) {
    size_t at = 0;
    json_t *address = NULL;
    if (json) {
        print_json(json_pack("[{s:I, s:O}]", "count", (json_int_t)counting->count, "sample",
                             counting->sampled));
        return;
    }
    printf("%lld active subscriptions\n", (long long)counting->count);
    json_array_foreach(counting->sampled, at, address) printf("  %s\n", json_string_value(address));
}

static enum nl_status segment_show(struct cli *cli, void *options, struct nl_error *err) {
    const struct segment_options *chosen = options;
    struct counting counting = {.sample = chosen->sample, .sampled = json_array()};
    struct nl_member_filter filter = {.state = NL_SUBSCRIPTION_ACTIVE};
    struct nl_segment *segment = NULL;
    struct nl_list list = {0};
    enum nl_status status = NL_OK;
    if (cli->word_count == 0 && chosen->where == NULL)
        status = cli_usage_error(cli, err, "segment show: give a NAME, or --where EXPRESSION");
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK && chosen->list != NULL)
        status = nl_list_find(cli->store, chosen->list, &list, err);
    if (status == NL_OK)
        status = cli_segment(cli, chosen->where, cli->words[0], &segment, NULL, err);
    filter.list = list.id;
    filter.segment = segment;
    if (status == NL_OK)
        status = nl_members_each(cli->store, &filter, count_member, &counting, err);
    if (status == NL_OK)
        print_members(&counting, chosen->json);
    json_decref(counting.sampled);
    nl_segment_free(segment);
    nl_list_free(&list);
    return status;
}

static const struct cli_option segment_table[] = {
    CLI_TEXT("list", struct segment_options, list),
    CLI_TEXT("where", struct segment_options, where),
    CLI_NUMBER("sample", struct segment_options, sample, 0, INT64_MAX),
    CLI_FLAG("json", struct segment_options, json),
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
