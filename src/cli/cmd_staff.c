#include "cli/cli.h"

#include "newsletter/base/password.h"
#include "newsletter/service/api_tokens.h"
#include "newsletter/service/lists.h"
#include "newsletter/store/api_token.h"
#include "newsletter/store/second_step.h"
#include "newsletter/store/staff_session.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

enum { TOKEN_SECONDS = 365 * 86400 };

struct staff_options {
    struct cli_texts scopes, lists;
    int role;          /* enum nl_role */
    int64_t expires;   /* after this many seconds; 0: never */
    const char *owner; /* of a token; NULL: nobody's */
};

static enum nl_status ask_password(char password[NL_PASSWORD_MOST + 2], struct nl_error *err) {
    char again[NL_PASSWORD_MOST + 2] = "";
    enum nl_status status = NL_OK;
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "A password has at least %d characters.\n", NL_PASSWORD_LEAST);
    if (!cli_ask_unseen("Password: ", password, NL_PASSWORD_MOST + 2))
        status = nl_error_set(err, NL_NOINPUT,
                              "no password: type it, or give it as the first line of standard "
                              "input");
    else if (isatty(STDIN_FILENO) &&
             (!cli_ask_unseen("Once more: ", again, sizeof again) || strcmp(password, again) != 0))
        status = nl_error_set(err, NL_DATA, "the two passwords differ");
    OPENSSL_cleanse(again, sizeof again);
    return status;
}

static void tell_account(struct cli *cli, const char *result, const char *done) {
    cli_tell(cli, json_pack("{s:s, s:s}", "account", cli->words[0], "result", result), "%s %s",
             done, cli->words[0]);
}

static enum nl_status staff_add(struct cli *cli, void *options, struct nl_error *err) {
    const struct staff_options *chosen = options;
    char password[NL_PASSWORD_MOST + 2] = "";
    enum nl_role role = (enum nl_role)chosen->role;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = ask_password(password, err);
    if (status == NL_OK)
        status = nl_staff_add(cli->store, cli->words[0], password, role, cli_actor(cli), err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s, s:s}", "account", cli->words[0], "role", nl_roles[role],
                           "result", "added"),
                 "added the account %s (%s)", cli->words[0], nl_roles[role]);
    OPENSSL_cleanse(password, sizeof password);
    return status;
}

static enum nl_status staff_password(struct cli *cli, void *options, struct nl_error *err) {
    char password[NL_PASSWORD_MOST + 2] = "";
    (void)options;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = ask_password(password, err);
    if (status == NL_OK)
        status =
            nl_staff_set_password(cli->store, cli->words[0], password, NULL, cli_actor(cli), err);
    if (status == NL_OK)
        tell_account(cli, "changed", "changed the password of");
    OPENSSL_cleanse(password, sizeof password);
    return status;
}

static enum nl_status staff_remove(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_staff_remove(cli->store, cli->words[0], cli_actor(cli), err);
    if (status == NL_OK)
        tell_account(cli, "removed", "removed the account");
    return status;
}

static enum nl_status staff_role(struct cli *cli, void *options, struct nl_error *err) {
    const struct staff_options *chosen = options;
    const char *name = cli->words[0];
    const char *word = cli->words[1];
    const char *list = chosen->lists.count > 0 ? chosen->lists.items[0] : NULL;
    bool as_elsewhere = list != NULL && strcmp(word, "default") == 0;
    enum nl_role role = nl_role_of(word);
    if (chosen->lists.count > 1)
        return cli_usage_error(cli, err, "give one --list at most");
    if (role == NL_ROLE_NONE && strcmp(word, nl_roles[role]) != 0 && !as_elsewhere)
        return nl_error_set(
            err, NL_USAGE,
            "'%s' is not a role: use viewer, author, sender, people, administrator or none", word);
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = as_elsewhere
                     ? nl_staff_unset_role(cli->store, name, list, cli_actor(cli), err)
                     : nl_staff_set_role(cli->store, name, list, role, cli_actor(cli), err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s, s:s?, s:s}", "account", name, "role", word, "list", list,
                           "result", "changed"),
                 "%s is %s%s%s", name, as_elsewhere ? "what the account is elsewhere" : word,
                 list != NULL ? " on " : "", list != NULL ? list : "");
    return status;
}

/* For somebody who has lost the telephone and the recovery codes. */
static enum nl_status staff_reset(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_second_step_end(cli->store, cli->words[0], cli_actor(cli), err);
    if (status == NL_OK)
        status = nl_staff_session_end(cli->store, cli->words[0], NULL, NULL, cli_actor(cli), err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s, s:s}", "account", cli->words[0], "result", "reset"),
                 "%s logs in by password alone, until a second step is set up again",
                 cli->words[0]);
    return status;
}

