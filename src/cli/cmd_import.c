#include "cli/cli.h"
#include "cli/import_json.h"
#include "cli/rejected_rows.h"

#include "newsletter/base/file.h"
#include "newsletter/base/secret.h"
#include "newsletter/base/text.h"
#include "newsletter/service/imports.h"
#include "newsletter/service/receipts.h"
#include "newsletter/service/remote_import.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const formats[] = {"guess", "csv", "jsonl", "mailboxes", NULL};
static const char *const sources[] = {"file", "listmonk-api", "mailchimp-api", NULL};
static const char *const orders[] = {"unknown", "day-first", "month-first", NULL};

enum source { FROM_FILE, FROM_LISTMONK, FROM_MAILCHIMP };

struct import_options {
    enum source from;
    const char *issues;
    struct cli_texts remote_lists;
    const char *list, *consent, *encoding, *delimiter, *rejects, *as, *wording;
    enum nl_transfer_format format;
    enum nl_date_order dates;
    struct cli_texts maps, ignores, states;
    bool confirm, update, keep_columns, partial, dry_run;
    int64_t undo; /* 0: import */
};

struct import_call {
    const struct import_options *chosen;
    struct nl_import_options options;
    struct nl_file_output rejects;
    struct cli_rejected rejected;
    struct nl_remote_result remote; /* from another program's API */
    struct nl_buf wording;
    int64_t id; /* of the import; 0: nothing is kept */
};

/* ---- what is reported about rows ---- */

static void take_reject(size_t line, const char *reason, const char *row, void *ctx) {
    struct import_call *call = ctx;
    (void)row;
    cli_rejected_add(&call->rejected, line, reason);
}

static void tell_progress(size_t rows, void *ctx) {
    (void)ctx;
    if (rows % 20000 == 0)
        fprintf(stderr, "\r%zu rows", rows);
}

static void tell_taken(size_t rows, size_t of, void *ctx) {
    (void)ctx;
    fprintf(stderr, "\r%zu of %zu rows taken in", rows, of);
}

/* One part of a line such as "added 12: 10 active, 2 unsubscribed". */
static void tell_part(int64_t number, const char *words, bool *any) {
    if (number == 0)
        return;
    printf("%s%lld %s", *any ? ", " : ": ", (long long)number, words);
    *any = true;
}

static void tell_added(const struct nl_import_report *report) {
    /* States that get mail stand first. */
    static const enum nl_subscription_state order[] = {
        NL_SUBSCRIPTION_ACTIVE, NL_SUBSCRIPTION_PENDING, NL_SUBSCRIPTION_UNSUBSCRIBED,
        NL_SUBSCRIPTION_BOUNCED, NL_SUBSCRIPTION_COMPLAINED};
    int64_t blocked = report->tally.outcomes[NL_IMPORT_BLOCKED];
    bool any = false;
    printf("added %lld", (long long)(report->tally.outcomes[NL_IMPORT_ADDED] + blocked));
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        tell_part(report->tally.added[order[i]], nl_subscription_state_text(order[i]), &any);
    tell_part(blocked, "suppressed, since they were blocked in the other program", &any);
    putchar('\n');
}

static void tell_others(const struct nl_import_report *report) {
    static const struct {
        enum nl_import_outcome outcome;
        const char *words;
    } kinds[] = {
        {NL_IMPORT_UNCHANGED, "on the list already"},
        {NL_IMPORT_ENDED, "left, bounced or complained before (not revived)"},
        {NL_IMPORT_SUPPRESSED, "suppressed (not added)"},
        {NL_IMPORT_ERASED, "asked to be forgotten (not added)"},
    };
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    int64_t updated = report->tally.outcomes[NL_IMPORT_UPDATED];
    int64_t unchanged = 0;
    bool any = false;
    if (updated > 0) {
        printf("updated %lld", (long long)updated);
        tell_part(updated - report->tally.ended, "with another name, language or attribute", &any);
        tell_part(report->tally.ended, "ended, as the file says", &any);
        putchar('\n');
    }
    for (size_t i = 0; i < KINDS; i++)
        unchanged += report->tally.outcomes[kinds[i].outcome];
    if (unchanged > 0) {
        printf("unchanged %lld", (long long)unchanged);
        any = false;
        for (size_t i = 0; i < KINDS; i++)
            tell_part(report->tally.outcomes[kinds[i].outcome], kinds[i].words, &any);
        putchar('\n');
    }
    if (report->rejected > 0)
        printf("refused %zu\n", report->rejected);
}

