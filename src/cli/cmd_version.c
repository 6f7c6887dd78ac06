#include "cli/cli.h"

struct version_options {
    bool check_database;
};

/* A server's URL may hold a password, which belongs to nobody's screen. */
static const char *name_of(const struct nl_config *config) {
    return nl_store_is_file(config->database) ? config->database : "the database";
}

static void show(const char *name, const struct nl_schema *schema) {
    long long applied = (long long)schema->applied;
    puts("newsletter " NL_VERSION);
    if (schema->applied == schema->newest)
        printf("%s: schema %lld, the newest that this version knows\n", name, applied);
    else
        printf("%s: schema %lld; the next command brings it to schema %lld, and an older version "
               "cannot use it then: make a backup first\n",
               name, applied, (long long)schema->newest);
}

static void show_json(struct cli *cli, const struct nl_schema *schema) {
    cli_print_json(cli, json_pack("{s:s, s:I, s:I, s:s}", "version", NL_VERSION, "schema",
                                  (json_int_t)schema->applied, "newest", (json_int_t)schema->newest,
                                  "database",
                                  schema->applied == schema->newest  ? "current"
                                  : schema->applied < schema->newest ? "older"
                                                                     : "newer"));
}

static enum nl_status check_database(struct cli *cli, struct nl_error *err) {
    struct nl_schema schema = {0};
    enum nl_status status = cli_configure(cli, err);
    if (status == NL_OK)
        status = nl_store_schema(cli->config.database, &nl_env_system, &schema, err);
    if (status != NL_OK)
        return status;
    if (cli->json)
        show_json(cli, &schema);
    if (schema.applied > schema.newest)
        return nl_error_set(err, NL_CONFIG,
                            "%s: schema %lld, of a later newsletter; version " NL_VERSION
                            " knows up to %lld and cannot use it",
                            name_of(&cli->config), (long long)schema.applied,
                            (long long)schema.newest);
    if (!cli->json)
        show(name_of(&cli->config), &schema);
    return NL_OK;
}

static enum nl_status version_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct version_options *chosen = options;
    if (chosen->check_database)
        return check_database(cli, err);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s}", "version", NL_VERSION));
    else
        puts("newsletter " NL_VERSION);
    return NL_OK;
}

static const struct cli_option version_table[] = {
    CLI_FLAG("check-database", struct version_options, check_database),
    {0},
};

const struct cli_command cmd_version = {
    .name = "version",
    .options = version_table,
    .size = sizeof(struct version_options),
    .run = version_run,
};
