#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

static void print_line(const char *line, void *ctx) {
    (void)ctx;
    fprintf(stderr, "%s\n", line);
}

enum nl_status cli_trace(const struct cli *cli, struct nl_error *err) {
    const char *wanted = getenv("NEWSLETTER_TRACE");
    const struct nl_relay_trace trace = {.line = print_line};
    if (cli->trace)
        wanted = "smtp";
    if (wanted == NULL || wanted[0] == '\0')
        return NL_OK;
    if (strcmp(wanted, "smtp") != 0)
        return nl_error_set(err, NL_USAGE, "NEWSLETTER_TRACE=%s: the only trace is smtp", wanted);
    nl_relay_set_trace(cli->relay, &trace);
    return NL_OK;
}
