#include "cli/cli.h"

#include <jansson.h>

static const char *const names[] = {"ok", "warning", "error"};

json_t *cli_findings_facts(const struct nl_findings *findings) {
    json_t *array = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct nl_finding *finding = &findings->items[i];
        json_array_append_new(array, json_pack("{s:s, s:s, s:s?, s:s}", "level",
                                               names[finding->level], "rule", finding->rule, "file",
                                               finding->path, "text", finding->text));
    }
    return array;
}

void cli_show_findings(struct cli *cli, const struct nl_findings *findings) {
    if (cli->json) {
        cli_print_json(cli, cli_findings_facts(findings));
        return;
    }
    for (size_t i = 0; i < findings->count; i++) {
        const struct nl_finding *finding = &findings->items[i];
        printf("%s: ", names[finding->level]);
        if (finding->path != NULL)
            printf("%s: ", finding->path);
        printf("%s [%s]\n", finding->text, finding->rule);
    }
}

enum nl_status cli_judge_findings(const struct nl_findings *findings, bool strict, const char *what,
                                  struct nl_error *err) {
    size_t errors = nl_findings_count(findings, NL_LEVEL_ERROR);
    size_t warnings = nl_findings_count(findings, NL_LEVEL_WARNING);
    if (errors > 0 || (strict && warnings > 0))
        return nl_error_set(err, NL_DATA, "%s: %zu error%s, %zu warning%s", what, errors,
                            errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
    return NL_OK;
}

enum nl_status cli_connect_or_tell(struct cli *cli, struct nl_findings *findings,
                                   struct nl_error *err) {
    enum nl_status status = cli_connect(cli, err);
    if (status != NL_CONFIG && status != NL_NOINPUT && status != NL_NOPERM)
        return status;
    nl_findings_add(findings, NL_LEVEL_ERROR, "relay", NULL, "%s", nl_error_text(err));
    nl_error_free(err);
    return NL_OK;
}