static void tell_import(const struct import_call *call, const struct nl_import_report *report) {
    if (call->chosen->from != FROM_FILE)
        printf("%zu people read, %zu of them on none of these lists; %zu past issues written\n",
               call->remote.people, call->remote.nowhere, call->remote.issues);
    printf("%zu rows\n", report->rows);
    tell_added(report);
    tell_others(report);
    if (report->ignored.len > 0)
        printf("columns not used: %s (--map FIELD=COLUMN or --keep-columns)\n",
               nl_buf_text(&report->ignored));
    fputs(nl_buf_text(&report->notes), stdout);
    if (call->options.dry_run)
        puts("dry run: nothing is kept");
    else if (!report->kept)
        puts("nothing is kept: correct the rows, or take the good ones with --partial");
    else
        printf("import %lld: 'newsletter import --undo %lld' takes it back within a day\n",
               (long long)call->id, (long long)call->id);
}

/* ---- options ---- */

static enum nl_status read_delimiter(const struct cli *cli, const char *word, char *out,
                                     struct nl_error *err) {
    if (word == NULL)
        return NL_OK;
    *out = strcmp(word, "tab") == 0 ? '\t' : word[0];
    return word[0] != '\0' && (word[1] == '\0' || *out == '\t')
               ? NL_OK
               : cli_usage_error(cli, err, "--delimiter '%s': give one character, or tab", word);
}

static enum nl_status read_options(const struct cli *cli, const struct import_options *chosen,
                                   struct nl_import_options *out, struct nl_error *err) {
    *out = (struct nl_import_options){
        .format = chosen->format,
        .encoding = chosen->encoding,
        .maps = chosen->maps.items,
        .map_count = chosen->maps.count,
        .ignores = chosen->ignores.items,
        .ignore_count = chosen->ignores.count,
        .states = chosen->states.items,
        .state_count = chosen->states.count,
        .dates = chosen->dates,
        .keep_columns = chosen->keep_columns,
        .policy = {.consent = chosen->consent,
                   .confirm = chosen->confirm,
                   .update = chosen->update},
        .as = chosen->as,
        .partial = chosen->partial,
        .dry_run = chosen->dry_run,
    };
    if (chosen->confirm && chosen->consent != NULL)
        return cli_usage_error(cli, err,
                               "--consent says that they agreed, --confirm asks them: give one");
    if (chosen->consent != NULL && nl_text_check_line(chosen->consent, "--consent", err) != NL_OK)
        return err->status;
    if (chosen->as != NULL && nl_import_check_as(chosen->as, err) != NL_OK)
        return err->status;
    for (size_t i = 0; i < chosen->states.count; i++)
        if (nl_import_check_state(chosen->states.items[i], err) != NL_OK)
            return err->status;
    return read_delimiter(cli, chosen->delimiter, &out->delimiter, err);
}

/* ---- doing it ---- */

/* The text that the people were shown whose consent is stated. */
static enum nl_status read_wording(struct cli *cli, struct import_call *call,
                                   struct nl_error *err) {
    enum { FILE_MOST = 64 * 1024 };
    const char *path = call->chosen->wording;
    struct nl_buf text = {0};
    if (path == NULL)
        return NL_OK;
    if (call->chosen->consent == NULL)
        return cli_usage_error(
            cli, err, "--wording is the text that they were shown: say where with --consent");
    enum nl_status status = nl_file_read(path, FILE_MOST, &text, err);
    if (status == NL_OK)
        status = nl_wording_normal(nl_buf_text(&text), &call->wording, err);
    if (status == NL_DATA)
        nl_error_context(err, "%s", path);
    call->options.policy.wording = nl_buf_text(&call->wording);
    nl_buf_free(&text);
    return status;
}

