#include "cli/cli.h"

#include "newsletter/archive/build.h"
#include "newsletter/base/zone.h"
#include "newsletter/service/archive_shown.h"

struct archive_options {
    const char *at;
};

static enum nl_status archive_build(struct cli *cli, void *options, struct nl_error *err) {
    const struct archive_options *chosen = options;
    const char *folder = cli->words[0];
    int64_t files = 0;
    if (chosen->at != NULL)
        return cli_usage_error(cli, err, "--at goes with publish and withdraw");
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_archive_build(cli->store, &cli->config, folder, &files, err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s, s:I}", "folder", folder, "files", (json_int_t)files),
                 "wrote %lld files to %s", (long long)files, folder);
    return status;
}

/* The effect of publish and withdraw on an issue, and the words for it. */
struct change {
    const struct archive_options *chosen;
    enum nl_status (*set)(const struct nl_office *office, int64_t issue, int64_t at,
                          struct nl_error *err);
    const char *done, *later;
    const char *result; /* for --json */
};

static enum nl_status change_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                   struct nl_error *err) {
    const struct change *change = ctx;
    char when[CLI_TIME_LEN];
    int64_t at = 0;
    if (change->chosen->at != NULL && nl_zone_read(change->chosen->at, NULL, &at, err) != NL_OK) {
        err->status = NL_USAGE;
        return nl_error_context(err, "--at");
    }
    const struct nl_office office = cli_office(cli);
    if (change->set(&office, issue->id, at, err) != NL_OK)
        return nl_error_context(err, "issue %s", issue->slug);
    if (cli_print_change(cli, issue, change->result, json_pack("{s:o}", "at", cli_json_time(at))))
        return NL_OK;
    cli_format_time(at, when);
    if (at > nl_store_now(cli->store))
        printf("issue %s %s from %s\n", issue->slug, change->later, when);
    else
        printf("issue %s %s\n", issue->slug, change->done);
    return NL_OK;
}

static enum nl_status archive_publish(struct cli *cli, void *options, struct nl_error *err) {
    struct change change = {options, nl_office_archive_publish, "is in the public archive",
                            "will be in the public archive", "published"};
    return cli_on_issue(cli, cli->words[0], change_issue, &change, err);
}

static enum nl_status archive_withdraw(struct cli *cli, void *options, struct nl_error *err) {
    struct change change = {options, nl_office_archive_withdraw,
                            "is no longer in the public archive",
                            "will no longer be in the public archive", "withdrawn"};
    return cli_on_issue(cli, cli->words[0], change_issue, &change, err);
}

static const struct cli_option archive_table[] = {
    CLI_TEXT("at", struct archive_options, at),
    {0},
};

static const struct cli_action archive_actions[] = {
    {"build", archive_build, {1, 1, "one FOLDER"}},
    {"publish", archive_publish, {1, 1, "one ISSUE"}},
    {"withdraw", archive_withdraw, {1, 1, "one ISSUE"}},
    {0},
};

const struct cli_command cmd_archive = {
    .name = "archive",
    .options = archive_table,
    .size = sizeof(struct archive_options),
    .actions = archive_actions,
};
