#include "cli/cli.h"
#include "newsletter/base/secret.h"

#include "newsletter/base/file.h"
#include "newsletter/base/text.h"
#include "newsletter/inbound/intake.h"
#include "newsletter/inbound/mailbox.h"
#include "newsletter/service/kept_bounces.h"
#include "newsletter/service/upkeep.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { PIPE_LIMIT = 256 << 20, KINDS = NL_BOUNCE_REPORT + 1 };

struct bounce_options {
    const char *recipient;
    bool fetch, kept;
    const char *show, *dismiss; /* the id of a message that was kept */
    bool verbose, raw;
};

struct bounce_call {
    struct cli *cli;
    const struct bounce_options *options;
    struct nl_intake *intake;
    const char *recipient;
    bool keep; /* the source forgets what it hands over */
    int64_t counts[KINDS];
    int64_t total, seen, ended;
};

static json_t *result_json(const struct nl_intake_result *result) {
    json_t *recipients = json_array();
    for (size_t i = 0; i < result->bounce.count; i++) {
        const struct nl_bounce_recipient *recipient = &result->bounce.recipients[i];
        json_array_append_new(recipients,
                              json_pack("{s:s, s:s, s:s, s:s, s:s?}", "address", recipient->address,
                                        "kind", nl_bounce_kind_name(recipient->kind), "reason",
                                        recipient->reason, "status", recipient->status,
                                        "diagnostic", recipient->diagnostic));
    }
    return json_pack("{s:s, s:b, s:b, s:I, s:o}", "kind", nl_bounce_kind_name(result->bounce.kind),
                     "proved", (int)result->proved, "seen", (int)result->seen, "ended",
                     (json_int_t)result->ended, "recipients", recipients);
}

/* The effect of a report about us; nothing for other messages. */
static void add_report(const struct nl_intake_result *result, json_t *object) {
    const struct nl_reputation_report *report = result->bounce.report;
    if (report != NULL)
        json_object_set_new(object, "report",
                            json_pack("{s:s, s:s, s:o, s:b, s:s?}", "kind",
                                      nl_reputation_kind_name(report->kind), "reporter",
                                      report->reporter, "begin", cli_json_time(report->begin),
                                      "counted", (int)(result->refused == NULL && !result->seen),
                                      "why", result->seen ? "it came before" : result->refused));
    if (result->bounce.problem != NULL)
        json_object_set_new(object, "problem", json_string(result->bounce.problem));
}

static void show_result(const struct bounce_call *call, const struct nl_intake_result *result) {
    if (call->cli->json) {
        json_t *object = result_json(result);
        add_report(result, object);
        cli_print_json_line(object);
    } else if (call->options->verbose) {
        printf("%s%s%s\n", nl_bounce_kind_name(result->bounce.kind),
               result->seen     ? " (seen before)"
               : result->proved ? " (proved)"
                                : "",
               result->ended > 0 ? ": the subscription has ended" : "");
        for (size_t i = 0; i < result->bounce.count; i++) {
            const struct nl_bounce_recipient *recipient = &result->bounce.recipients[i];
            printf("  %s %s %s%s%s\n", recipient->address, nl_bounce_kind_name(recipient->kind),
                   recipient->reason, recipient->status[0] != '\0' ? " " : "", recipient->status);
        }
    }
}

static void count_result(struct bounce_call *call, const struct nl_intake_result *result) {
    call->counts[result->bounce.kind]++;
    call->total++;
    call->seen += result->seen;
    call->ended += result->ended;
    show_result(call, result);
}

static enum nl_status take(const char *data, size_t len, bool *understood, void *ctx,
                           struct nl_error *err) {
    struct bounce_call *call = ctx;
    struct nl_intake_result result = {0};
    enum nl_status status =
        nl_intake_take(call->intake, data, len, call->recipient, call->keep, &result, err);
    if (status == NL_OK) {
        *understood = result.bounce.kind != NL_BOUNCE_UNKNOWN;
        count_result(call, &result);
    }
    nl_intake_result_free(&result);
    return status;
}

static enum nl_status settle(void *ctx, struct nl_error *err) {
    const struct bounce_call *call = ctx;
    return nl_intake_flush(call->intake, err);
}

/* Messages that were read count even if something fails after them. */
static enum nl_status settle_rest(struct bounce_call *call, enum nl_status status,
                                  struct nl_error *err) {
    struct nl_error second = {0};
    enum nl_status settled = nl_intake_flush(call->intake, status == NL_OK ? err : &second);
    nl_error_free(&second);
    return status == NL_OK ? settled : status;
}

static void show_counts(const struct bounce_call *call) {
    printf("%lld message%s", (long long)call->total, call->total == 1 ? "" : "s");
    for (int kind = KINDS - 1; kind >= 0; kind--)
        if (call->counts[kind] > 0)
            printf(", %lld %s", (long long)call->counts[kind], nl_bounce_kind_name(kind));
    if (call->seen > 0)
        printf("; %lld of them seen before", (long long)call->seen);
    printf("; %lld subscription%s ended\n", (long long)call->ended, call->ended == 1 ? "" : "s");
}