/* Reads the people of another program over its API into a file that nobody else sees. */
static enum nl_status read_remote(struct cli *cli, struct import_call *call, const char *url,
                                  FILE **in, struct nl_error *err) {
    const struct import_options *chosen = call->chosen;
    static const char env[] = "NEWSLETTER_API_LOGIN";
    const struct nl_secret_source where = {.file = cli->password_file,
                                           .env = getenv(env) != NULL ? env : NULL};
    const struct nl_office office = cli_office(cli);
    char *login = NULL;
    enum nl_status status = nl_secret_read("API", &where, &login, err);
    if (status == NL_OK && login == NULL)
        status = nl_error_set(err, NL_USAGE,
                              "put the login into a file and name it with --password-file: "
                              "USER:TOKEN for listmonk, the API key for Mailchimp");
    const struct nl_remote_source source = {
        .kind = chosen->from == FROM_LISTMONK ? NL_REMOTE_LISTMONK : NL_REMOTE_MAILCHIMP,
        .url = url,
        .login = login,
        .lists = chosen->remote_lists.items,
        .list_count = chosen->remote_lists.count,
        .into = chosen->list,
        .issues = chosen->dry_run ? NULL : chosen->issues};
    *in = status == NL_OK ? tmpfile() : NULL;
    if (status == NL_OK && *in == NULL)
        status = nl_error_system(err, errno, "make", "a temporary file");
    if (status == NL_OK)
        status = nl_office_remote_read(&office, &source, *in, &call->remote, err);
    if (status == NL_OK)
        rewind(*in);
    nl_secret_free(login);
    call->options.format = NL_FORMAT_JSONL;
    return status;
}

static enum nl_status open_files(struct cli *cli, struct import_call *call, const char *path,
                                 FILE **in, struct nl_error *err) {
    bool remote = call->chosen->from != FROM_FILE;
    if (!remote && strcmp(path, "-") == 0)
        cli_say_reading("the rows");
    if (!remote)
        *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    else if (read_remote(cli, call, path, in, err) != NL_OK)
        return err->status;
    if (*in == NULL)
        return nl_error_system(err, errno, "read", path);
    if (call->chosen->rejects == NULL)
        return NL_OK;
    if (nl_file_is_same(path, call->chosen->rejects))
        return nl_error_set(err, NL_USAGE, "--rejects %s is the file to import: name another",
                            call->chosen->rejects);
    return cli_begin_output(cli, call->chosen->rejects, &call->rejects, err);
}

/* Refused rows are reported even if the file as a whole is refused. */
static enum nl_status tell_all(struct cli *cli, struct import_call *call,
                               const struct nl_import_report *report, enum nl_status status,
                               struct nl_error *err) {
    if (cli_is_interactive())
        fputs("\r\033[K", stderr);
    cli_rejected_show(&call->rejected, report->rows, call->chosen->rejects != NULL);
    if (status == NL_OK && cli->json)
        cli_import_json(cli, call->options.dry_run, call->id, report);
    else if (status == NL_OK)
        tell_import(call, report);
    bool begun = call->rejects.stream != NULL;
    enum nl_status ended = nl_file_end(&call->rejects, begun, status == NL_OK ? err : NULL);
    if (status == NL_OK)
        status = ended;
    if (status == NL_OK && report->rejected > 0)
        status = nl_error_set(err, NL_DATA, "%zu of %zu rows are not good", report->rejected,
                              report->rows);
    return status;
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
        status = open_files(cli, call, path, &in, err);
    const struct nl_office office = cli_office(cli);
    call->options.list = list.id;
    call->options.reject = take_reject;
    call->options.progress = cli_is_interactive() ? tell_progress : NULL;
    call->options.taken = cli_is_interactive() ? tell_taken : NULL;
    call->options.rejects = call->rejects.stream;
    call->options.ctx = call;
    if (status == NL_OK)
        status = nl_office_import_now(
            &office, in, call->chosen->from == FROM_FILE ? path : sources[call->chosen->from],
            &call->options, &call->id, &report, err);
    status = tell_all(cli, call, &report, status, err);
    if (in != NULL && in != stdin)
        fclose(in);
    cli_rejected_free(&call->rejected);
    nl_import_report_free(&report);
    nl_list_free(&list);
    return status;
}

