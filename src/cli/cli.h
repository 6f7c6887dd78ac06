/* Declarations that the commands share. */
#ifndef NL_CLI_CLI_H
#define NL_CLI_CLI_H

#include "cli/command.h"
#include "newsletter/base/error.h"
#include "newsletter/base/file.h"
#include "newsletter/base/finding.h"
#include "newsletter/base/segment.h"
#include "newsletter/base/text.h"
#include "newsletter/base/text_table.h"
#include "newsletter/base/zone.h"
#include "newsletter/bulletin/answer.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/delivery/send.h"
#include "newsletter/service/audience.h"
#include "newsletter/service/issues.h"
#include "newsletter/service/office.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>

/* One invocation: the global options, the words of the command, and what was opened for it. */
struct cli {
    const char *config_path;
    const char *database;
    const char *password_file;
    bool trace; /* --trace */
    bool help, version;
    bool json;    /* --json: standard output holds JSON and nothing else */
    bool printed; /* that JSON is there; an error goes to standard error alone */
    const struct cli_command *command;
    char **words; /* after the command (and its action); NULL after the last */
    int word_count;
    int option_count; /* of the command's own that were given */
    struct nl_config config;
    struct nl_store *store;
    struct nl_relay *relay;
    struct nl_actor actor;
    char user[64];
};

/* Where the configuration is: --config, $NEWSLETTER_CONFIG, ./newsletter.yaml, the user's, /etc. */
const char *cli_config_path(const struct cli *cli);

/* Read the configuration; open the database; take the password and make the relay. Each does what
 * stands before it too, and nothing twice. */
enum nl_status cli_configure(struct cli *cli, struct nl_error *err);
enum nl_status cli_open(struct cli *cli, struct nl_error *err);
enum nl_status cli_connect(struct cli *cli, struct nl_error *err);

/* Reads the passwords of the seeds where an issue waits for them: before cli_confine. */
enum nl_status cli_read_seeds(struct cli *cli, struct nl_error *err);

/* findings.c: as cli_connect, but settings that give no relay (a password is missing, say) are a
 * finding; cli->relay stays NULL, and the rest can be examined. */
enum nl_status cli_connect_or_tell(struct cli *cli, struct nl_findings *findings,
                                   struct nl_error *err);

/* smtp_trace.c: prints the SMTP dialogue on standard error, if --trace or NEWSLETTER_TRACE=smtp
 * asks for it. */
enum nl_status cli_trace(const struct cli *cli, struct nl_error *err);

/* become.c: gives up root for this user, with its groups, for good. */
enum nl_status cli_become(const char *user, struct nl_error *err);

/* The layer that commands call, on the database that is open. */
struct nl_office cli_office(struct cli *cli);

/* confine.c: gives up all that a command does not need once its database is open and its relay is
 * there: the rest of the file system, running programs, listening, signals. `mailboxes`, ended by
 * NULL, are files and folders that it works on; NULL for none. Without Landlock, or with 'sandbox:
 * off', nothing happens. Threads that run already are not confined: call it before they start. */
void cli_confine(struct cli *cli, char *const *mailboxes) NL_NONNULL(1);

/* Closes the database early, before a fork. */
void cli_close_store(struct cli *cli);

/* actor.c: who runs the command, for the audit log: the system's user. Owned by `cli`. */
const struct nl_actor *cli_actor(struct cli *cli);

/* times.c: a moment for people, by this machine's clock, in the form of nl_zone_text. */
enum { CLI_TIME_LEN = NL_ZONE_TEXT_LEN };
void cli_format_time(int64_t at, char out[CLI_TIME_LEN]);

/* times.c: a moment for programs, as the API has it: "2026-08-25T09:30:00Z"; null for 0. */
json_t *cli_json_time(int64_t at);

/* public_keys.c: the office's public keys from `path`; NULL: those that the configuration names. */
struct nl_key_ring;
NL_CHECKED enum nl_status cli_read_keys(struct cli *cli, const char *path, struct nl_key_ring *ring,
                                        struct nl_error *err);

