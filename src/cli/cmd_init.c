#include "cli/cli.h"

#include "newsletter/base/file.h"

#include <string.h>
#include <unistd.h>

/* A server's URL may hold a password. */
static void show(const char *database, bool created) {
    if (nl_store_is_file(database))
        printf(created ? "created the database %s\n" : "%s is there already\n", database);
    else
        puts(created ? "created the tables of the database"
                     : "the database has its tables already");
}

static enum nl_status init_run(struct cli *cli, void *options, struct nl_error *err) {
    bool created = false;
    enum nl_status status = NL_OK;
    const char *path = cli_config_path(cli);
    (void)options;
    if (access(path, F_OK) != 0) {
        status = nl_file_write(path, nl_config_sample(), strlen(nl_config_sample()), true, err);
        if (status == NL_OK)
            printf("wrote %s: edit it now\n", path);
    } else {
        printf("%s is there already\n", path);
    }
    if (status == NL_OK)
        status = cli_configure(cli, err);
    if (status == NL_OK)
        status = nl_store_create(cli->config.database, &nl_env_system, &created, err);
    if (status == NL_OK)
        show(cli->config.database, created);
    return status;
}

const struct cli_command cmd_init = {.name = "init", .run = init_run};