/* Whether the message comes from standard input. */
static bool reads_pipe(const struct bounce_call *call) {
    const struct cli *cli = call->cli;
    return !call->options->fetch &&
           (cli->word_count == 0 || (cli->word_count == 1 && strcmp(cli->words[0], "-") == 0));
}

/* An event of a mail provider. Each counts once by itself, however they are put together. */
static enum nl_status take_event(const struct nl_event *event, void *ctx, struct nl_error *err) {
    struct bounce_call *call = ctx;
    struct nl_intake_result result = {0};
    enum nl_status status = nl_intake_event(call->intake, event, &result, err);
    if (status == NL_OK)
        count_result(call, &result);
    nl_intake_result_free(&result);
    return status;
}

static enum nl_status take_pipe(struct bounce_call *call, struct nl_error *err) {
    struct nl_buf text = {0};
    bool understood = false;
    call->keep = true;
    cli_say_reading("a message");
    enum nl_status status = nl_file_read("/dev/stdin", PIPE_LIMIT, &text, err);
    if (status == NL_OK && text.len == 0)
        status = nl_error_set(err, NL_DATA, "standard input holds no message");
    cli_confine(call->cli, NULL);
    const char *start = nl_buf_text(&text);
    start += strspn(start, " \t\r\n");
    if (status == NL_OK && (*start == '{' || *start == '['))
        status = nl_event_each(nl_buf_text(&text), text.len, take_event, call, err);
    else if (status == NL_OK)
        status = take(nl_buf_text(&text), text.len, &understood, call, err);
    nl_buf_free(&text);
    return status;
}

static enum nl_status take_paths(struct bounce_call *call, struct nl_error *err) {
    const struct nl_visitor visitor = {take, settle, call, false, &cli_stop};
    enum nl_status status = NL_OK;
    cli_confine(call->cli, call->cli->words);
    for (char **path = call->cli->words; status == NL_OK && *path != NULL && !cli_stop; path++)
        status = nl_mailbox_path(*path, &visitor, err);
    return status;
}

static enum nl_status fetch(struct bounce_call *call, struct nl_error *err) {
    const struct nl_config *config = &call->cli->config;
    const struct nl_visitor visitor = {take, settle, call, false, &cli_stop};
    char *password = NULL;
    if (config->fetch.host == NULL)
        return nl_error_set(err, NL_CONFIG, "%s: bounce --fetch needs fetch.host", config->path);
    call->keep = config->fetch.protocol == NL_FETCH_POP3;
    const struct nl_secret_source source = {.file = config->fetch.password_file,
                                            .command = config->fetch.password_command,
                                            .env = config->fetch.password_env};
    /* One at a time: cron must not pile up what a slow server holds. */
    bool ours = false;
    enum nl_status status = nl_store_take_permit(call->cli->store, "fetch", 0, &ours, err);
    if (status == NL_OK && !ours)
        status = nl_error_set(err, NL_BUSY,
                              "another 'newsletter bounce --fetch' is running: let it finish");
    if (status == NL_OK)
        status = nl_secret_read("fetch", &source, &password, err);
    if (status == NL_OK)
        cli_confine(call->cli, NULL);
    if (status == NL_OK)
        status = nl_mailbox_fetch(config, password, &visitor, err);
    if (ours)
        nl_store_return_permit(call->cli->store, "fetch", 0);
    nl_secret_free(password);
    return status;
}

static enum nl_status take_all(struct bounce_call *call, struct nl_error *err) {
    struct cli *cli = call->cli;
    const struct nl_office office = cli_office(cli);
    bool pipe = reads_pipe(call);
    enum nl_status status = nl_intake_new(cli->store, &cli->config, &call->intake, err);
    cli_catch_signals();
    if (status == NL_OK) {
        if (!pipe)
            nl_intake_group(call->intake);
        status = pipe                   ? take_pipe(call, err)
                 : call->options->fetch ? fetch(call, err)
                                        : take_paths(call, err);
        status = settle_rest(call, status, err);
    }
    if (status == NL_OK)
        status = nl_office_ran(&office, NL_RAN_BOUNCES, err);
    if (!pipe && !call->cli->json && (status == NL_OK || call->total > 0))
        show_counts(call);
    nl_intake_free(call->intake);
    return status;
}

static void show_kept_json(const struct nl_kept_bounce *kept) {
    json_t *object = json_pack("{s:I, s:o, s:I}", "id", (json_int_t)kept->id, "at",
                               cli_json_time(kept->at), "size", (json_int_t)kept->bytes);
    cli_print_json_line(object);
}

