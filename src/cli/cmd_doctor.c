#include "cli/cli.h"

#include "newsletter/doctor/doctor.h"

struct doctor_options {
    bool strict, local, repair;
    struct cli_texts origins;
    const char *name_servers, *ca_file, *block_lists;
};

static enum nl_status doctor_run(struct cli *cli, void *options, struct nl_error *err) {
    struct doctor_options *chosen = options;
    struct nl_findings findings = {0};
    struct nl_examination examination = {
        .local = chosen->local,
        .repair = chosen->repair,
        .name_servers = chosen->name_servers,
        .ca_file = chosen->ca_file,
        .block_lists = chosen->block_lists,
        .origins = chosen->origins.items,
        .origin_count = chosen->origins.count,
    };
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK && !examination.local)
        status = cli_connect_or_tell(cli, &findings, err);
    if (status == NL_OK)
        status =
            nl_doctor_examine(cli->store, &cli->config, cli->relay, &examination, &findings, err);
    if (status == NL_OK) {
        cli_show_findings(cli, &findings);
        status = cli_judge_findings(&findings, chosen->strict, "the installation", err);
    }
    nl_findings_free(&findings);
    return status;
}

static const struct cli_option doctor_table[] = {
    CLI_FLAG("strict", struct doctor_options, strict),
    CLI_FLAG("local", struct doctor_options, local),
    CLI_TEXT("name-servers", struct doctor_options, name_servers),
    CLI_REPEATED("origin", struct doctor_options, origins),
    CLI_TEXT("block-lists", struct doctor_options, block_lists),
    CLI_PATH("ca-file", struct doctor_options, ca_file),
    CLI_FLAG("repair", struct doctor_options, repair),
    {0},
};

const struct cli_command cmd_doctor = {
    .name = "doctor",
    .options = doctor_table,
    .size = sizeof(struct doctor_options),
    .run = doctor_run,
    .heedless_of_imports = true,
};
