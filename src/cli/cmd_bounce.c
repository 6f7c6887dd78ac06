#include "cli/cli.h"
#include "newsletter/base/secret.h"

#include "newsletter/base/file.h"
#include "newsletter/base/text.h"
#include "newsletter/inbound/intake.h"
#include "newsletter/inbound/mailbox.h"
#include "newsletter/store/bounce_record.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_RECIPIENT = 1, OPT_FETCH, OPT_KEPT, OPT_SHOW, OPT_DISMISS, OPT_JSON, OPT_VERBOSE };
enum { PIPE_LIMIT = 256 << 20, KINDS = NL_BOUNCE_UNSUBSCRIBE + 1 };

struct call {
    struct cli *cli;
    struct nl_intake *intake;
    const char *recipient;
    const char *message; /* an id, for --show and --dismiss */
    int action;          /* OPT_FETCH, OPT_KEPT, OPT_SHOW, OPT_DISMISS; 0 to take mail in */
    bool json, verbose;
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

static void show_result(const struct call *call, const struct nl_intake_result *result) {
    if (call->json) {
        json_t *object = result_json(result);
        if (object != NULL)
            json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(object);
    } else if (call->verbose) {
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

static enum nl_status take(const char *data, size_t len, bool *understood, void *ctx,
                           struct nl_error *err) {
    struct call *call = ctx;
    struct nl_intake_result result = {0};
    enum nl_status status =
        nl_intake_take(call->intake, data, len, call->recipient, call->keep, &result, err);
    if (status == NL_OK) {
        *understood = result.bounce.kind != NL_BOUNCE_UNKNOWN;
        call->counts[result.bounce.kind]++;
        call->total++;
        call->seen += result.seen;
        call->ended += result.ended;
        show_result(call, &result);
    }
    nl_intake_result_free(&result);
    return status;
}

static void show_counts(const struct call *call) {
    printf("%lld messages", (long long)call->total);
    for (int kind = KINDS - 1; kind >= 0; kind--)
        if (call->counts[kind] > 0)
            printf(", %lld %s", (long long)call->counts[kind], nl_bounce_kind_name(kind));
    if (call->seen > 0)
        printf("; %lld of them seen before", (long long)call->seen);
    printf("; %lld subscriptions ended\n", (long long)call->ended);
}

static enum nl_status take_pipe(struct call *call, struct nl_error *err) {
    struct nl_buf text = {0};
    bool understood = false;
    call->keep = true;
    enum nl_status status = nl_file_read("/dev/stdin", PIPE_LIMIT, &text, err);
    if (status == NL_OK && text.len == 0)
        status = nl_error_set(err, NL_DATA, "standard input holds no message");
    if (status == NL_OK)
        status = take(nl_buf_text(&text), text.len, &understood, call, err);
    nl_buf_free(&text);
    return status;
}

static enum nl_status take_paths(struct call *call, int count, char **paths, struct nl_error *err) {
    const struct nl_visitor visitor = {take, call, false, &cli_stop};
    enum nl_status status = NL_OK;
    for (int i = 0; status == NL_OK && i < count && !cli_stop; i++)
        status = nl_mailbox_path(paths[i], &visitor, err);
    return status;
}

static enum nl_status fetch(struct call *call, struct nl_error *err) {
    const struct nl_config *config = &call->cli->config;
    const struct nl_visitor visitor = {take, call, false, &cli_stop};
    char *password = NULL;
    if (config->fetch.host == NULL)
        return nl_error_set(err, NL_CONFIG, "%s: bounce --fetch needs fetch.host", config->path);
    call->keep = config->fetch.protocol == NL_FETCH_POP3;
    enum nl_status status = nl_secret_read("fetch", config->fetch.password_file,
                                           config->fetch.password_env, &password, err);
    if (status == NL_OK)
        status = nl_mailbox_fetch(config, password, &visitor, err);
    nl_secret_free(password);
    return status;
}

static enum nl_status take_all(struct call *call, int words, char **word, struct nl_error *err) {
    bool pipe = call->action == 0 && (words == 0 || (words == 1 && strcmp(word[0], "-") == 0));
    enum nl_status status = nl_intake_new(call->cli->store, &call->cli->config, &call->intake, err);
    cli_catch_signals();
    if (status == NL_OK)
        status = pipe                ? take_pipe(call, err)
                 : call->action == 0 ? take_paths(call, words, word, err)
                                     : fetch(call, err);
    if (!pipe && !call->json && (status == NL_OK || call->total > 0))
        show_counts(call);
    nl_intake_free(call->intake);
    return status;
}

static enum nl_status show_kept(int64_t id, int64_t at, size_t len, void *ctx,
                                struct nl_error *err) {
    (void)err;
    const struct call *call = ctx;
    char time[32];
    cli_format_time(at, time);
    if (call->json)
        printf("{\"id\":%lld,\"at\":%lld,\"size\":%zu}\n", (long long)id, (long long)at, len);
    else
        printf("%lld\t%s\t%zu bytes\n", (long long)id, time, len);
    return NL_OK;
}

static enum nl_status kept(struct call *call, struct nl_error *err) {
    struct nl_buf text = {0};
    int64_t id = 0;
    if (call->action == OPT_KEPT)
        return nl_returned_each_kept(call->cli->store, show_kept, call, err);
    if (!nl_text_integer(call->message, &id))
        return nl_error_set(err, NL_USAGE,
                            "'%s' is not the number of a message: see newsletter "
                            "bounce --kept",
                            call->message);
    if (call->action == OPT_DISMISS)
        return nl_returned_dismiss(call->cli->store, id, err);
    enum nl_status status = nl_returned_message(call->cli->store, id, &text, err);
    if (status == NL_OK)
        fwrite(nl_buf_text(&text), 1, text.len, stdout);
    nl_buf_free(&text);
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

static enum nl_status run_action(struct call *call, int words, char **word, struct nl_error *err) {
    bool pipe = call->action == 0 && words == 0;
    if (call->action != 0 && words > 0)
        return nl_error_set(err, NL_USAGE,
                            "'%s' is one word too many: see newsletter bounce "
                            "--help",
                            word[0]);
    enum nl_status status = cli_open(call->cli, err);
    if (status == NL_OK)
        status = call->action == 0 || call->action == OPT_FETCH ? take_all(call, words, word, err)
                                                                : kept(call, err);
    return pipe ? soften(status, err) : status;
}

static const struct option long_options[] = {{"recipient", required_argument, NULL, OPT_RECIPIENT},
                                             {"fetch", no_argument, NULL, OPT_FETCH},
                                             {"kept", no_argument, NULL, OPT_KEPT},
                                             {"show", required_argument, NULL, OPT_SHOW},
                                             {"dismiss", required_argument, NULL, OPT_DISMISS},
                                             {"json", no_argument, NULL, OPT_JSON},
                                             {"verbose", no_argument, NULL, OPT_VERBOSE},
                                             {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct call call = {.cli = cli};
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        switch (option) {
        case OPT_RECIPIENT:
            call.recipient = optarg;
            break;
        case OPT_JSON:
            call.json = true;
            break;
        case OPT_VERBOSE:
            call.verbose = true;
            break;
        case '?':
            return NL_USAGE;
        default:
            if (call.action != 0)
                return nl_error_set(err, NL_USAGE,
                                    "--fetch, --kept, --show and --dismiss exclude each other");
            call.action = option;
            call.message = optarg;
            break;
        }
    }
    /* What Postfix's local(8) and qmail-local set for a command they pipe to. */
    if (call.recipient == NULL)
        call.recipient = getenv("ORIGINAL_RECIPIENT");
    if (call.recipient == NULL)
        call.recipient = getenv("RECIPIENT");
    return run_action(&call, argc - optind, argv + optind, err);
}

const struct command cmd_bounce = {
    "bounce",
    "take in returned mail: bounces, complaints, requests to leave",
    "Usage: newsletter bounce [--recipient ADDRESS] [--verbose | --json] [PATH...]\n"
    "       newsletter bounce --fetch [--verbose | --json]\n"
    "       newsletter bounce --kept [--json]\n"
    "       newsletter bounce --show N\n"
    "       newsletter bounce --dismiss N\n"
    "\n"
    "Reads one message from standard input, or those in PATH: a file, an mbox, a Maildir, a "
    "folder\n"
    "of files. --fetch reads the mailbox that the configuration's 'fetch' names. A message handed\n"
    "over twice counts once. --recipient is the address it came to, if no header field tells.\n"
    "\n"
    "A dead address ends the subscription, passing failures add up, a complaint ends it and\n"
    "suppresses the address; newsletter.yaml(5) has the weights. Without the token that our mail\n"
    "carries in its return path, a message counts as a passing failure at most.\n"
    "\n"
    "What is not understood is kept: --kept lists it, --show prints it, --dismiss lets it go.\n"
    "\n"
    "Example, in /etc/aliases: bounces: \"|/usr/bin/newsletter --config /etc/newsletter.yaml "
    "bounce\"\n",
    run,
    long_options,
    NULL};
