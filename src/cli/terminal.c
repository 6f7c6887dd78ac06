#include "cli/cli.h"

#include "newsletter/base/file.h"

#include <stdio.h>

bool cli_ask(const char *question) {
    char line[16] = "";
    if (!cli_is_interactive())
        return false;
    printf("%s [y/N] ", question);
    fflush(stdout);
    return fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

enum nl_status cli_begin_output(const struct cli *cli, const char *path,
                                struct nl_file_output *output, struct nl_error *err) {
    if (nl_file_is_same(path, cli->config.database))
        return nl_error_set(err, NL_USAGE, "%s is the database: write to another file", path);
    return nl_file_begin(output, path, err);
}
