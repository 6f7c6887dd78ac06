#include "cli/cli.h"

#include "newsletter/db/backup.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/restored.h"
#include "newsletter/transfer/sealed_backup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct restore_options {
    const char *key;
    bool yes, drill;
};

struct drill {
    struct nl_store *store;
    json_t *lists; /* NULL for text */
};

static enum nl_status show_list(const struct nl_list *list, void *ctx, struct nl_error *err) {
    const struct drill *drill = ctx;
    struct nl_list_counts counts;
    enum nl_status status = nl_list_count(drill->store, list->id, &counts, err);
    if (status == NL_OK && drill->lists != NULL)
        json_array_append_new(drill->lists, json_pack("{s:s, s:I}", "list", list->name, "active",
                                                      (json_int_t)counts.active));
    else if (status == NL_OK)
        printf("%s: %lld active subscriptions\n", list->name, (long long)counts.active);
    return status;
}

/* Opening brings an older schema up to date, and refuses a newer one. */
static enum nl_status examine(const char *fresh, struct drill *drill, json_t **held,
                              struct nl_error *err) {
    struct nl_store *store = NULL;
    struct nl_buf problem = {0};
    enum nl_status status = nl_store_open(fresh, &nl_env_system, &store, err);
    if (status == NL_OK)
        status = nl_store_examine(store, &problem, err);
    if (status == NL_OK && problem.len > 0)
        status = nl_error_set(err, NL_DATA, "the backup is damaged: %s", nl_buf_text(&problem));
    if (status == NL_OK)
        status = nl_restored_hold(store, held, err);
    if (status == NL_OK && drill != NULL) {
        drill->store = store;
        status = nl_list_each(store, show_list, drill, err);
    }
    nl_buf_free(&problem);
    nl_store_close(store);
    return status;
}

static void show_json(struct cli *cli, const char *source, const char *kept, json_t *held) {
    cli_print_json(cli,
                   json_pack("{s:s, s:s?, s:O}", "restored", source, "kept", kept, "issues", held));
}

static void show(const char *source, const char *kept, const json_t *held) {
    printf("restored %s\n", source);
    if (kept != NULL)
        printf("kept the old database as %s\n", kept);
    for (size_t i = 0; i < json_array_size(held); i++) {
        const json_t *one = json_array_get(held, i);
        bool paused = strcmp(nl_facts_word(one, "result"), "paused") == 0;
        printf(paused
                   ? "paused %s, which was being sent: 'newsletter resume' sends the rest, also to "
                     "those whom it has reached since\n"
                   : "withdrew %s, whose time has come since: send it again if it did not go out\n",
               nl_facts_word(one, "issue"));
    }
}

/* All of a restore but the last step. */
static enum nl_status run_drill(struct cli *cli, const char *source, struct nl_error *err) {
    struct nl_restore restore = {0};
    json_t *held = NULL;
    struct drill drill = {.lists = cli->json ? json_array() : NULL};
    enum nl_status status = nl_restore_try(&restore, source, err);
    if (status == NL_OK)
        status = examine(restore.fresh, &drill, &held, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s, s:O?}", "file", cli->words[0], "result", "can_be_restored",
                           "lists", drill.lists),
                 "%s can be restored", cli->words[0]);
    json_decref(drill.lists);
    nl_restore_end(&restore);
    json_decref(held);
    return status;
}

static enum nl_status replace(struct cli *cli, const struct restore_options *chosen,
                              const char *source, struct nl_error *err) {
    struct nl_restore restore = {0};
    json_t *held = NULL;
    bool agreed = false;
    enum nl_status status = nl_restore_begin(&restore, cli->config.database, source, err);
    if (status == NL_OK)
        status = examine(restore.fresh, NULL, &held, err);
    if (status == NL_OK)
        status =
            cli_confirm(cli, chosen->yes,
                        "The backup is complete. Replace the database with it? Everything that has "
                        "happened since will then be only in the old database, which is kept.",
                        &agreed, err);
    if (status == NL_OK && agreed)
        status = nl_restore_finish(&restore, &nl_env_system, err);
    if (status == NL_OK && !agreed && cli->json)
        cli_print_json(cli, json_pack("{s:n, s:s}", "restored", "result", "declined"));
    else if (status == NL_OK && agreed && cli->json)
        show_json(cli, cli->words[0], restore.kept, held);
    else if (status == NL_OK && agreed)
        show(cli->words[0], restore.kept, held);
    nl_restore_end(&restore);
    json_decref(held);
    return status;
}

static bool ask_password(char *password, size_t size) {
    return cli_ask_unseen("Password of the key: ", password, size);
}

/* The readable copy of an encrypted backup lies next to the database for a while. */
static enum nl_status decrypt(struct cli *cli, const struct restore_options *chosen,
                              struct nl_opened_backup *opened, struct nl_error *err) {
    const char *source = cli->words[0];
    const char *database = cli->config.database;
    if (chosen->key == NULL)
        return cli_usage_error(cli, err, "%s is encrypted: give the secret key with --key", source);
    return nl_sealed_backup_open(source, nl_store_is_file(database) ? database : source,
                                 chosen->key, ask_password, opened, err);
}

static enum nl_status restore_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct restore_options *chosen = options;
    struct nl_opened_backup opened = {0};
    if (chosen->drill && chosen->yes)
        return cli_usage_error(cli, err, "--drill replaces nothing: leave --yes out");
    enum nl_status status = cli_configure(cli, err);
    if (status == NL_OK && nl_openpgp_is_message(cli->words[0]))
        status = decrypt(cli, chosen, &opened, err);
    const char *source = opened.path != NULL ? opened.path : cli->words[0];
    if (status == NL_OK)
        status = chosen->drill ? run_drill(cli, source, err) : replace(cli, chosen, source, err);
    nl_sealed_backup_close(&opened);
    return status;
}

static const struct cli_option restore_table[] = {
    CLI_PATH("key", struct restore_options, key),
    CLI_FLAG("yes", struct restore_options, yes),
    CLI_FLAG("drill", struct restore_options, drill),
    {0},
};

const struct cli_command cmd_restore = {
    .name = "restore",
    .options = restore_table,
    .size = sizeof(struct restore_options),
    .run = restore_run,
    .words = {1, 1, "the FILE of a backup"},
    .heedless_of_imports = true,
};
