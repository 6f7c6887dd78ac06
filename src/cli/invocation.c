#include "cli/cli.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/memory.h"
#include "newsletter/service/imports.h"
#include "newsletter/service/issue_canary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

volatile sig_atomic_t cli_stop;

static void handle_signal(int number) {
    (void)number;
    cli_stop = 1;
}

/* SA_RESETHAND: a second Ctrl-C ends the process at once. A signal that is ignored stays so:
 * nohup(1) asks for that, with the hang-up of a terminal that is closed. A program that took our
 * messages from a pipe and has ended (SIGPIPE) ends nothing of ours. */
void cli_catch_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = handle_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction before = {0};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

enum { PLACES = 3 };

/* The places where a configuration may be, if none is named; the user's is NULL without a home. */
static void list_places(const char *places[PLACES]) {
    static char user[4096];
    const char *home = getenv("HOME");
    int len = home != NULL
                  ? snprintf(user, sizeof user, "%s/.config/newsletter/newsletter.yaml", home)
                  : 0;
    places[0] = "newsletter.yaml";
    places[1] = len > 0 && (size_t)len < sizeof user ? user : NULL;
    places[2] = "/etc/newsletter/newsletter.yaml";
}

/* The name that --config or the environment gives; NULL for none. */
static const char *named_config(const struct cli *cli) {
    const char *environment = getenv("NEWSLETTER_CONFIG");
    if (cli->config_path != NULL)
        return cli->config_path;
    return environment != NULL && environment[0] != '\0' ? environment : NULL;
}

const char *cli_config_path(const struct cli *cli) {
    const char *places[PLACES];
    const char *named = named_config(cli);
    list_places(places);
    for (size_t i = 0; named == NULL && i < PLACES; i++)
        if (places[i] != NULL && access(places[i], F_OK) == 0)
            return places[i];
    return named != NULL ? named : places[0];
}

/* No configuration is an error that names every place. */
static enum nl_status find_config(const struct cli *cli, const char **path, struct nl_error *err) {
    const char *places[PLACES];
    *path = cli_config_path(cli);
    if (named_config(cli) != NULL || access(*path, F_OK) == 0)
        return NL_OK;
    list_places(places);
    /* Somebody outside the group of a system-wide installation shall not make another one. */
    if (access(places[PLACES - 1], F_OK) != 0 && errno == EACCES)
        return nl_error_system(err, EACCES, "read", places[PLACES - 1]);
    return nl_error_set(err, NL_CONFIG,
                        "no configuration: there is no ./%s%s%s and no %s; run 'newsletter init', "
                        "or name one with --config",
                        places[0], places[1] != NULL ? ", no " : "",
                        places[1] != NULL ? places[1] : "", places[2]);
}

/* Others on this machine may see the words of a command. */
enum nl_status cli_check_database(const char *database, struct nl_error *err) {
    return nl_store_has_password(database)
               ? nl_error_set(err, NL_USAGE,
                              "a password does not belong in a command: put it in ~/.pgpass or "
                              "PGPASSFILE")
               : NL_OK;
}

static void show_warnings(const struct nl_findings *warnings) {
    for (size_t i = 0; i < warnings->count; i++)
        fprintf(stderr, "newsletter: warning: %s: %s\n", warnings->items[i].path,
                warnings->items[i].text);
}

enum nl_status cli_configure(struct cli *cli, struct nl_error *err) {
    if (cli->config.path != NULL)
        return NL_OK;
    const char *path = NULL;
    enum nl_status status = find_config(cli, &path, err);
    if (status == NL_OK)
        status = nl_config_read(path, &cli->config, err);
    show_warnings(&cli->config.warnings);
    if (status == NL_OK && cli->database != NULL)
        status = cli_check_database(cli->database, err);
    if (status == NL_OK && cli->database != NULL) {
        char *database = nl_strdup(cli->database);
        free(cli->config.database);
        cli->config.database = database;
    }
    return status;
}

enum nl_status cli_open(struct cli *cli, struct nl_error *err) {
    enum nl_status status = cli_configure(cli, err);
    if (status != NL_OK || cli->store != NULL)
        return status;
    status = nl_store_open(cli->config.database, &nl_env_system, &cli->store, err);
    if (status != NL_OK || cli->command == NULL || cli->command->heedless_of_imports)
        return status;
    const struct nl_office office = cli_office(cli);
    return nl_office_imports_settle(&office, err);
}

enum nl_status cli_connect(struct cli *cli, struct nl_error *err) {
    enum nl_status status = cli_configure(cli, err);
    if (status != NL_OK || cli->relay != NULL)
        return status;
    status = nl_relay_new(&cli->config, cli->password_file, &cli->relay, err);
    return status == NL_OK ? cli_trace(cli, err) : status;
}

struct nl_office cli_office(struct cli *cli) {
    return (struct nl_office){cli->store, &cli->config, cli_actor(cli)};
}

enum nl_status cli_read_seeds(struct cli *cli, struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    bool any = false;
    enum nl_status status = nl_office_canary_any(&office, &any, err);
    if (status == NL_OK && any)
        nl_config_read_seed_passwords(&cli->config);
    return status;
}