/* The number of the wording in the file that --wording names (NULL: 0), for nl_signup and
 * nl_confirming. After cli_open. */
NL_CHECKED enum nl_status cli_read_wording(struct cli *cli, const char *path, const char *language,
                                           int64_t *wording, struct nl_error *err);

/* print_json.c: prints the answer of a command, on many lines, and frees it. */
void cli_print_json(struct cli *cli, json_t *value);

/* print_json.c: prints one of many answers, on a line of its own, and frees it. */
void cli_print_json_line(json_t *value);

/* print_json.c: prints `facts` with --json, otherwise the text as a line. Frees `facts`. */
void cli_tell(struct cli *cli, json_t *facts, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* print_json.c: whether --json was given; then prints what was done to an issue, with further
 * `facts` (which it frees) or NULL. */
bool cli_print_change(struct cli *cli, const struct nl_issue *issue, const char *result,
                      json_t *facts);

/* print_json.c: {"issue", "id", "result"} and `facts`, which it frees; NULL for none. */
json_t *cli_change_facts(const struct nl_issue *issue, const char *result, json_t *facts);

/* print_json.c: with --json, prints the error as the last line of standard output, unless an
 * answer stands there. `exit_status` is what the process ends with. */
void cli_print_json_error(const struct cli *cli, const struct nl_error *err, int exit_status);

/* Set by SIGINT, SIGTERM and SIGHUP once cli_catch_signals was called: finish what is in flight. */
extern volatile sig_atomic_t cli_stop;
void cli_catch_signals(void);

/* terminal.c: true when standard input and standard error are a terminal. */
bool cli_is_interactive(void);

/* progress.c: shows how a run goes: a bar on a terminal, a line now and then elsewhere. */
struct progress {
    FILE *out;
    bool terminal;
    int64_t total;
    double started, shown;
};
void progress_start(struct progress *progress, int64_t total);
void progress_show(const struct nl_run_counts *counts, const struct nl_relay_pace *found,
                   void *ctx);
void progress_end(struct progress *progress);

/* relay_pace.c: how the relay is sent to and what holds that back, as "8 connections, held back by
 * the relay". */
void cli_add_pace(const struct nl_relay_pace *found, struct nl_buf *out);

/* Prints it for `status`: of all servers, as a line; or adds it to `object` (JSON) as "relay". */
NL_CHECKED enum nl_status cli_show_pace(struct cli *cli, json_t *object, struct nl_error *err);

/* source_status.c: prints the addresses that mail goes out from, with their pauses, for `status`;
 * or adds them to `object` (JSON) as "sources". */
NL_CHECKED enum nl_status cli_show_sources(struct cli *cli, json_t *object, struct nl_error *err);

/* The name of an issue on the command line: its slug, number, id or file. Free with
 * cli_issue_query_free, also after a failure. */
struct cli_issue_query {
    const char *wanted; /* NULL for any issue */
    struct nl_issue_names names;
    bool known; /* the store has an issue under the slug of the file */
};
enum nl_status cli_issue_query(struct cli *cli, const char *wanted, struct cli_issue_query *out,
                               struct nl_error *err);
void cli_issue_query_free(struct cli_issue_query *query);

/* Whether an issue is meant; of a file also the one that an earlier version stored under another
 * slug. */
bool cli_is_issue(const struct nl_issue *issue, const struct cli_issue_query *query);

/* Opens the database, finds the one issue that `wanted` names, and acts on it. Two lists may have
 * an issue of the same name; then the id must be given. */
typedef enum nl_status cli_issue_action(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                        struct nl_error *err);
enum nl_status cli_on_issue(struct cli *cli, const char *wanted, cli_issue_action *act, void *ctx,
                            struct nl_error *err);

/* The error for an action that the issue's state does not allow. */
enum nl_status cli_refused(const struct nl_issue *issue, enum nl_action_result result,
                           enum nl_issue_state state, struct nl_error *err);

/* Opens the database and composes the issue at `path` for the list of that name, or the only one
 * with NULL. The caller frees both, also after a failure. */
enum nl_status cli_compose(struct cli *cli, const char *path, const char *list_name,
                           struct nl_list *list, struct nl_bulletin *bulletin,
                           struct nl_error *err);

/* Prints what came of a run and turns it into a status. */
enum nl_status cli_report(const struct nl_run_summary *summary, const char *what,
                          struct nl_error *err);

/* As cli_report, as JSON: {"issue", "id", "result", "sent", ...}; the first two are null for
 * notices. The caller frees *facts. */
enum nl_status cli_report_facts(const struct nl_run_summary *summary, const struct nl_issue *issue,
                                json_t **facts, struct nl_error *err);

/* An error if a database's name, given on the command line, holds a password. */
enum nl_status cli_check_database(const char *database, struct nl_error *err);

/* Sends whatever there is to send, until a signal comes. */
enum nl_status cli_work(struct cli *cli, struct nl_error *err);

/* Sends an issue with signals caught and progress towards `total` shown, and reports; with --json
 * `plan` stands in the answer, unless it is NULL. */
enum nl_status cli_send_issue(struct cli *cli, const struct nl_issue *issue, int64_t total,
                              json_t *plan, struct nl_error *err);

/* send_notice.c: sends one notice, if it is not 0, before it returns or in the background. */
void cli_send_notice(struct cli *cli, int64_t notice, bool wait);

/* send_notice.c: prints an answer for the public, as a line or as a page. */
enum nl_status cli_answer(struct cli *cli, enum nl_answer answer, const char *language,
                          const struct nl_list *list, bool html, struct nl_error *err);

/* segment_option.c: the segment that --where and --segment mean together, NULL for neither. *text,
 * if not NULL, gets its expression. The caller frees both. */
enum nl_status cli_segment(struct cli *cli, const char *where, const char *name,
                           struct nl_segment **out, char **text, struct nl_error *err);

/* terminal.c: asks whether to do what cannot be undone, unless `yes` was said. Without a terminal
 * to ask on it is an error. */
enum nl_status cli_confirm(const struct cli *cli, bool yes, const char *question, bool *agreed,
                           struct nl_error *err);

/* terminal.c: reads a line that is typed unseen on a terminal, or the first line of standard input;
 * false if there is none. */
bool cli_ask_unseen(const char *prompt, char *out, size_t size);

/* terminal.c: the columns of the terminal that standard output goes to; a large number if it goes
 * elsewhere. */
int cli_columns(void);

/* terminal.c: whether standard output goes to a terminal. */
bool cli_is_terminal(void);

/* terminal.c: prints a table as wide as the terminal; elsewhere nothing is cut. */
void cli_print_table(const struct nl_table *table);

/* terminal.c: says on standard error that the command waits for what is typed, if it does. */
void cli_say_reading(const char *what);

/* terminal.c: NL_USAGE for the database and the files that belong to it. */
enum nl_status cli_check_output(const struct cli *cli, const char *path, struct nl_error *err);

/* terminal.c: a file of mode 0600 to write to, but never the database; end it with nl_file_end. */
enum nl_status cli_begin_output(const struct cli *cli, const char *path,
                                struct nl_file_output *output, struct nl_error *err);

/* terminal.c: text that a stranger wrote: whatever might steer a terminal is shown as \xNN. */
void cli_add_safely(struct nl_buf *out, const char *text, size_t len);
void cli_print_safely(const char *text, size_t len);

/* findings.c: prints them; turns them into a status: errors fail, with `strict` warnings too. */
json_t *cli_findings_facts(const struct nl_findings *findings);
void cli_show_findings(struct cli *cli, const struct nl_findings *findings);
enum nl_status cli_judge_findings(const struct nl_findings *findings, bool strict, const char *what,
                                  struct nl_error *err);

#endif
