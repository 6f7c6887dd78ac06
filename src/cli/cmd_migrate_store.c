#include "cli/cli.h"

#include "newsletter/db/copy.h"

static void show(const struct nl_copied *copied, void *ctx) {
    int64_t *rows = ctx;
    *rows += copied->rows;
    if (copied->rows > 0)
        printf("%-16s %10lld rows  %.16s\n", copied->table, (long long)copied->rows,
               copied->checksum);
    fflush(stdout);
}

static enum nl_status migrate_store_run(struct cli *cli, void *options, struct nl_error *err) {
    const char *target = cli->words[0];
    int64_t rows = 0;
    (void)options;
    enum nl_status status = cli_check_database(target, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_store_move(cli->store, target, show, &rows, err);
    if (status == NL_OK)
        printf("copied and compared %lld rows. The old database is kept, marked as moved, and is "
               "not opened again.\nNow set 'database' in %s to the new one.\n",
               (long long)rows, cli->config.path);
    return status;
}

const struct cli_command cmd_migrate_store = {
    .name = "migrate-store",
    .run = migrate_store_run,
    .words = {1, 1, "a FILE or a postgresql:// URL to move to"},
    .heedless_of_imports = true,
};
