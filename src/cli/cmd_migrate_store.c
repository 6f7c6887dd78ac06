#include "cli/cli.h"

#include "newsletter/db/copy.h"
#include "newsletter/service/segments.h"

struct migration {
    json_t *tables; /* NULL for text */
    int64_t rows;
};

static void show(const struct nl_copied *copied, void *ctx) {
    struct migration *migration = ctx;
    migration->rows += copied->rows;
    if (migration->tables != NULL)
        json_array_append_new(migration->tables,
                              json_pack("{s:s, s:I, s:s}", "table", copied->table, "rows",
                                        (json_int_t)copied->rows, "checksum", copied->checksum));
    else if (copied->rows > 0)
        printf("%-16s %10lld rows  %.16s\n", copied->table, (long long)copied->rows,
               copied->checksum);
    fflush(stdout);
}

static enum nl_status migrate_store_run(struct cli *cli, void *options, struct nl_error *err) {
    const char *target = cli->words[0];
    struct migration migration = {.tables = cli->json ? json_array() : NULL};
    (void)options;
    enum nl_status status = cli_check_database(target, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_store_move(cli->store, target, show, &migration, err);
    if (status == NL_OK)
        status = nl_segments_index(target, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:I, s:O?}", "database", target, "rows",
                           (json_int_t)migration.rows, "tables", migration.tables),
                 "copied and compared %lld rows. The old database is kept, marked as moved, and is "
                 "not opened again.\nNow set 'database' in %s to the new one.",
                 (long long)migration.rows, cli->config.path);
    json_decref(migration.tables);
    return status;
}

const struct cli_command cmd_migrate_store = {
    .name = "migrate-store",
    .run = migrate_store_run,
    .words = {1, 1, "a FILE or a postgresql:// URL to move to"},
    .heedless_of_imports = true,
};
