#include "cli/cli.h"

#include "newsletter/bulletin/check.h"
#include "newsletter/doctor/doctor.h"

enum { OPT_LIST = 1, OPT_STRICT, OPT_JSON, OPT_DNS, OPT_SERVERS };

static const struct option long_options[] = {{"list", required_argument, NULL, OPT_LIST},
                                             {"strict", no_argument, NULL, OPT_STRICT},
                                             {"json", no_argument, NULL, OPT_JSON},
                                             {"dns", no_argument, NULL, OPT_DNS},
                                             {"name-servers", required_argument, NULL, OPT_SERVERS},
                                             {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    const char *list_name = NULL;
    bool strict = false;
    bool json = false;
    bool dns = false;
    struct nl_examination examination = {0};
    struct nl_list list = {0};
    struct nl_bulletin bulletin = {0};
    struct nl_findings findings = {0};
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == OPT_LIST)
            list_name = optarg;
        else if (option == OPT_STRICT)
            strict = true;
        else if (option == OPT_JSON)
            json = true;
        else if (option == OPT_DNS)
            dns = true;
        else if (option == OPT_SERVERS)
            examination.name_servers = optarg;
        else
            return NL_USAGE;
    }
    enum nl_status status = cli_words(argc, 1, "ISSUE.md", err);
    const char *path = argv[optind];
    if (status == NL_OK)
        status = cli_compose(cli, path, list_name, &list, &bulletin, err);
    if (status == NL_OK)
        status = nl_bulletin_check(&bulletin, &list, &cli->config, &findings, err);
    if (status == NL_OK && dns)
        status = nl_doctor_list(&list, &cli->config, &examination, &findings, err);
    if (status == NL_OK) {
        cli_show_findings(&findings, json);
        if (findings.count == 0 && !json)
            printf("%s: nothing to say against it\n", path);
        status = cli_judge_findings(&findings, strict, path, err);
    }
    nl_findings_free(&findings);
    nl_bulletin_free(&bulletin);
    nl_list_free(&list);
    return status;
}

const struct command cmd_check = {
    "check",
    "say what would hurt an issue before it goes out",
    "Usage: newsletter check ISSUE.md [--list LIST] [--dns [--name-servers LIST]] [--strict] "
    "[--json]\n"
    "\n"
    "Composes the issue as send would and looks for what readers, filters and the rules of Gmail\n"
    "and Yahoo for bulk senders object to: the size at which Gmail cuts mail off, subject, links,\n"
    "images without alternative text, a missing postal address or unsubscribe link, From and "
    "DKIM.\n"
    "With --dns it asks as doctor does whether SPF, DKIM, DMARC and MX of the list's domains are\n"
    "right. An error makes the exit status 65; with --strict a warning does too.\n"
    "\n"
    "Example: newsletter check issue-11.md\n",
    run,
    long_options,
    NULL};