void cli_close_store(struct cli *cli) {
    nl_store_close(cli->store);
    cli->store = NULL;
}

enum nl_status cli_compose(struct cli *cli, const char *path, const char *list_name,
                           struct nl_list *list, struct nl_bulletin *bulletin,
                           struct nl_error *err) {
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_list_find(cli->store, list_name, list, err);
    return status == NL_OK ? nl_bulletin_compose(path, list, &cli->config, bulletin, err) : status;
}

static void print_counts(const struct nl_run_summary *summary, const char *what) {
    const struct nl_run_counts *counts = &summary->counts;
    printf("%s: %lld sent", what, (long long)counts->sent);
    const struct {
        int64_t count;
        const char *word;
    } parts[] = {{counts->deferred, "deferred (newsletter retry sends them when due)"},
                 {counts->bounced, "bounced"},
                 {counts->failed, "failed"},
                 {counts->unknown, "unknown"}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].count > 0)
            printf(", %lld %s", (long long)parts[i].count, parts[i].word);
    putchar('\n');
    if (summary->recovered_unknown > 0)
        printf("messages of an interrupted run that may or may not have been delivered: %lld; they "
               "are listed as unknown and are not sent again unless you say --resend-unknown\n",
               (long long)summary->recovered_unknown);
}

/* The exit status of a run. */
static enum nl_status judge_run(const struct nl_run_summary *summary, struct nl_error *err) {
    if (summary->problem.status != NL_OK)
        return nl_error_set(err, summary->problem.status, "%s", nl_error_text(&summary->problem));
    if (summary->halted)
        return nl_error_set(err, NL_TEMPFAIL,
                            "paused or cancelled from elsewhere: see newsletter status");
    if (summary->stopped)
        return nl_error_set(err, NL_TEMPFAIL,
                            "interrupted; the rest is queued: run the same "
                            "command, or newsletter retry, to go on");
    return NL_OK;
}

/* Notes of a run that is put off go without. */
enum nl_status cli_report_facts(const struct nl_run_summary *summary, const struct nl_issue *issue,
                                json_t **facts, struct nl_error *err) {
    const struct nl_run_counts *counts = &summary->counts;
    bool put_off = summary->pause_reason.text != NULL && !summary->stopped;
    const char *result = summary->problem.status != NL_OK || summary->halted ? "paused"
                         : summary->stopped                                  ? "interrupted"
                         : put_off                                           ? "waiting"
                                                                             : "sent";
    json_t *found =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "sent", (json_int_t)counts->sent,
                  "deferred", (json_int_t)counts->deferred, "bounced", (json_int_t)counts->bounced,
                  "failed", (json_int_t)counts->failed, "unknown", (json_int_t)counts->unknown,
                  "recovered_unknown", (json_int_t)summary->recovered_unknown, "goes_on_at",
                  cli_json_time(put_off ? summary->pause_reason.until : 0));
    if (issue != NULL) {
        *facts = cli_change_facts(issue, result, found);
    } else {
        *facts = json_pack("{s:n, s:n, s:s}", "issue", "id", "result", result);
        json_object_update(*facts, found);
        json_decref(found);
    }
    return judge_run(summary, err);
}

enum nl_status cli_report(const struct nl_run_summary *summary, const char *what,
                          struct nl_error *err) {
    print_counts(summary, what);
    if (summary->problem.status == NL_OK && !summary->halted &&
        summary->pause_reason.text != NULL && !summary->stopped) {
        char when[CLI_TIME_LEN];
        cli_format_time(summary->pause_reason.until, when);
        printf("%s: the rest is queued, and 'newsletter retry' (cron) goes on with it from %s\n",
               summary->pause_reason.text, when);
    }
    return judge_run(summary, err);
}

static enum nl_status report_json(struct cli *cli, const struct nl_run_summary *summary,
                                  const struct nl_issue *issue, json_t *plan,
                                  struct nl_error *err) {
    json_t *facts = NULL;
    enum nl_status status = cli_report_facts(summary, issue, &facts, err);
    if (plan != NULL)
        json_object_set(facts, "plan", plan);
    cli_print_json(cli, facts);
    return status;
}

enum nl_status cli_send_issue(struct cli *cli, const struct nl_issue *issue, int64_t total,
                              json_t *plan, struct nl_error *err) {
    struct nl_run_summary summary = {0};
    struct progress progress;
    cli_catch_signals();
    enum nl_status status = cli_read_seeds(cli, err);
    if (status != NL_OK)
        return status;
    cli_confine(cli, NULL);
    progress_start(&progress, total);
    const struct nl_run_options options = {
        .stop = &cli_stop, .waits = true, .progress = progress_show, .ctx = &progress};
    status = nl_send_issue(cli->store, &cli->config, cli->relay, issue, &options, &summary, err);
    progress_end(&progress);
    if (status == NL_OK)
        status = cli->json ? report_json(cli, &summary, issue, plan, err)
                           : cli_report(&summary, issue->slug, err);
    nl_error_free(&summary.problem);
    return status;
}
