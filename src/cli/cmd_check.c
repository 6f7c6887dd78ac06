#include "cli/cli.h"

#include "newsletter/check.h"

#include <jansson.h>

enum { OPT_LIST = 1, OPT_STRICT, OPT_JSON };

static void show(const struct nl_findings *findings, bool json) {
    json_t *array = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct nl_finding *finding = &findings->items[i];
        const char *level = finding->severe ? "error" : "warning";
        if (json)
            json_array_append_new(array, json_pack("{s:s, s:s, s:s?, s:s}", "level", level, "rule",
                                                   finding->rule, "file", finding->path, "text",
                                                   finding->text));
        else if (finding->path != NULL)
            printf("%s: %s: %s [%s]\n", level, finding->path, finding->text, finding->rule);
        else
            printf("%s: %s [%s]\n", level, finding->text, finding->rule);
    }
    if (json) {
        json_dumpf(array, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(array);
}

static enum nl_status judge(const struct nl_findings *findings, bool strict, const char *path,
                            struct nl_error *err) {
    size_t errors = 0;
    for (size_t i = 0; i < findings->count; i++)
        errors += findings->items[i].severe;
    if (errors > 0 || (strict && findings->count > 0))
        return nl_error_set(err, NL_DATA, "%s: %zu to mend, %zu to consider", path, errors,
                            findings->count - errors);
    return NL_OK;
}

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    static const struct option options[] = {{"list", required_argument, NULL, OPT_LIST},
                                            {"strict", no_argument, NULL, OPT_STRICT},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            {0}};
    const char *list_name = NULL;
    bool strict = false;
    bool json = false;
    struct nl_list list = {0};
    struct nl_bulletin bulletin = {0};
    struct nl_findings findings = {0};
    for (int option = 0; (option = cli_option(argc, argv, options, err)) != -1;) {
        if (option == OPT_LIST)
            list_name = optarg;
        else if (option == OPT_STRICT)
            strict = true;
        else if (option == OPT_JSON)
            json = true;
        else
            return NL_USAGE;
    }
    enum nl_status status = cli_words(argc, 1, "ISSUE.md", err);
    const char *path = argv[optind];
    if (status == NL_OK)
        status = cli_compose(cli, path, list_name, &list, &bulletin, err);
    if (status == NL_OK)
        status = nl_bulletin_check(&bulletin, &list, &cli->config, &findings, err);
    if (status == NL_OK) {
        show(&findings, json);
        if (findings.count == 0 && !json)
            printf("%s: nothing to say against it\n", path);
        status = judge(&findings, strict, path, err);
    }
    nl_findings_free(&findings);
    nl_bulletin_free(&bulletin);
    nl_list_free(&list);
    return status;
}

const struct command cmd_check = {
    "check", "say what would hurt an issue before it goes out",
    "Usage: newsletter check ISSUE.md [--list LIST] [--strict] [--json]\n"
    "\n"
    "Composes the issue as send would and looks for what readers, filters and the rules of Gmail\n"
    "and Yahoo for bulk senders object to: the size at which Gmail cuts mail off, subject, links,\n"
    "images without alternative text, a missing postal address or unsubscribe link, From and "
    "DKIM.\n"
    "An error makes the exit status 65; with --strict a warning does too.\n"
    "\n"
    "Example: newsletter check issue-11.md\n",
    run};
