#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/store/person.h"
#include "newsletter/transfer/transfer.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_LIST = 1, OPT_STATE, OPT_FORMAT, OPT_OUTPUT, OPT_SUBJECT, OPT_WHERE, OPT_SEGMENT };

enum { OPTIONS = OPT_SEGMENT + 1 };

/* Everything about one person, for who asks what is known of them. */
static enum nl_status export_subject(struct cli *cli, const char *text, FILE *out,
                                     struct nl_error *err) {
    struct nl_address address = {0};
    int64_t subscriber = 0;
    char *json = NULL;
    enum nl_status status = nl_address_parse(text, &address, err);
    if (status == NL_OK)
        status = nl_person_find(cli->store, &address, &subscriber, err);
    if (status == NL_OK)
        status = nl_person_export(cli->store, subscriber, &json, err);
    json_t *object = status == NL_OK ? json_loads(json, 0, NULL) : NULL;
    if (status == NL_OK &&
        (object == NULL || json_dumpf(object, out, JSON_INDENT(2)) != 0 || putc('\n', out) == EOF))
        status = nl_error_set(err, NL_IO, "writing failed: is the disk full?");
    json_decref(object);
    free(json);
    nl_address_free(&address);
    return status;
}

static enum nl_status export_members(struct cli *cli, const char *const values[OPTIONS], FILE *out,
                                     struct nl_error *err) {
    struct nl_member_filter filter = {.state = values[OPT_STATE]};
    struct nl_segment *segment = NULL;
    struct nl_list list = {0};
    size_t count = 0;
    bool json = values[OPT_FORMAT] != NULL && strcmp(values[OPT_FORMAT], "jsonl") == 0;
    enum nl_status status = NL_OK;
    if (values[OPT_FORMAT] != NULL && !json && strcmp(values[OPT_FORMAT], "csv") != 0)
        return nl_error_set(err, NL_USAGE, "--format '%s'? there are csv and jsonl",
                            values[OPT_FORMAT]);
    if (values[OPT_LIST] != NULL)
        status = nl_list_find(cli->store, values[OPT_LIST], &list, err);
    if (status == NL_OK)
        status = cli_segment(cli, values[OPT_WHERE], values[OPT_SEGMENT], &segment, NULL, err);
    filter.list = list.id;
    filter.segment = segment;
    if (status == NL_OK)
        status = nl_export_file(cli->store, &filter, json ? NL_FORMAT_JSONL : NL_FORMAT_CSV, out,
                                &count, err);
    if (status == NL_OK && cli_is_interactive())
        fprintf(stderr, "%zu subscriptions\n", count);
    nl_segment_free(segment);
    nl_list_free(&list);
    return status;
}

static const struct option long_options[] = {{"list", required_argument, NULL, OPT_LIST},
                                             {"state", required_argument, NULL, OPT_STATE},
                                             {"format", required_argument, NULL, OPT_FORMAT},
                                             {"output", required_argument, NULL, OPT_OUTPUT},
                                             {"subject", required_argument, NULL, OPT_SUBJECT},
                                             {"where", required_argument, NULL, OPT_WHERE},
                                             {"segment", required_argument, NULL, OPT_SEGMENT},
                                             {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    const char *values[OPTIONS] = {NULL};
    FILE *out = stdout;
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == '?')
            return NL_USAGE;
        values[option] = optarg;
    }
    enum nl_status status = cli_words(argc, 0, "no words", err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK && values[OPT_OUTPUT] != NULL) {
        out = cli_create_secret(values[OPT_OUTPUT], err);
        status = out != NULL ? NL_OK : err->status;
    }
    if (status == NL_OK)
        status = values[OPT_SUBJECT] != NULL ? export_subject(cli, values[OPT_SUBJECT], out, err)
                                             : export_members(cli, values, out, err);
    if (out != NULL && out != stdout && fclose(out) != 0 && status == NL_OK)
        status = nl_error_system(err, errno, "write", values[OPT_OUTPUT]);
    return status;
}

const struct command cmd_export = {
    "export",
    "write subscribers out, as CSV or JSON lines",
    "Usage: newsletter export [--list NAME] [--state STATE] [--format csv|jsonl] [--output FILE]\n"
    "                         [--where EXPRESSION] [--segment NAME]\n"
    "       newsletter export --subject ADDRESS [--output FILE]\n"
    "\n"
    "What it writes, 'newsletter import' reads back. STATE is pending, active, unsubscribed, "
    "bounced\n"
    "or complained. With --subject, everything that is stored about one person, as JSON. FILE "
    "gets\n"
    "mode 0600.\n"
    "\n"
    "Example: newsletter export --list bulletin --state active --output members.csv\n",
    run,
    long_options,
    NULL};
