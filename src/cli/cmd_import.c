#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/transfer/transfer.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_LIST = 1,
    OPT_FORMAT,
    OPT_MAP,
    OPT_DELIMITER,
    OPT_ENCODING,
    OPT_CONSENT,
    OPT_CONFIRM,
    OPT_UPDATE,
    OPT_KEEP,
    OPT_PARTIAL,
    OPT_DRY_RUN,
    OPT_REJECTS,
    OPT_JSON
};

enum { MAPS = 64, TOLD = 20 };

struct call {
    struct nl_import_options options;
    const char *list;
    const char *rejects_path;
    const char *maps[MAPS];
    FILE *rejects;
    size_t told;
    bool json;
};

static const char *const outcome_names[] = {
    [NL_IMPORT_ADDED] = "added",          [NL_IMPORT_UNCHANGED] = "unchanged",
    [NL_IMPORT_ENDED] = "ended_before",   [NL_IMPORT_SUPPRESSED] = "suppressed",
    [NL_IMPORT_ERASED] = "erased_before", [NL_IMPORT_BLOCKED] = "blocked",
};

static const char *const outcome_words[] = {
    [NL_IMPORT_ADDED] = "added",
    [NL_IMPORT_UNCHANGED] = "on the list already",
    [NL_IMPORT_ENDED] = "left, bounced or complained before: not revived",
    [NL_IMPORT_SUPPRESSED] = "suppressed: not added",
    [NL_IMPORT_ERASED] = "asked to be forgotten: not added",
    [NL_IMPORT_BLOCKED] = "blocked where they come from: suppressed here too",
};

/* ---- what is told of rows ---- */

static void tell_reject(size_t line, const char *reason, const char *row, void *ctx) {
    struct call *call = ctx;
    if (call->rejects != NULL)
        fprintf(call->rejects, "%zu\t%s\t%s\n", line, reason, row);
    if (call->told++ < TOLD)
        fprintf(stderr, "line %zu: %s\n", line, reason);
    else if (call->told == TOLD + 1)
        fprintf(stderr, "...%s\n",
                call->rejects == NULL ? " (--rejects FILE keeps all of them)" : "");
}

static void tell_progress(size_t rows, void *ctx) {
    (void)ctx;
    if (rows % 20000 == 0)
        fprintf(stderr, "\r%zu rows", rows);
}

static void tell(const struct call *call, const struct nl_import_report *report) {
    if (cli_is_interactive())
        fputs("\r\033[K", stderr);
    printf("%zu rows\n", report->rows);
    for (size_t i = 0; i < NL_IMPORT_OUTCOMES; i++)
        if (report->outcomes[i] > 0 || i == NL_IMPORT_ADDED)
            printf("%8zu %s\n", report->outcomes[i], outcome_words[i]);
    if (report->rejected > 0)
        printf("%8zu not good\n", report->rejected);
    if (report->ignored.len > 0)
        printf("columns not used: %s (--map FIELD=COLUMN or --keep-columns)\n",
               nl_buf_text(&report->ignored));
    if (call->options.dry_run)
        puts("dry run: nothing is kept");
    else if (!report->kept)
        puts("nothing is kept: mend the rows, or take the good ones with --partial");
}

static void tell_json(const struct call *call, const struct nl_import_report *report) {
    json_t *object = json_pack("{s:I, s:I, s:b, s:b}", "rows", (json_int_t)report->rows, "rejected",
                               (json_int_t)report->rejected, "dry_run", call->options.dry_run,
                               "kept", report->kept);
    for (size_t i = 0; i < NL_IMPORT_OUTCOMES; i++)
        json_object_set_new(object, outcome_names[i],
                            json_integer((json_int_t)report->outcomes[i]));
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}

/* ---- options ---- */

static enum nl_status take_format(const char *word, enum nl_transfer_format *out,
                                  struct nl_error *err) {
    static const char *const names[] = {"guess", "csv", "jsonl", "mailboxes"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *out = (enum nl_transfer_format)i;
        if (strcmp(names[i], word) == 0)
            return NL_OK;
    }
    return nl_error_set(err, NL_USAGE, "--format '%s'? there are csv, jsonl and mailboxes", word);
}

static enum nl_status take_delimiter(const char *word, char *out, struct nl_error *err) {
    *out = strcmp(word, "tab") == 0 ? '\t' : word[0];
    return word[0] != '\0' && (word[1] == '\0' || *out == '\t')
               ? NL_OK
               : nl_error_set(err, NL_USAGE, "--delimiter '%s': give one sign, or tab", word);
}

static enum nl_status take_option(struct call *call, int option, struct nl_error *err) {
    struct nl_import_options *options = &call->options;
    switch (option) {
    case OPT_LIST:
        call->list = optarg;
        return NL_OK;
    case OPT_FORMAT:
        return take_format(optarg, &options->format, err);
    case OPT_MAP:
        if (options->map_count == MAPS)
            return nl_error_set(err, NL_USAGE, "more than %d --map", MAPS);
        call->maps[options->map_count++] = optarg;
        return NL_OK;
    case OPT_DELIMITER:
        return take_delimiter(optarg, &options->delimiter, err);
    case OPT_ENCODING:
        options->encoding = optarg;
        return NL_OK;
    case OPT_CONSENT:
        options->policy.consent = optarg;
        return nl_text_check_line(optarg, "--consent", err);
    case OPT_CONFIRM:
        options->policy.confirm = true;
        return NL_OK;
    case OPT_UPDATE:
        options->policy.update = true;
        return NL_OK;
    case OPT_KEEP:
        options->keep_columns = true;
        return NL_OK;
    case OPT_PARTIAL:
        options->partial = true;
        return NL_OK;
    case OPT_DRY_RUN:
        options->dry_run = true;
        return NL_OK;
    case OPT_REJECTS:
        call->rejects_path = optarg;
        return NL_OK;
    case OPT_JSON:
        call->json = true;
        return NL_OK;
    default:
        return NL_USAGE;
    }
}

