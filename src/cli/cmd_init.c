#include "cli/init.h"

#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"
#include "newsletter/config/answers.h"
#include "newsletter/doctor/doctor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The result, to be told at the end. */
struct outcome {
    const char *path;
    bool wrote, created;
    bool is_complete;    /* the configuration is enough to send */
    struct nl_list list; /* its name is NULL if none was added */
    struct nl_findings relay;
};

/* A server's URL may hold a password. */
static void show(struct cli *cli, const struct outcome *outcome) {
    const char *database = cli->config.database;
    printf(!outcome->wrote        ? "%s is there already\n"
           : outcome->is_complete ? "wrote %s\n"
                                  : "wrote %s: edit it now\n",
           outcome->path);
    if (nl_store_is_file(database))
        printf(outcome->created ? "created the database %s\n" : "%s is there already\n", database);
    else
        puts(outcome->created ? "created the tables of the database"
                              : "the database has its tables already");
    if (outcome->list.name != NULL)
        printf("added the list %s <%s>\n", outcome->list.name, outcome->list.list_id);
    if (outcome->relay.count > 0)
        cli_show_findings(cli, &outcome->relay);
}

static void show_json(struct cli *cli, const struct outcome *outcome) {
    const char *database = cli->config.database;
    cli_print_json(cli, json_pack("{s:s, s:b, s:s?, s:b, s:s?, s:o}", "configuration",
                                  outcome->path, "wrote_configuration", outcome->wrote, "database",
                                  nl_store_is_file(database) ? database : NULL, "created_database",
                                  outcome->created, "list", outcome->list.name, "relay",
                                  cli_findings_facts(&outcome->relay)));
}

/* Writes the configuration and reads it; one that cannot be read does not stay. */
static enum nl_status write_config(struct cli *cli, const struct init_options *options,
                                   const struct init_answers *answers, const char *path,
                                   struct nl_error *err) {
    const struct nl_config_answers known = {
        .url = answers->url,
        .host = answers->host,
        .port = answers->port,
        .security = answers->security,
        .username = answers->username,
        .password_file = answers->password_file,
        .bounce_address = answers->bounce_address,
        .database = options->system ? init_system_database(cli) : NULL,
    };
    struct nl_buf text = {0};
    nl_config_answer(&known, &text);
    enum nl_status status = nl_file_write(path, nl_buf_text(&text), text.len, true, err);
    nl_buf_free(&text);
    if (status != NL_OK)
        return status;
    if (options->system)
        status = init_system_share(path, err);
    if (status == NL_OK)
        status = cli_configure(cli, err);
    if (status != NL_OK)
        unlink(path);
    return status;
}

/* Whether the file is as an earlier `init` wrote it when it knew nothing: the Debian package does
 * that. Then there is nothing in it to lose. */
static enum nl_status is_untouched(const struct cli *cli, const struct init_options *options,
                                   const char *path, bool *out, struct nl_error *err) {
    enum { LIMIT = 1 << 20 };
    const struct nl_config_answers nothing = {
        .database = options->system ? init_system_database(cli) : NULL,
    };
    struct nl_buf text = {0};
    struct nl_buf found = {0};
    nl_config_answer(&nothing, &text);
    enum nl_status status = nl_file_read(path, LIMIT, &found, err);
    *out = status == NL_OK && strcmp(nl_buf_text(&text), nl_buf_text(&found)) == 0;
    nl_buf_free(&text);
    nl_buf_free(&found);
    return status;
}

static enum nl_status note_list(const struct nl_list *list, void *ctx, struct nl_error *err) {
    (void)list;
    (void)err;
    *(bool *)ctx = true;
    return NL_OK;
}

static enum nl_status add_list(struct cli *cli, const char *from, const char *name,
                               struct nl_list *list, struct nl_error *err) {
    list->name = nl_strdup(name != NULL ? name : "bulletin");
    list->sender = nl_strdup(from);
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_list_check(list, err);
    return status == NL_OK ? nl_list_add(cli->store, list, err) : status;
}

