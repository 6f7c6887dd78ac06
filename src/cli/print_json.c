#include "cli/cli.h"

#include "newsletter/base/buf.h"

#include <stdarg.h>
#include <string.h>

static void print(json_t *value, size_t flags) {
    if (value != NULL)
        json_dumpf(value, stdout, flags);
    putchar('\n');
    json_decref(value);
}

void cli_print_json(struct cli *cli, json_t *value) {
    cli->printed = true;
    print(value, JSON_INDENT(2));
}

void cli_print_json_line(json_t *value) {
    print(value, JSON_COMPACT);
}

void cli_tell(struct cli *cli, json_t *facts, const char *format, ...) {
    va_list args;
    if (cli->json) {
        cli_print_json(cli, facts);
        return;
    }
    json_decref(facts);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

json_t *cli_change_facts(const struct nl_issue *issue, const char *result, json_t *facts) {
    json_t *object = json_pack("{s:s, s:I, s:s}", "issue", issue->slug, "id", (json_int_t)issue->id,
                               "result", result);
    json_object_update(object, facts);
    json_decref(facts);
    return object;
}

bool cli_print_change(struct cli *cli, const struct nl_issue *issue, const char *result,
                      json_t *facts) {
    if (cli->json)
        cli_print_json(cli, cli_change_facts(issue, result, facts));
    else
        json_decref(facts);
    return cli->json;
}

/* The names of errors for programs: they stay, as exit statuses do. */
static const char *const kinds[] = {
    [NL_USAGE] = "usage",
    [NL_DATA] = "data",
    [NL_NOINPUT] = "no_input",
    [NL_NOTFOUND] = "not_found",
    [NL_EXISTS] = "exists",
    [NL_EXPIRED] = "expired",
    [NL_USED] = "used",
    [NL_UNAVAILABLE] = "unavailable",
    [NL_BUSY] = "busy",
    [NL_TEMPFAIL] = "temporary",
    [NL_PROTOCOL] = "protocol",
    [NL_CONFIG] = "configuration",
    [NL_NOPERM] = "no_permission",
    [NL_CANTCREATE] = "cannot_create",
    [NL_IO] = "io",
    [NL_OS] = "system",
    [NL_INTERNAL] = "internal",
};

void cli_print_json_error(const struct cli *cli, const struct nl_error *err, int exit_status) {
    if (!cli->json || cli->printed)
        return;
    /* The text may quote bytes of the input, and JSON is UTF-8. */
    struct nl_buf text = {0};
    cli_add_safely(&text, nl_error_text(err), strlen(nl_error_text(err)));
    cli_print_json_line(json_pack("{s:{s:s, s:i, s:s}}", "error", "kind", kinds[err->status],
                                  "status", exit_status, "text", nl_buf_text(&text)));
    nl_buf_free(&text);
}
