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

static const struct option long_options[] = {{0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    int64_t rows = 0;
    while (cli_option(argc, argv, long_options, err) != -1)
        return NL_USAGE;
    enum nl_status status = cli_words(argc, 1, "where to: a FILE or a postgresql:// URL", err);
    const char *target = argv[optind];
    if (status == NL_OK)
        status = cli_check_database(target, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_store_move(cli->store, target, show, &rows, err);
    if (status == NL_OK)
        printf("%lld rows are there, read again and found to be the same. The old database is kept "
               "and answers no more.\nNow set 'database' in %s to the new one.\n",
               (long long)rows, cli->config.path);
    return status;
}

const struct command cmd_migrate_store = {
    "migrate-store",
    "move the installation to another database",
    "Usage: newsletter migrate-store FILE|URL\n"
    "\n"
    "Copies all there is from the database of the configuration into a new one: from an SQLite\n"
    "file to PostgreSQL, from there to a file, or to another of the same kind. Each table is read\n"
    "again from its new place and compared by its number of rows and a checksum; when all are the\n"
    "same, the old database is marked as moved, so that nobody sends from both. Nobody can write\n"
    "meanwhile; stop all that sends first. A failure leaves everything as it was.\n"
    "\n"
    "Example: newsletter migrate-store postgresql://newsletter@db.example.org/newsletter\n",
    run,
    long_options,
    NULL};
