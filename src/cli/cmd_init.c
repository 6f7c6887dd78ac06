#include "cli/cli.h"

#include "newsletter/base/file.h"

#include <string.h>
#include <unistd.h>

static const struct option long_options[] = {{0}};

/* A server's URL may hold a password. */
static void show(const char *database, bool created) {
    if (nl_store_is_file(database))
        printf(created ? "created the database %s\n" : "%s is there already\n", database);
    else
        puts(created ? "created the tables of the database"
                     : "the database has its tables already");
}

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    bool created = false;
    while (cli_option(argc, argv, long_options, err) != -1)
        return NL_USAGE;
    enum nl_status status = cli_words(argc, 0, "no words", err);
    const char *path = cli_config_path(cli);
    if (status == NL_OK && access(path, F_OK) != 0) {
        status = nl_file_write(path, nl_config_sample(), strlen(nl_config_sample()), true, err);
        if (status == NL_OK)
            printf("wrote %s: edit it now\n", path);
    } else if (status == NL_OK) {
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

const struct command cmd_init = {
    "init",
    "write a configuration and create the database",
    "Usage: newsletter [--config FILE] init\n"
    "\n"
    "Writes an annotated newsletter.yaml and creates the database, both readable by you alone.\n"
    "What is there already stays as it is.\n"
    "\n"
    "Example: newsletter init\n",
    run,
    long_options,
    NULL};
