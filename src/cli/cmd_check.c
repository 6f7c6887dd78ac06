#include "cli/cli.h"

#include "newsletter/bulletin/check.h"
#include "newsletter/doctor/doctor.h"

struct check_options {
    const char *list;
    bool strict, dns;
    const char *name_servers;
};

static enum nl_status check_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct check_options *chosen = options;
    const struct nl_examination examination = {.name_servers = chosen->name_servers};
    const char *path = cli->words[0];
    struct nl_list list = {0};
    struct nl_bulletin bulletin = {0};
    struct nl_findings findings = {0};
    enum nl_status status = cli_compose(cli, path, chosen->list, &list, &bulletin, err);
    if (status == NL_OK)
        status = nl_bulletin_check(&bulletin, &list, &cli->config, &findings, err);
    if (status == NL_OK)
        status = nl_bulletin_check_attributes(&bulletin, cli->store, &findings, err);
    if (status == NL_OK && chosen->dns)
        status = nl_doctor_list(&list, &cli->config, &examination, &findings, err);
    if (status == NL_OK) {
        cli_show_findings(cli, &findings);
        if (findings.count == 0 && !cli->json)
            printf("%s: no errors, no warnings\n", path);
        status = cli_judge_findings(&findings, chosen->strict, path, err);
    }
    nl_findings_free(&findings);
    nl_bulletin_free(&bulletin);
    nl_list_free(&list);
    return status;
}

static const struct cli_option check_table[] = {
    CLI_TEXT("list", struct check_options, list),
    CLI_FLAG("strict", struct check_options, strict),
    CLI_FLAG("dns", struct check_options, dns),
    CLI_TEXT("name-servers", struct check_options, name_servers),
    {0},
};

const struct cli_command cmd_check = {
    .name = "check",
    .options = check_table,
    .size = sizeof(struct check_options),
    .run = check_run,
    .words = {1, 1, "one ISSUE.md"},
};