static enum nl_status show_kept(const struct nl_kept_bounce *kept, void *ctx,
                                struct nl_error *err) {
    (void)err;
    const struct bounce_call *call = ctx;
    char time[CLI_TIME_LEN];
    cli_format_time(kept->at, time);
    if (call->cli->json)
        show_kept_json(kept);
    else
        printf("%lld\t%s\t%zu bytes\n", (long long)kept->id, time, kept->bytes);
    return NL_OK;
}

/* A message may hold any bytes, and JSON is UTF-8. */
static void show_message_json(struct bounce_call *call, int64_t id, const struct nl_buf *text) {
    struct nl_buf safe = {0};
    cli_add_safely(&safe, nl_buf_text(text), text->len);
    cli_print_json(call->cli,
                   json_pack("{s:I, s:s}", "id", (json_int_t)id, "message", nl_buf_text(&safe)));
    nl_buf_free(&safe);
}

static enum nl_status show_message(struct bounce_call *call, int64_t id, struct nl_error *err) {
    struct nl_buf text = {0};
    const struct nl_office office = cli_office(call->cli);
    enum nl_status status = nl_office_kept_bounce_read(&office, id, &text, err);
    if (status == NL_OK && call->cli->json)
        show_message_json(call, id, &text);
    else if (status == NL_OK && call->options->raw)
        fwrite(nl_buf_text(&text), 1, text.len, stdout);
    else if (status == NL_OK)
        cli_print_safely(nl_buf_text(&text), text.len);
    nl_buf_free(&text);
    return status;
}

static enum nl_status kept(struct bounce_call *call, struct nl_error *err) {
    const struct bounce_options *options = call->options;
    const char *wanted = options->show != NULL ? options->show : options->dismiss;
    const struct nl_office office = cli_office(call->cli);
    int64_t id = 0;
    if (options->kept)
        return nl_office_kept_bounces(&office, show_kept, call, err);
    if (!nl_text_integer(wanted, &id))
        return nl_error_set(err, NL_USAGE,
                            "'%s' is not the number of a message: 'newsletter bounce --kept' "
                            "lists them",
                            wanted);
    if (options->show != NULL)
        return show_message(call, id, err);
    enum nl_status status = nl_office_kept_bounce_dismiss(&office, id, err);
    if (status == NL_OK && call->cli->json)
        cli_print_json(call->cli,
                       json_pack("{s:I, s:s}", "id", (json_int_t)id, "result", "dismissed"));
    return status;
}

/* A mail system bounces what its pipe refuses, and a bounce of a bounce is lost. So whatever goes
 * wrong on our side is reported as passing, and the mail system keeps the message. */
static enum nl_status soften(enum nl_status status, struct nl_error *err) {
    if (status == NL_OK || status == NL_DATA || status == NL_USAGE)
        return status;
    err->status = NL_TEMPFAIL;
    return NL_TEMPFAIL;
}

static enum nl_status bounce_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct bounce_options *chosen = options;
    struct bounce_call call = {.cli = cli, .options = chosen, .recipient = chosen->recipient};
    bool on_kept = chosen->kept || chosen->show != NULL || chosen->dismiss != NULL;
    int modes = chosen->fetch + chosen->kept + (chosen->show != NULL) + (chosen->dismiss != NULL);
    if (modes > 1)
        return cli_usage_error(cli, err,
                               "--fetch, --kept, --show and --dismiss exclude each other");
    if (chosen->raw && cli->json)
        return cli_usage_error(cli, err, "--raw and --json exclude each other");
    if (modes > 0 && cli->word_count > 0)
        return cli_usage_error(cli, err, "unexpected '%s'", cli->words[0]);
    /* Postfix's local(8) and qmail-local set these for a command that they pipe to. */
    if (call.recipient == NULL)
        call.recipient = getenv("ORIGINAL_RECIPIENT");
    if (call.recipient == NULL)
        call.recipient = getenv("RECIPIENT");
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = on_kept ? kept(&call, err) : take_all(&call, err);
    return modes == 0 && cli->word_count == 0 ? soften(status, err) : status;
}

static const struct cli_option bounce_table[] = {
    CLI_TEXT("recipient", struct bounce_options, recipient),
    CLI_FLAG("fetch", struct bounce_options, fetch),
    CLI_FLAG("kept", struct bounce_options, kept),
    CLI_TEXT("show", struct bounce_options, show),
    CLI_TEXT("dismiss", struct bounce_options, dismiss),
    CLI_FLAG("raw", struct bounce_options, raw),
    CLI_FLAG("verbose", struct bounce_options, verbose),
    {0},
};

const struct cli_command cmd_bounce = {
    .name = "bounce",
    .options = bounce_table,
    .size = sizeof(struct bounce_options),
    .run = bounce_run,
    .words = {0, CLI_ANY, NULL},
    .heedless_of_imports = true,
};
