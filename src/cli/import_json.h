/* The result of an import, as JSON. */
#ifndef CLI_IMPORT_JSON_H
#define CLI_IMPORT_JSON_H

#include "cli/cli.h"
#include "newsletter/service/imports.h"

/* `id`: of the import; 0: nothing is kept. */
void cli_import_json(struct cli *cli, bool dry_run, int64_t id,
                     const struct nl_import_report *report);

#endif
