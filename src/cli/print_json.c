#include "cli/cli.h"

void cli_print_json(json_t *object) {
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}

bool cli_print_change(const struct cli *cli, const struct nl_issue *issue, const char *result,
                      json_t *facts) {
    if (cli->json) {
        json_t *object = json_pack("{s:s, s:I, s:s}", "issue", issue->slug, "id",
                                   (json_int_t)issue->id, "result", result);
        json_object_update(object, facts);
        cli_print_json(object);
    }
    json_decref(facts);
    return cli->json;
}