/* Words that are given with commas or in several options, with spaces between them. */
static void join_words(const struct cli_texts *texts, struct nl_buf *out) {
    for (size_t i = 0; i < texts->count; i++)
        for (const char *at = texts->items[i]; *at != '\0';) {
            size_t len = strcspn(at, ",");
            nl_buf_addf(out, "%s%.*s", out->len > 0 ? " " : "", (int)len, at);
            at += len + (at[len] == ',');
        }
}

static enum nl_status check_scopes(const struct cli_texts *texts, struct nl_error *err) {
    struct nl_buf words = {0};
    join_words(texts, &words);
    enum nl_status status = nl_office_token_check_scopes(nl_buf_text(&words), err);
    nl_buf_free(&words);
    if (status != NL_OK)
        err->status = NL_USAGE;
    return status == NL_OK ? NL_OK : NL_USAGE;
}

static enum nl_status staff_token(struct cli *cli, void *options, struct nl_error *err) {
    const struct staff_options *chosen = options;
    struct nl_buf scopes = {0};
    struct nl_buf lists = {0};
    struct nl_token token;
    enum nl_status status = check_scopes(&chosen->scopes, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    join_words(&chosen->scopes, &scopes);
    join_words(&chosen->lists, &lists);
    const struct nl_token_wish wish = {cli->words[0], nl_buf_text(&scopes), nl_buf_text(&lists),
                                       chosen->expires, chosen->owner};
    if (status == NL_OK)
        status = nl_office_token_add(&office, &wish, &token, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s, s:s}", "name", cli->words[0], "token", token.text, "result",
                           "added"),
                 "%s", token.text);
    nl_buf_free(&scopes);
    nl_buf_free(&lists);
    return status;
}

static enum nl_status staff_revoke(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_token_end(&office, cli->words[0], err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s, s:s}", "name", cli->words[0], "result", "revoked"),
                 "revoked the token %s", cli->words[0]);
    return status;
}

/* ---- listing ---- */

struct listing {
    json_t *array; /* NULL for text */
    struct nl_table table;
    size_t count;
};

static void add_account(struct nl_table *table, const struct nl_staff_account *account,
                        const char *when) {
    struct nl_buf powers = {0};
    nl_buf_addf(&powers, "%s%s%s%s", nl_roles[account->role], account->lists[0] != '\0' ? "; " : "",
                account->lists, account->second_step ? ", second step" : "");
    nl_table_text(table, account->name);
    nl_table_text(table, "account");
    nl_table_text(table, when);
    nl_table_text(table, nl_buf_text(&powers));
    nl_buf_free(&powers);
}

static enum nl_status show_account(const struct nl_staff_account *account, void *ctx,
                                   struct nl_error *err) {
    struct listing *listing = ctx;
    char when[CLI_TIME_LEN];
    (void)err;
    listing->count++;
    cli_format_time(account->created_at, when);
    if (listing->array != NULL)
        json_array_append_new(
            listing->array, json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o}", "kind", "account",
                                      "name", account->name, "role", nl_roles[account->role],
                                      "lists", account->lists, "second_step", account->second_step,
                                      "created_at", cli_json_time(account->created_at), "seen_at",
                                      cli_json_time(account->seen_at)));
    else
        add_account(&listing->table, account, when);
    return NL_OK;
}

static json_t *token_json(const struct nl_api_token *token, const char *scopes) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "kind", "token", "name",
                     token->name, "owner", token->owner, "scope", scopes, "lists", token->lists,
                     "created_at", cli_json_time(token->created_at), "expires_at",
                     cli_json_time(token->expires_at), "used_at", cli_json_time(token->used_at));
}

static void add_token(struct nl_table *table, const struct nl_api_token *token,
                      const char *scopes) {
    struct nl_buf powers = {0};
    char when[CLI_TIME_LEN];
    char end[CLI_TIME_LEN];
    char used[CLI_TIME_LEN];
    cli_format_time(token->created_at, when);
    cli_format_time(token->expires_at, end);
    cli_format_time(token->used_at, used);
    nl_buf_addf(&powers, "%s%s%s%s%s%s%s%s%s", scopes, token->owner[0] != '\0' ? ", for " : "",
                token->owner, token->lists[0] != '\0' ? ", lists " : "", token->lists,
                token->expires_at > 0 ? ", ends " : "", token->expires_at > 0 ? end : "",
                token->used_at > 0 ? ", last used " : ", never used",
                token->used_at > 0 ? used : "");
    nl_table_text(table, token->name);
    nl_table_text(table, "token");
    nl_table_text(table, when);
    nl_table_text(table, nl_buf_text(&powers));
    nl_buf_free(&powers);
}

