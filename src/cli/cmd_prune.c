#include "cli/cli.h"

#include "newsletter/store/prune.h"

#include <jansson.h>

enum { OPT_DRY_RUN = 1, OPT_JSON };

struct nl_retention cli_retention(const struct nl_config *config) {
    return (struct nl_retention){.events = config->retention.events,
                                 .links = config->retention.links,
                                 .ips = config->retention.ips,
                                 .ended = config->retention.ended};
}

static void show(const struct nl_pruned *pruned, bool json) {
    if (!json) {
        printf("%lld events, %lld links, %lld addresses of consent, %lld people\n",
               (long long)pruned->events, (long long)pruned->links, (long long)pruned->ips,
               (long long)pruned->people);
        return;
    }
    json_t *object = json_pack("{s:I, s:I, s:I, s:I}", "events", (json_int_t)pruned->events,
                               "links", (json_int_t)pruned->links, "ips", (json_int_t)pruned->ips,
                               "people", (json_int_t)pruned->people);
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}

static const struct option long_options[] = {
    {"dry-run", no_argument, NULL, OPT_DRY_RUN}, {"json", no_argument, NULL, OPT_JSON}, {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct nl_pruned pruned = {0};
    bool dry_run = false;
    bool json = false;
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == OPT_DRY_RUN)
            dry_run = true;
        else if (option == OPT_JSON)
            json = true;
        else
            return NL_USAGE;
    }
    enum nl_status status = cli_words(argc, 0, "no words", err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK) {
        const struct nl_retention retention = cli_retention(&cli->config);
        status = nl_store_prune(cli->store, &retention, dry_run, &pruned, err);
    }
    if (status == NL_OK)
        show(&pruned, json);
    return status;
}

const struct command cmd_prune = {"prune",
                                  "remove what is past its time",
                                  "Usage: newsletter prune [--dry-run] [--json]\n"
                                  "\n"
                                  "History, links, and IP addresses of consent are kept as long as "
                                  "retention: in the configuration\n"
                                  "says, and people whose last subscription ended so long ago are "
                                  "erased, if it says so. 'newsletter\n"
                                  "retry' does the same once a day.\n"
                                  "\n"
                                  "Example: newsletter prune --dry-run\n",
                                  run,
                                  long_options,
                                  NULL};