/* A relay that refuses us is reported, and nothing is undone: its settings can be corrected. */
static enum nl_status try_relay(struct cli *cli, struct nl_findings *out, struct nl_error *err) {
    enum nl_status status = cli_connect_or_tell(cli, out, err);
    return status == NL_OK && cli->relay != NULL ? nl_doctor_relays(cli->relay, out, err) : status;
}

/* The answers, from options or on a terminal; a file that is there keeps its settings. */
static enum nl_status take_answers(const struct cli *cli, const struct init_options *options,
                                   struct init_answers *answers, struct outcome *outcome,
                                   struct nl_error *err) {
    bool exists = access(outcome->path, F_OK) == 0;
    enum nl_status status = init_take(answers, options, err);
    if (status == NL_OK && options->list != NULL && options->from == NULL)
        status = nl_error_set(err, NL_USAGE, "--list needs --from, the list's sender");
    if (status == NL_OK && outcome->wrote && cli_is_interactive() && !cli->json)
        status = init_ask(answers, err);
    if (status == NL_OK)
        status = init_settle(answers, err);
    outcome->wrote = outcome->wrote && (!exists || init_has_answers(answers));
    outcome->is_complete = answers->url != NULL && answers->host != NULL;
    return status;
}

/* A first list is added where there is none. */
static enum nl_status add_first_list(struct cli *cli, const char *from, const char *name,
                                     struct nl_list *list, struct nl_error *err) {
    bool has_list = false;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_list_each(cli->store, note_list, &has_list, err);
    return status == NL_OK && !has_list ? add_list(cli, from, name, list, err) : status;
}

static enum nl_status set_up(struct cli *cli, const struct init_options *options,
                             struct init_answers *answers, struct outcome *outcome,
                             struct nl_error *err) {
    enum nl_status status = take_answers(cli, options, answers, outcome, err);
    if (status == NL_OK)
        status = outcome->wrote ? write_config(cli, options, answers, outcome->path, err)
                                : cli_configure(cli, err);
    if (status == NL_OK && options->system)
        status = init_system_become(err);
    if (status == NL_OK)
        status = nl_store_create(cli->config.database, &nl_env_system, &outcome->created, err);
    if (status == NL_OK && answers->from != NULL && (outcome->created || outcome->wrote))
        status = add_first_list(cli, answers->from, options->list, &outcome->list, err);
    if (status == NL_OK && answers->host != NULL && outcome->wrote)
        status = try_relay(cli, &outcome->relay, err);
    return status;
}

static enum nl_status init_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct init_options *chosen = options;
    struct init_answers answers = {0};
    struct outcome outcome = {.wrote = true};
    enum nl_status status = chosen->system ? init_system_prepare(cli, err) : NL_OK;
    outcome.path = cli_config_path(cli);
    if (status == NL_OK && access(outcome.path, F_OK) == 0)
        status = is_untouched(cli, chosen, outcome.path, &outcome.wrote, err);
    if (status == NL_OK)
        status = set_up(cli, chosen, &answers, &outcome, err);
    if (status == NL_OK) {
        (cli->json ? show_json : show)(cli, &outcome);
        status = cli_judge_findings(&outcome.relay, false, "the relay", err);
    }
    nl_findings_free(&outcome.relay);
    nl_list_free(&outcome.list);
    init_free(&answers);
    return status;
}

static const struct cli_option init_table[] = {
    CLI_FLAG("system", struct init_options, system),
    CLI_TEXT("from", struct init_options, from),
    CLI_TEXT("list", struct init_options, list),
    CLI_TEXT("relay", struct init_options, relay),
    CLI_TEXT("security", struct init_options, security),
    CLI_TEXT("username", struct init_options, username),
    CLI_PATH("password-file", struct init_options, password_file),
    CLI_TEXT("url", struct init_options, url),
    CLI_TEXT("bounce-address", struct init_options, bounce_address),
    {0},
};

const struct cli_command cmd_init = {
    .name = "init",
    .options = init_table,
    .size = sizeof(struct init_options),
    .run = init_run,
    .heedless_of_imports = true,
};