/* ---- taking one back ---- */

static int64_t undone(const json_t *facts, const char *name) {
    return json_integer_value(json_object_get(json_object_get(facts, "undo"), name));
}

static void tell_undone(const json_t *facts) {
    bool any = false;
    printf("import %lld is taken back",
           (long long)json_integer_value(json_object_get(facts, "id")));
    tell_part(undone(facts, "removed"), "removed", &any);
    tell_part(undone(facts, "ended"), "unsubscribed, since they have received an issue", &any);
    tell_part(undone(facts, "restored"), "as before", &any);
    tell_part(undone(facts, "kept"), "left alone, since they have acted or must not be mailed",
              &any);
    putchar('\n');
}

static enum nl_status undo(struct cli *cli, const struct import_options *chosen,
                           struct nl_error *err) {
    json_t *facts = NULL;
    enum nl_status status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    const struct nl_office office = cli_office(cli);
    status = nl_office_import_undo_now(&office, chosen->undo, &facts, err);
    if (status == NL_OK && cli->json)
        cli_print_json(cli, json_incref(facts));
    else if (status == NL_OK)
        tell_undone(facts);
    json_decref(facts);
    return status;
}

static enum nl_status import_run(struct cli *cli, void *options, struct nl_error *err) {
    struct import_call call = {.chosen = options};
    if (call.chosen->undo != 0)
        return cli->word_count == 0
                   ? undo(cli, options, err)
                   : cli_usage_error(cli, err, "--undo takes an import back: give no FILE");
    if (cli->word_count == 0)
        return cli_usage_error(cli, err, "name a FILE, or - for standard input");
    if (call.chosen->from == FROM_FILE &&
        (call.chosen->issues != NULL || call.chosen->remote_lists.count > 0))
        return cli_usage_error(cli, err, "--issues and --remote-list go with --from");
    enum nl_status status = read_options(cli, options, &call.options, err);
    if (status == NL_OK)
        status = read_wording(cli, &call, err);
    if (status == NL_OK)
        status = import(cli, &call, cli->words[0], err);
    nl_buf_free(&call.wording);
    return status;
}

static const struct cli_option import_table[] = {
    CLI_TEXT("list", struct import_options, list),
    CLI_CHOICE("from", struct import_options, from, sources),
    CLI_REPEATED("remote-list", struct import_options, remote_lists),
    CLI_PATH("issues", struct import_options, issues),
    CLI_CHOICE("format", struct import_options, format, formats),
    CLI_REPEATED("map", struct import_options, maps),
    CLI_REPEATED("ignore", struct import_options, ignores),
    CLI_REPEATED("state", struct import_options, states),
    CLI_TEXT("as", struct import_options, as),
    CLI_CHOICE("dates", struct import_options, dates, orders),
    CLI_TEXT("delimiter", struct import_options, delimiter),
    CLI_TEXT("encoding", struct import_options, encoding),
    CLI_TEXT("consent", struct import_options, consent),
    CLI_PATH("wording", struct import_options, wording),
    CLI_FLAG("confirm", struct import_options, confirm),
    CLI_FLAG("update", struct import_options, update),
    CLI_FLAG("keep-columns", struct import_options, keep_columns),
    CLI_FLAG("partial", struct import_options, partial),
    CLI_FLAG("dry-run", struct import_options, dry_run),
    CLI_PATH("rejects", struct import_options, rejects),
    CLI_NUMBER("undo", struct import_options, undo, 1, INT64_MAX),
    {0},
};

const struct cli_command cmd_import = {
    .name = "import",
    .options = import_table,
    .size = sizeof(struct import_options),
    .run = import_run,
    .words = {0, 1, "one FILE, or -"},
};
