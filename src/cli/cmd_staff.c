#include "cli/cli.h"

#include "newsletter/base/password.h"
#include "newsletter/store/staff_account.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

enum { TOKEN_SECONDS = 365 * 86400 };

struct staff_options {
    int scope;       /* enum nl_api_scope */
    int64_t expires; /* after so many seconds; 0: never */
    bool json;
};

static enum nl_status put_account(struct cli *cli, const char *name, bool replace,
                                  struct nl_error *err) {
    char password[NL_PASSWORD_MOST + 2] = "";
    char again[NL_PASSWORD_MOST + 2] = "";
    enum nl_status status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "A password has at least %d characters.\n", NL_PASSWORD_LEAST);
    if (!cli_ask_unseen("Password: ", password, sizeof password))
        status = nl_error_set(err, NL_NOINPUT,
                              "no password: type it, or give it as the first line of standard "
                              "input");
    else if (isatty(STDIN_FILENO) &&
             (!cli_ask_unseen("Once more: ", again, sizeof again) || strcmp(password, again) != 0))
        status = nl_error_set(err, NL_DATA, "the two passwords differ");
    if (status == NL_OK)
        status = nl_staff_put(cli->store, name, password, replace, err);
    if (status == NL_OK)
        printf(replace ? "changed the password of %s\n" : "added the account %s\n", name);
    OPENSSL_cleanse(password, sizeof password);
    OPENSSL_cleanse(again, sizeof again);
    return status;
}

static enum nl_status staff_add(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    return put_account(cli, cli->words[0], false, err);
}

static enum nl_status staff_password(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    return put_account(cli, cli->words[0], true, err);
}

static enum nl_status staff_remove(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_staff_remove(cli->store, cli->words[0], err);
    if (status == NL_OK)
        printf("removed the account %s\n", cli->words[0]);
    return status;
}

static enum nl_status staff_token(struct cli *cli, void *options, struct nl_error *err) {
    const struct staff_options *chosen = options;
    struct nl_token token;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_api_token_add(cli->store, cli->words[0], (enum nl_api_scope)chosen->scope,
                                  chosen->expires, &token, err);
    if (status == NL_OK)
        puts(token.text);
    return status;
}

static enum nl_status staff_revoke(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_api_token_remove(cli->store, cli->words[0], err);
    if (status == NL_OK)
        printf("revoked the token %s\n", cli->words[0]);
    return status;
}

/* ---- listing ---- */

struct listing {
    json_t *array; /* NULL for text */
    size_t count;
};

static enum nl_status show_account(const char *name, int64_t created_at, void *ctx,
                                   struct nl_error *err) {
    struct listing *listing = ctx;
    char when[CLI_TIME_LEN];
    (void)err;
    listing->count++;
    cli_format_time(created_at, when);
    if (listing->array != NULL)
        json_array_append_new(listing->array,
                              json_pack("{s:s, s:s, s:o}", "kind", "account", "name", name,
                                        "created_at", cli_json_time(created_at)));
    else
        printf("account  %-24s %s\n", name, when);
    return NL_OK;
}

static enum nl_status show_token(const struct nl_api_token *token, void *ctx,
                                 struct nl_error *err) {
    struct listing *listing = ctx;
    const char *scope = nl_api_scopes[token->scope];
    char when[CLI_TIME_LEN];
    char end[CLI_TIME_LEN];
    (void)err;
    listing->count++;
    cli_format_time(token->created_at, when);
    cli_format_time(token->expires_at, end);
    if (listing->array != NULL)
        json_array_append_new(listing->array,
                              json_pack("{s:s, s:s, s:s, s:o, s:o}", "kind", "token", "name",
                                        token->name, "scope", scope, "created_at",
                                        cli_json_time(token->created_at), "expires_at",
                                        cli_json_time(token->expires_at)));
    else
        printf("token    %-24s %s, %s%s%s\n", token->name, when, scope,
               token->expires_at > 0 ? ", ends " : "", token->expires_at > 0 ? end : "");
    return NL_OK;
}

static enum nl_status staff_list(struct cli *cli, void *options, struct nl_error *err) {
    const struct staff_options *chosen = options;
    struct listing listing = {.array = chosen->json ? json_array() : NULL};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_staff_each(cli->store, show_account, &listing, err);
    if (status == NL_OK)
        status = nl_api_token_each(cli->store, show_token, &listing, err);
    if (status == NL_OK && !chosen->json && listing.count == 0)
        puts("no accounts and no tokens: 'newsletter staff add NAME' adds an account");
    if (status == NL_OK && chosen->json) {
        json_dumpf(listing.array, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(listing.array);
    return status;
}

static const struct cli_option staff_table[] = {
    CLI_CHOICE("scope", struct staff_options, scope, nl_api_scopes),
    CLI_DURATION("expires", struct staff_options, expires),
    CLI_FLAG("json", struct staff_options, json),
    {0},
};

static const struct cli_action staff_actions[] = {
    {"list", staff_list, {0, 0, NULL}},
    {"add", staff_add, {1, 1, "one NAME"}},
    {"password", staff_password, {1, 1, "one NAME"}},
    {"remove", staff_remove, {1, 1, "one NAME"}},
    {"token", staff_token, {1, 1, "one NAME"}},
    {"revoke", staff_revoke, {1, 1, "one NAME"}},
    {0},
};

const struct cli_command cmd_staff = {
    .name = "staff",
    .options = staff_table,
    .size = sizeof(struct staff_options),
    .defaults = &(const struct staff_options){.expires = TOKEN_SECONDS},
    .actions = staff_actions,
    .run = staff_list,
    .heedless_of_imports = true,
};
