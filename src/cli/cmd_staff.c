#include "cli/cli.h"

#include "newsletter/base/password.h"
#include "newsletter/store/staff_account.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { OPT_JSON = 1 };

/* ---- passwords: typed unseen on a terminal, else the first line of standard input ---- */

static bool read_line(char *out, size_t size) {
    if (fgets(out, (int)size, stdin) == NULL)
        return false;
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

static bool ask_unseen(const char *prompt, char *out, size_t size) {
    struct termios before;
    bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (!terminal)
        return read_line(out, size);
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fputs(prompt, stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    bool got = read_line(out, size);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return got;
}

static enum nl_status put(struct cli *cli, const char *name, bool replace, struct nl_error *err) {
    char password[NL_PASSWORD_MOST + 2] = "";
    char again[NL_PASSWORD_MOST + 2] = "";
    enum nl_status status = NL_OK;
    if (!ask_unseen("Password: ", password, sizeof password))
        status = nl_error_set(err, NL_NOINPUT,
                              "no password: type it, or give it as the first line of standard "
                              "input");
    else if (isatty(STDIN_FILENO) &&
             (!ask_unseen("Once more: ", again, sizeof again) || strcmp(password, again) != 0))
        status = nl_error_set(err, NL_DATA, "the two passwords differ");
    if (status == NL_OK)
        status = nl_staff_put(cli->store, name, password, replace, err);
    OPENSSL_cleanse(password, sizeof password);
    OPENSSL_cleanse(again, sizeof again);
    return status;
}

static enum nl_status add(struct cli *cli, const char *name, struct nl_error *err) {
    return put(cli, name, false, err);
}

static enum nl_status change(struct cli *cli, const char *name, struct nl_error *err) {
    return put(cli, name, true, err);
}

static enum nl_status remove_account(struct cli *cli, const char *name, struct nl_error *err) {
    return nl_staff_remove(cli->store, name, err);
}

static enum nl_status add_token(struct cli *cli, const char *name, struct nl_error *err) {
    struct nl_token token;
    enum nl_status status = nl_api_token_add(cli->store, name, &token, err);
    if (status == NL_OK)
        puts(token.text);
    return status;
}

static enum nl_status revoke_token(struct cli *cli, const char *name, struct nl_error *err) {
    return nl_api_token_remove(cli->store, name, err);
}

/* ---- listing ---- */

struct listing {
    const char *kind;
    json_t *array; /* NULL for text */
};

static enum nl_status show(const char *name, int64_t created_at, void *ctx, struct nl_error *err) {
    const struct listing *listing = ctx;
    char when[32];
    (void)err;
    cli_format_time(created_at, when);
    if (listing->array != NULL)
        json_array_append_new(listing->array,
                              json_pack("{s:s, s:s, s:I}", "kind", listing->kind, "name", name,
                                        "created_at", (json_int_t)created_at));
    else
        printf("%-8s %-24s %s\n", listing->kind, name, when);
    return NL_OK;
}

static enum nl_status list(struct cli *cli, bool json, struct nl_error *err) {
    struct listing listing = {.kind = "account", .array = json ? json_array() : NULL};
    enum nl_status status = nl_staff_each(cli->store, show, &listing, err);
    listing.kind = "token";
    if (status == NL_OK)
        status = nl_api_token_each(cli->store, show, &listing, err);
    if (status == NL_OK && json) {
        json_dumpf(listing.array, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(listing.array);
    return status;
}

static const struct {
    const char *name;
    enum nl_status (*run)(struct cli *cli, const char *name, struct nl_error *err);
} actions[] = {{"add", add},
               {"password", change},
               {"remove", remove_account},
               {"token", add_token},
               {"revoke", revoke_token}};

enum { ACTIONS = sizeof actions / sizeof actions[0] };

static const struct option long_options[] = {{"json", no_argument, NULL, OPT_JSON}, {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    bool json = false;
    size_t at = 0;
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option != OPT_JSON)
            return NL_USAGE;
        json = true;
    }
    const char *wanted = optind < argc ? argv[optind] : "list";
    bool listing = strcmp(wanted, "list") == 0;
    while (at < ACTIONS && strcmp(actions[at].name, wanted) != 0)
        at++;
    if (!listing && at == ACTIONS)
        return nl_error_set(err, NL_USAGE,
                            "staff '%s'? there are add, password, remove, token, revoke and list",
                            wanted);
    enum nl_status status = NL_OK;
    if (optind < argc)
        status = cli_words(argc, listing ? 1 : 2, listing ? "list" : "an action and a NAME", err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    return listing ? list(cli, json, err) : actions[at].run(cli, argv[optind + 1], err);
}

const struct command cmd_staff = {
    "staff",
    "accounts and tokens for the dashboard and the API",
    "Usage: newsletter staff add|password|remove NAME\n"
    "       newsletter staff token|revoke NAME\n"
    "       newsletter staff [list] [--json]\n"
    "\n"
    "Who may log in at the dashboard (staff.listen), and programs that may call its JSON API. The\n"
    "password, of 12 characters at least, is asked for on a terminal, or is the first line of\n"
    "standard input. A program's token is printed once and never again; 'revoke' ends it.\n"
    "\n"
    "Example: newsletter staff add ann\n",
    run,
    long_options,
    "list add password remove token revoke"};