static enum nl_status show_token(const struct nl_api_token *token, void *ctx,
                                 struct nl_error *err) {
    struct listing *listing = ctx;
    struct nl_buf scopes = {0};
    (void)err;
    listing->count++;
    nl_api_scope_words(token->scopes, &scopes);
    if (listing->array != NULL)
        json_array_append_new(listing->array, token_json(token, nl_buf_text(&scopes)));
    else
        add_token(&listing->table, token, nl_buf_text(&scopes));
    nl_buf_free(&scopes);
    return NL_OK;
}

static enum nl_status staff_list(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    static const struct nl_table_column columns[] = {{.heading = "NAME", .least = 12},
                                                     {.heading = "KIND"},
                                                     {.heading = "SINCE"},
                                                     {.heading = "MAY", .least = 16}};
    struct listing listing = {
        .array = cli->json ? json_array() : NULL,
        .table = {.columns = columns, .count = sizeof columns / sizeof columns[0]}};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_staff_each(cli->store, show_account, &listing, err);
    if (status == NL_OK)
        status = nl_api_token_each(cli->store, show_token, &listing, err);
    if (status == NL_OK && !cli->json && listing.count == 0)
        puts("no accounts and no tokens: 'newsletter staff add NAME' adds an account");
    if (status == NL_OK && cli->json)
        cli_print_json(cli, json_incref(listing.array));
    else if (status == NL_OK && listing.count > 0)
        cli_print_table(&listing.table);
    nl_table_free(&listing.table);
    json_decref(listing.array);
    return status;
}

/* ---- the log ---- */

static enum nl_status show_line(const struct nl_audit_line *line, void *ctx, struct nl_error *err) {
    json_t *array = ctx;
    char when[CLI_TIME_LEN];
    (void)err;
    if (array != NULL) {
        json_array_append_new(array, json_pack("{s:I, s:o, s:s, s:s, s:s?, s:s, s:s?, s:s?}", "id",
                                               (json_int_t)line->id, "at", cli_json_time(line->at),
                                               "actor", line->actor, "door", line->door, "client",
                                               line->client, "action", line->action, "object",
                                               line->object, "detail", line->detail));
        return NL_OK;
    }
    cli_format_time(line->at, when);
    printf("%s  %s (%s%s%s): %s%s%s%s%s\n", when, line->actor, line->door,
           line->client != NULL ? " from " : "", line->client != NULL ? line->client : "",
           line->action, line->object != NULL ? ", " : "", line->object != NULL ? line->object : "",
           line->detail != NULL ? ", " : "", line->detail != NULL ? line->detail : "");
    return NL_OK;
}

static enum nl_status staff_log(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    const struct nl_audit_filter filter = {.text = cli->words[0]};
    json_t *array = cli->json ? json_array() : NULL;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_audit_each(cli->store, &filter, show_line, array, err);
    if (status == NL_OK && array != NULL)
        cli_print_json(cli, json_incref(array));
    json_decref(array);
    return status;
}

static const struct cli_option staff_table[] = {
    CLI_CHOICE("role", struct staff_options, role, nl_roles),
    CLI_REPEATED("scope", struct staff_options, scopes),
    CLI_REPEATED("list", struct staff_options, lists),
    CLI_DURATION("expires", struct staff_options, expires),
    CLI_TEXT("owner", struct staff_options, owner),
    {0},
};

static const struct cli_action staff_actions[] = {
    {"list", staff_list, {0, 0, NULL}},
    {"add", staff_add, {1, 1, "one NAME"}},
    {"password", staff_password, {1, 1, "one NAME"}},
    {"remove", staff_remove, {1, 1, "one NAME"}},
    {"role", staff_role, {2, 2, "a NAME and a ROLE"}},
    {"reset", staff_reset, {1, 1, "one NAME"}},
    {"log", staff_log, {0, 1, "at most one TEXT"}},
    {"token", staff_token, {1, 1, "one NAME"}},
    {"revoke", staff_revoke, {1, 1, "one NAME"}},
    {0},
};

const struct cli_command cmd_staff = {
    .name = "staff",
    .options = staff_table,
    .size = sizeof(struct staff_options),
    .defaults = &(const struct staff_options){.expires = TOKEN_SECONDS, .role = NL_ROLE_SENDER},
    .actions = staff_actions,
    .run = staff_list,
    .heedless_of_imports = true,
};
