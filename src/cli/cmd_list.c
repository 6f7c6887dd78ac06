#include "cli/cli.h"

#include "newsletter/service/lists.h"

#include <jansson.h>

struct list_options {
    const char *title, *from, *list_id, *reply_to, *owner, *language;
    const char *archive_url, *subscribe_url, *postal_address;
    enum { UNCHANGED, PRIVATE, PUBLIC } visibility;
    bool yes;
};

static struct nl_list_settings settings_of(const struct list_options *chosen, bool *is_private) {
    *is_private = chosen->visibility == PRIVATE;
    return (struct nl_list_settings){
        .title = chosen->title,
        .from = chosen->from,
        .list_id = chosen->list_id,
        .reply_to = chosen->reply_to,
        .owner = chosen->owner,
        .language = chosen->language,
        .archive_url = chosen->archive_url,
        .subscribe_url = chosen->subscribe_url,
        .postal_address = chosen->postal_address,
        .is_private = chosen->visibility != UNCHANGED ? is_private : NULL,
    };
}

static const char *word_of(const json_t *facts, const char *name) {
    return json_string_value(json_object_get(facts, name));
}

static void tell_declined(struct cli *cli) {
    cli_tell(cli, json_pack("{s:s, s:s}", "list", cli->words[0], "result", "declined"),
             "Nothing was changed.");
}

static enum nl_status list_add(struct cli *cli, void *options, struct nl_error *err) {
    bool is_private = false;
    const struct nl_list_settings settings = settings_of(options, &is_private);
    struct nl_list_facts added = {0};
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_list_add(&office, cli->words[0], &settings, &added, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s, s:s}", "list", word_of(added.facts, "name"), "list_id",
                           word_of(added.facts, "list_id"), "result", "added"),
                 "added the list %s <%s>", word_of(added.facts, "name"),
                 word_of(added.facts, "list_id"));
    nl_list_facts_free(&added);
    return status;
}

static enum nl_status list_edit(struct cli *cli, void *options, struct nl_error *err) {
    bool is_private = false;
    bool stale = false;
    const struct nl_list_settings settings = settings_of(options, &is_private);
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_list_change(&office, cli->words[0], &settings, NULL, &stale, err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s, s:s}", "list", cli->words[0], "result", "changed"),
                 "changed the list %s", cli->words[0]);
    return status;
}

/* Says first what happens to the people of a list. */
static enum nl_status agree(struct cli *cli, const struct list_options *chosen, bool removes,
                            bool *agreed, struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    struct nl_list_burden burden = {0};
    enum nl_status status = nl_office_list_burden(&office, cli->words[0], &burden, err);
    if (status != NL_OK)
        return status;
    FILE *out = cli->json ? stderr : stdout;
    fprintf(out,
            "The list %s has %lld active subscribers, %lld pending ones, %lld who have left, "
            "%lld issues and %lld unsent drafts.\n",
            cli->words[0], (long long)burden.active, (long long)burden.pending,
            (long long)burden.left, (long long)burden.issues, (long long)burden.drafts);
    if (removes)
        fprintf(
            out,
            "All of them are unsubscribed from it without a mail; its issues leave the archive, "
            "its drafts are deleted.\n"
            "%lld people are on no other list: all that is known of them is erased.\n",
            (long long)burden.people);
    else
        fprintf(out,
                "They all stay on it, and its List-Id stays %s.\n"
                "Addresses of its archive and forms that hold the old name stop working.\n",
                word_of(burden.facts, "list_id"));
    json_decref(burden.facts);
    return cli_confirm(cli, chosen->yes, removes ? "Remove the list?" : "Rename the list?", agreed,
                       err);
}

static enum nl_status list_rename(struct cli *cli, void *options, struct nl_error *err) {
    bool agreed = false;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = agree(cli, options, false, &agreed, err);
    if (status == NL_OK && agreed)
        status = nl_office_list_rename(&office, cli->words[0], cli->words[1], err);
    if (status == NL_OK && !agreed)
        tell_declined(cli);
    else if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s, s:s}", "list", cli->words[1], "former", cli->words[0],
                           "result", "renamed"),
                 "the list %s is called %s now", cli->words[0], cli->words[1]);
    return status;
}

