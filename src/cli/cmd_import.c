#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/base/text.h"
#include "newsletter/transfer/transfer.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOLD = 20 };

static const char *const formats[] = {"guess", "csv", "jsonl", "mailboxes", NULL};

struct import_options {
    const char *list, *consent, *encoding, *delimiter, *rejects;
    enum nl_transfer_format format;
    struct cli_texts maps;
    bool confirm, update, keep_columns, partial, dry_run, json;
};

struct import_call {
    const struct import_options *chosen;
    struct nl_import_options options;
    FILE *rejects;
    size_t told;
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
    struct import_call *call = ctx;
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

static void tell(const struct import_call *call, const struct nl_import_report *report) {
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
        puts("nothing is kept: correct the rows, or take the good ones with --partial");
}

static void tell_json(const struct import_call *call, const struct nl_import_report *report) {
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

static enum nl_status read_delimiter(const struct cli *cli, const char *word, char *out,
                                     struct nl_error *err) {
    if (word == NULL)
        return NL_OK;
    *out = strcmp(word, "tab") == 0 ? '\t' : word[0];
    return word[0] != '\0' && (word[1] == '\0' || *out == '\t')
               ? NL_OK
               : cli_usage_error(cli, err, "--delimiter '%s': give one sign, or tab", word);
}

static enum nl_status read_options(const struct cli *cli, const struct import_options *chosen,
                                   struct nl_import_options *out, struct nl_error *err) {
    *out = (struct nl_import_options){
        .format = chosen->format,
        .encoding = chosen->encoding,
        .maps = chosen->maps.items,
        .map_count = chosen->maps.count,
        .keep_columns = chosen->keep_columns,
        .policy = {.consent = chosen->consent,
                   .confirm = chosen->confirm,
                   .update = chosen->update},
        .partial = chosen->partial,
        .dry_run = chosen->dry_run,
    };
    if (chosen->confirm && chosen->consent != NULL)
        return cli_usage_error(cli, err,
                               "--consent says that they agreed, --confirm asks them: give one");
    if (chosen->consent != NULL && nl_text_check_line(chosen->consent, "--consent", err) != NL_OK)
        return err->status;
    return read_delimiter(cli, chosen->delimiter, &out->delimiter, err);
}

/* ---- doing it ---- */

static enum nl_status open_files(struct import_call *call, const char *path, FILE **in,
                                 struct nl_error *err) {
    *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (*in == NULL)
        return nl_error_system(err, errno, "read", path);
    if (call->chosen->rejects == NULL)
        return NL_OK;
    call->rejects = cli_create_secret(call->chosen->rejects, err);
    return call->rejects != NULL ? NL_OK : err->status;
}

static enum nl_status import(struct cli *cli, struct import_call *call, const char *path,
                             struct nl_error *err) {
    struct nl_import_report report = {0};
    struct nl_list list = {0};
    FILE *in = NULL;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK && call->chosen->list != NULL)
        status = nl_list_find(cli->store, call->chosen->list, &list, err);
    if (status == NL_OK)
        status = open_files(call, path, &in, err);
    call->options.list = list.id;
    call->options.reject = tell_reject;
    call->options.progress = cli_is_interactive() ? tell_progress : NULL;
    call->options.ctx = call;
    if (status == NL_OK)
        status = nl_import_file(cli->store, in, path, &call->options, &report, err);
    if (status == NL_OK)
        (call->chosen->json ? tell_json : tell)(call, &report);
    if (call->rejects != NULL && fclose(call->rejects) != 0 && status == NL_OK)
        status = nl_error_system(err, errno, "write", call->chosen->rejects);
    if (status == NL_OK && report.rejected > 0)
        status = nl_error_set(err, NL_DATA, "%zu of %zu rows are not good", report.rejected,
                              report.rows);
    if (in != NULL && in != stdin)
        fclose(in);
    nl_buf_free(&report.ignored);
    nl_list_free(&list);
    return status;
}

static enum nl_status import_run(struct cli *cli, void *options, struct nl_error *err) {
    struct import_call call = {.chosen = options};
    enum nl_status status = read_options(cli, options, &call.options, err);
    return status == NL_OK ? import(cli, &call, cli->words[0], err) : status;
}

static const struct cli_option import_table[] = {
    CLI_TEXT("list", struct import_options, list),
    CLI_CHOICE("format", struct import_options, format, formats),
    CLI_REPEATED("map", struct import_options, maps),
    CLI_TEXT("delimiter", struct import_options, delimiter),
    CLI_TEXT("encoding", struct import_options, encoding),
    CLI_TEXT("consent", struct import_options, consent),
    CLI_FLAG("confirm", struct import_options, confirm),
    CLI_FLAG("update", struct import_options, update),
    CLI_FLAG("keep-columns", struct import_options, keep_columns),
    CLI_FLAG("partial", struct import_options, partial),
    CLI_FLAG("dry-run", struct import_options, dry_run),
    CLI_PATH("rejects", struct import_options, rejects),
    CLI_FLAG("json", struct import_options, json),
    {0},
};

const struct cli_command cmd_import = {
    .name = "import",
    .options = import_table,
    .size = sizeof(struct import_options),
    .run = import_run,
    .words = {1, 1, "one FILE, or -"},
};
