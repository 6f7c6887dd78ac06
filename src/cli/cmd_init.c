#include "cli/cli.h"

#include "newsletter/base/file.h"

#include <string.h>
#include <unistd.h>

/* A server's URL may hold a password. */
static void show(const char *path, bool wrote, const char *database, bool created) {
    printf(wrote ? "wrote %s: edit it now\n" : "%s is there already\n", path);
    if (nl_store_is_file(database))
        printf(created ? "created the database %s\n" : "%s is there already\n", database);
    else
        puts(created ? "created the tables of the database"
                     : "the database has its tables already");
}

static void show_json(const char *path, bool wrote, const char *database, bool created) {
    cli_print_json(json_pack("{s:s, s:b, s:s?, s:b}", "configuration", path, "wrote_configuration",
                             wrote, "database", nl_store_is_file(database) ? database : NULL,
                             "created_database", created));
}

static enum nl_status init_run(struct cli *cli, void *options, struct nl_error *err) {
    bool created = false;
    enum nl_status status = NL_OK;
    const char *path = cli_config_path(cli);
    bool wrote = access(path, F_OK) != 0;
    if (wrote)
        status = nl_file_write(path, nl_config_sample(), strlen(nl_config_sample()), true, err);
    if (status == NL_OK)
        status = cli_configure(cli, err);
    if (status == NL_OK)
        status = nl_store_create(cli->config.database, &nl_env_system, &created, err);
    if (status == NL_OK)
        (((const struct cli_json_option *)options)->json ? show_json : show)(
            path, wrote, cli->config.database, created);
    return status;
}

static const struct cli_option init_table[] = {
    CLI_FLAG("json", struct cli_json_option, json),
    {0},
};

const struct cli_command cmd_init = {
    .name = "init",
    .options = init_table,
    .size = sizeof(struct cli_json_option),
    .run = init_run,
};