/* ---- doing it ---- */

static enum nl_status open_files(struct call *call, const char *path, FILE **in,
                                 struct nl_error *err) {
    *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (*in == NULL)
        return nl_error_system(err, errno, "read", path);
    if (call->rejects_path == NULL)
        return NL_OK;
    call->rejects = cli_create_secret(call->rejects_path, err);
    return call->rejects != NULL ? NL_OK : err->status;
}

static enum nl_status import(struct cli *cli, struct call *call, const char *path,
                             struct nl_error *err) {
    struct nl_import_report report = {0};
    struct nl_list list = {0};
    FILE *in = NULL;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK && call->list != NULL)
        status = nl_list_find(cli->store, call->list, &list, err);
    if (status == NL_OK)
        status = open_files(call, path, &in, err);
    call->options.list = list.id;
    call->options.maps = call->maps;
    call->options.reject = tell_reject;
    call->options.progress = cli_is_interactive() ? tell_progress : NULL;
    call->options.ctx = call;
    if (status == NL_OK)
        status = nl_import_file(cli->store, in, path, &call->options, &report, err);
    if (status == NL_OK)
        (call->json ? tell_json : tell)(call, &report);
    if (call->rejects != NULL && fclose(call->rejects) != 0 && status == NL_OK)
        status = nl_error_system(err, errno, "write", call->rejects_path);
    if (status == NL_OK && report.rejected > 0)
        status = nl_error_set(err, NL_DATA, "%zu of %zu rows are not good", report.rejected,
                              report.rows);
    if (in != NULL && in != stdin)
        fclose(in);
    nl_buf_free(&report.ignored);
    nl_list_free(&list);
    return status;
}

static const struct option long_options[] = {{"list", required_argument, NULL, OPT_LIST},
                                             {"format", required_argument, NULL, OPT_FORMAT},
                                             {"map", required_argument, NULL, OPT_MAP},
                                             {"delimiter", required_argument, NULL, OPT_DELIMITER},
                                             {"encoding", required_argument, NULL, OPT_ENCODING},
                                             {"consent", required_argument, NULL, OPT_CONSENT},
                                             {"confirm", no_argument, NULL, OPT_CONFIRM},
                                             {"update", no_argument, NULL, OPT_UPDATE},
                                             {"keep-columns", no_argument, NULL, OPT_KEEP},
                                             {"partial", no_argument, NULL, OPT_PARTIAL},
                                             {"dry-run", no_argument, NULL, OPT_DRY_RUN},
                                             {"rejects", required_argument, NULL, OPT_REJECTS},
                                             {"json", no_argument, NULL, OPT_JSON},
                                             {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct call call = {0};
    enum nl_status status = NL_OK;
    for (int option = 0;
         status == NL_OK && (option = cli_option(argc, argv, long_options, err)) != -1;)
        status = take_option(&call, option, err);
    if (status == NL_OK)
        status = cli_words(argc, 1, "one FILE, or -", err);
    if (status == NL_OK && call.options.policy.confirm && call.options.policy.consent != NULL)
        status = nl_error_set(err, NL_USAGE,
                              "--consent says that they agreed, --confirm asks them: give one");
    return status == NL_OK ? import(cli, &call, argv[optind], err) : status;
}

const struct command cmd_import = {
    "import",
    "bring subscribers in, from CSV or JSON lines",
    "Usage: newsletter import FILE|- [--list NAME] --consent TEXT|--confirm [OPTIONS]\n"
    "\n"
    "Reads CSV (also as listmonk, phpList and Mailchimp export it), JSON lines, or lines like\n"
    "'Ann <ann@example.org>' (mailman members). All or nothing, unless --partial. Whoever left,\n"
    "bounced, complained, is suppressed or was erased stays as they are.\n"
    "\n"
    "  --consent TEXT     where they agreed; kept with each who is added\n"
    "  --confirm          or ask each by mail; until they confirm nothing else is sent to them\n"
    "  --list NAME        for everybody, whatever the rows say\n"
    "  --map FIELD=COLUMN what a column is: email, name, language, attribute.KEY ...\n"
    "  --keep-columns     other columns become attributes\n"
    "  --update           names, languages and attributes replace what is known\n"
    "  --format F         csv, jsonl or mailboxes; --delimiter SIGN|tab; --encoding NAME\n"
    "  --dry-run          only tell what would be\n"
    "  --partial          keep the good rows; --rejects FILE keeps the others, with line and "
    "reason\n"
    "  --json             the figures as JSON\n"
    "\n"
    "Example: newsletter import members.csv --list bulletin --consent 'visitors book, 2026'\n",
    run,
    long_options,
    NULL};