static enum nl_status list_remove(struct cli *cli, void *options, struct nl_error *err) {
    bool agreed = false;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = agree(cli, options, true, &agreed, err);
    if (status == NL_OK && agreed)
        status = nl_office_list_remove(&office, cli->words[0], err);
    if (status == NL_OK && !agreed)
        tell_declined(cli);
    else if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s, s:s}", "list", cli->words[0], "result", "removed"),
                 "the list %s is removed", cli->words[0]);
    return status;
}

static void show_one(const json_t *facts) {
    static const char *const fields[][2] = {
        {"title", "title"},
        {"from", "from"},
        {"list-id", "list_id"},
        {"reply-to", "reply_to"},
        {"owner", "owner"},
        {"language", "language"},
        {"archive-url", "archive_url"},
        {"subscribe-url", "subscribe_url"},
        {"postal-address", "postal_address"},
    };
    const json_t *counts = json_object_get(facts, "subscriptions");
    const char *name = NULL;
    json_t *count = NULL;
    const char *between = "";
    printf("%s%s\n", word_of(facts, "name"),
           json_is_true(json_object_get(facts, "private")) ? " (private)" : "");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (word_of(facts, fields[i][1]) != NULL)
            printf("  %-15s %s\n", fields[i][0], word_of(facts, fields[i][1]));
    printf("  %-15s ", "subscriptions");
    json_object_foreach((json_t *)counts, name, count) {
        printf("%s%lld %s", between, (long long)json_integer_value(count), name);
        between = ", ";
    }
    putchar('\n');
}

static enum nl_status read_lists(struct cli *cli, json_t **out, struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    struct nl_list_facts one = {0};
    if (cli->word_count == 0)
        return nl_office_lists(&office, out, err);
    enum nl_status status = nl_office_list_read(&office, cli->words[0], &one, err);
    if (status == NL_OK)
        *out = json_pack("[O]", one.facts);
    nl_list_facts_free(&one);
    return status;
}

static enum nl_status list_show(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    json_t *lists = NULL;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = read_lists(cli, &lists, err);
    for (size_t i = 0; status == NL_OK && !cli->json && i < json_array_size(lists); i++)
        show_one(json_array_get(lists, i));
    if (status == NL_OK && !cli->json && json_array_size(lists) == 0)
        puts("no lists: 'newsletter list add NAME --from MAILBOX' adds one");
    if (status == NL_OK && cli->json) {
        cli_print_json(cli, json_incref(lists));
    }
    json_decref(lists);
    return status;
}

static const struct cli_option list_table[] = {
    CLI_TEXT("title", struct list_options, title),
    CLI_TEXT("from", struct list_options, from),
    CLI_TEXT("list-id", struct list_options, list_id),
    CLI_TEXT("reply-to", struct list_options, reply_to),
    CLI_TEXT("owner", struct list_options, owner),
    CLI_TEXT("language", struct list_options, language),
    CLI_TEXT("archive-url", struct list_options, archive_url),
    CLI_TEXT("subscribe-url", struct list_options, subscribe_url),
    CLI_TEXT("postal-address", struct list_options, postal_address),
    CLI_FLAG("yes", struct list_options, yes),
    CLI_SET("private", struct list_options, visibility, PRIVATE),
    CLI_SET("public", struct list_options, visibility, PUBLIC),
    {0},
};

static const struct cli_action list_actions[] = {
    {"add", list_add, {1, 1, "one NAME"}},
    {"edit", list_edit, {1, 1, "one NAME"}},
    {"rename", list_rename, {2, 2, "NAME and NEW-NAME"}},
    {"remove", list_remove, {1, 1, "one NAME"}},
    {"show", list_show, {0, 1, "one NAME at most"}},
    {0},
};

const struct cli_command cmd_list = {
    .name = "list",
    .options = list_table,
    .size = sizeof(struct list_options),
    .actions = list_actions,
};
