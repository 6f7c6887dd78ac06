#include "cli/cli.h"

#include "newsletter/base/file.h"

#include <stdio.h>

bool cli_is_interactive(void) {
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

enum nl_status cli_confirm(const struct cli *cli, bool yes, const char *question, bool *agreed,
                           struct nl_error *err) {
    char line[16] = "";
    *agreed = yes;
    if (yes)
        return NL_OK;
    if (!cli_is_interactive())
        return cli_usage_error(cli, err,
                               "nothing is done: there is no terminal to ask on; say --yes");
    fflush(stdout);
    fprintf(stderr, "%s [y/N] ", question);
    *agreed = fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
    return NL_OK;
}

void cli_say_reading(const char *what) {
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "reading %s from standard input; Ctrl-D ends it ...\n", what);
}

enum nl_status cli_begin_output(const struct cli *cli, const char *path,
                                struct nl_file_output *output, struct nl_error *err) {
    if (nl_file_is_same(path, cli->config.database))
        return nl_error_set(err, NL_USAGE, "%s is the database: write to another file", path);
    return nl_file_begin(output, path, err);
}
