#include "cli/cli.h"

#include "newsletter/store/member.h"
#include "newsletter/store/saved_segment.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_LIST = 1, OPT_WHERE, OPT_SAMPLE, OPT_JSON };

enum { SAMPLE = 10 };

struct call {
    struct cli *cli;
    const char *list, *where;
    int64_t sample;
    json_t *json; /* NULL for text */
};

static enum nl_status list_segment(const char *name, const char *expression, void *ctx,
                                   struct nl_error *err) {
    const struct call *call = ctx;
    (void)err;
    if (call->json != NULL)
        json_array_append_new(call->json,
                              json_pack("{s:s, s:s}", "name", name, "expression", expression));
    else
        printf("%-24s %s\n", name, expression);
    return NL_OK;
}

static enum nl_status add(struct call *call, const char *name, const char *expression,
                          struct nl_error *err) {
    struct nl_segment *segment = NULL;
    enum nl_status status = cli_segment(call->cli, expression, NULL, &segment, NULL, err);
    nl_segment_free(segment);
    return status == NL_OK ? nl_saved_segment_put(call->cli->store, name, expression, err) : status;
}

/* ---- who is meant ---- */

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

static enum nl_status show(struct call *call, const char *name, struct nl_error *err) {
    struct counting counting = {.sample = call->sample, .sampled = json_array()};
    struct nl_member_filter filter = {.state = "active"};
    struct nl_segment *segment = NULL;
    struct nl_list list = {0};
    size_t at = 0;
    json_t *address = NULL;
    enum nl_status status =
        call->list != NULL ? nl_list_find(call->cli->store, call->list, &list, err) : NL_OK;
    if (status == NL_OK)
        status = cli_segment(call->cli, call->where, name, &segment, NULL, err);
    filter.list = list.id;
    filter.segment = segment;
    if (status == NL_OK)
        status = nl_members_each(call->cli->store, &filter, count_member, &counting, err);
    if (status == NL_OK && call->json != NULL) {
        json_array_append_new(call->json,
                              json_pack("{s:I, s:O}", "count", (json_int_t)counting.count, "sample",
                                        counting.sampled));
    } else if (status == NL_OK) {
        printf("%lld active subscriptions\n", (long long)counting.count);
        json_array_foreach(counting.sampled, at, address)
            printf("  %s\n", json_string_value(address));
    }
    json_decref(counting.sampled);
    nl_segment_free(segment);
    nl_list_free(&list);
    return status;
}

static enum nl_status dispatch(struct call *call, int argc, char **argv, struct nl_error *err) {
    const char *action = optind < argc ? argv[optind] : "list";
    int words = argc - optind;
    const char *name = words > 1 ? argv[optind + 1] : NULL;
    if (strcmp(action, "list") == 0 && words <= 1)
        return nl_saved_segments_each(call->cli->store, list_segment, call, err);
    if (strcmp(action, "add") == 0 && words == 3)
        return add(call, name, argv[optind + 2], err);
    if (strcmp(action, "remove") == 0 && words == 2)
        return nl_saved_segment_remove(call->cli->store, name, err);
    if (strcmp(action, "show") == 0 && (words == 2 || (words == 1 && call->where != NULL)))
        return show(call, name, err);
    return nl_error_set(
        err, NL_USAGE,
        "segment %s: there are add NAME EXPRESSION, remove NAME, show NAME (or show "
        "--where EXPRESSION) and list",
        action);
}

static const struct option long_options[] = {{"list", required_argument, NULL, OPT_LIST},
                                             {"where", required_argument, NULL, OPT_WHERE},
                                             {"sample", required_argument, NULL, OPT_SAMPLE},
                                             {"json", no_argument, NULL, OPT_JSON},
                                             {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct call call = {.cli = cli, .sample = SAMPLE};
    bool json = false;
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == '?')
            return NL_USAGE;
        if (option == OPT_JSON)
            json = true;
        else if (option == OPT_LIST)
            call.list = optarg;
        else if (option == OPT_WHERE)
            call.where = optarg;
        else if (!nl_text_integer(optarg, &call.sample) || call.sample < 0)
            return nl_error_set(err, NL_USAGE, "--sample '%s' is not a number", optarg);
    }
    enum nl_status status = cli_open(cli, err);
    call.json = json ? json_array() : NULL;
    if (status == NL_OK)
        status = dispatch(&call, argc, argv, err);
    if (status == NL_OK && json) {
        json_dumpf(call.json, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(call.json);
    return status;
}

const struct command cmd_segment = {
    "segment",
    "say who is meant, under a name",
    "Usage: newsletter segment [list] [--json]\n"
    "       newsletter segment add NAME EXPRESSION\n"
    "       newsletter segment remove NAME\n"
    "       newsletter segment show NAME [--where EXPRESSION] [--list NAME] [--sample N] [--json]\n"
    "\n"
    "An expression compares email, domain, name, language, source (of consent), joined, and\n"
    "attributes by their names: = != < <= > >=, ~ (holds), has (one of several), in (...), is "
    "known,\n"
    "is unknown; with and, or, not, (). 'send' and 'export' take --segment NAME and --where.\n"
    "'show' counts who is meant and shows some.\n"
    "\n"
    "Example: newsletter segment add russian-press 'language = \"ru\" and tags has \"press\"'\n",
    run,
    long_options,
    "list add remove show"};
