#include "cli/cli.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct list_options {
    const char *title, *from, *list_id, *reply_to, *owner, *language;
    const char *archive_url, *subscribe_url, *postal_address;
    enum { UNCHANGED, PRIVATE, PUBLIC } visibility;
    bool json, yes;
};

/* Sets a text of a list to what the option says; an empty value unsets it. */
static enum nl_status set_text(char **text, const char *value, struct nl_error *err) {
    if (value == NULL)
        return NL_OK;
    free(*text);
    *text = value[0] != '\0' ? strdup(value) : NULL;
    return value[0] == '\0' || *text != NULL ? NL_OK : nl_error_nomem(err);
}

static enum nl_status apply(struct nl_list *list, const struct list_options *chosen,
                            struct nl_error *err) {
    const struct {
        char **text;
        const char *value;
    } texts[] = {
        {&list->title, chosen->title},
        {&list->sender, chosen->from},
        {&list->list_id, chosen->list_id},
        {&list->reply_to, chosen->reply_to},
        {&list->owner, chosen->owner},
        {&list->language, chosen->language},
        {&list->archive_url, chosen->archive_url},
        {&list->subscribe_url, chosen->subscribe_url},
        {&list->postal_address, chosen->postal_address},
    };
    enum nl_status status = NL_OK;
    if (chosen->visibility != UNCHANGED)
        list->is_private = chosen->visibility == PRIVATE;
    for (size_t i = 0; status == NL_OK && i < sizeof texts / sizeof texts[0]; i++)
        status = set_text(texts[i].text, texts[i].value, err);
    return status == NL_OK ? nl_list_check(list, err) : status;
}

static enum nl_status list_add(struct cli *cli, void *options, struct nl_error *err) {
    struct nl_list list = {.name = strdup(cli->words[0])};
    enum nl_status status = list.name != NULL ? cli_open(cli, err) : nl_error_nomem(err);
    if (status == NL_OK)
        status = apply(&list, options, err);
    if (status == NL_OK)
        status = nl_list_add(cli->store, &list, err);
    if (status == NL_OK)
        printf("added the list %s <%s>\n", list.name, list.list_id);
    nl_list_free(&list);
    return status;
}

static enum nl_status list_edit(struct cli *cli, void *options, struct nl_error *err) {
    struct nl_list list = {0};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_list_find(cli->store, cli->words[0], &list, err);
    if (status == NL_OK)
        status = apply(&list, options, err);
    if (status == NL_OK)
        status = nl_list_update(cli->store, &list, err);
    if (status == NL_OK)
        printf("changed the list %s\n", list.name);
    nl_list_free(&list);
    return status;
}

/* Says first what happens to the people of a list. */
static enum nl_status agree(struct cli *cli, const struct nl_list *list,
                            const struct list_options *chosen, bool removes, bool *agreed,
                            struct nl_error *err) {
    struct nl_list_counts counts = {0};
    struct nl_list_remains remains = {0};
    enum nl_status status = nl_list_count(cli->store, list->id, &counts, err);
    if (status == NL_OK)
        status = nl_list_remains(cli->store, list->id, &remains, err);
    if (status != NL_OK)
        return status;
    printf("The list %s has %lld active subscribers, %lld pending ones, %lld who have left, and "
           "%lld issues.\n",
           list->name, (long long)counts.active, (long long)counts.pending,
           (long long)(counts.unsubscribed + counts.bounced + counts.complained),
           (long long)remains.issues);
    if (removes)
        printf(
            "All of them are unsubscribed from it without a mail; its issues leave the archive.\n"
            "%lld people are on no other list: all that is known of them is erased.\n",
            (long long)remains.people);
    else
        printf("They all stay on it, and its List-Id stays %s.\n"
               "Addresses of its archive and forms that hold the old name stop working.\n",
               list->list_id);
    return cli_confirm(cli, chosen->yes, removes ? "Remove the list?" : "Rename the list?", agreed,
                       err);
}

static enum nl_status list_rename(struct cli *cli, void *options, struct nl_error *err) {
    struct nl_list list = {0};
    bool agreed = false;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_list_find(cli->store, cli->words[0], &list, err);
    if (status == NL_OK)
        status = agree(cli, &list, options, false, &agreed, err);
    if (status == NL_OK && agreed)
        status = nl_list_rename(cli->store, list.id, cli->words[1], err);
    if (status == NL_OK && !agreed)
        puts("Nothing was changed.");
    else if (status == NL_OK)
        printf("the list %s is called %s now\n", list.name, cli->words[1]);
    nl_list_free(&list);
    return status;
}

static enum nl_status list_remove(struct cli *cli, void *options, struct nl_error *err) {
    struct nl_list list = {0};
    bool agreed = false;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_list_find(cli->store, cli->words[0], &list, err);
    if (status == NL_OK)
        status = agree(cli, &list, options, true, &agreed, err);
    if (status == NL_OK && agreed)
        status = nl_list_remove(cli->store, list.id, err);
    if (status == NL_OK && !agreed)
        puts("Nothing was changed.");
    else if (status == NL_OK)
        printf("the list %s is removed\n", list.name);
    nl_list_free(&list);
    return status;
}

struct show {
    struct cli *cli;
    json_t *array; /* NULL for text */
    size_t count;
};

static json_t *text_or_null(const char *text) {
    return text != NULL ? json_string(text) : json_null();
}

static enum nl_status show_one(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct show *show = ctx;
    struct nl_list_counts counts = {0};
    show->count++;
    enum nl_status status = nl_list_count(show->cli->store, list->id, &counts, err);
    if (status != NL_OK)
        return status;
    if (show->array != NULL) {
        json_array_append_new(
            show->array,
            json_pack(
                "{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:{s:I, s:I, s:I, s:I, "
                "s:I}, s:b}",
                "name", list->name, "title", list->title, "list_id", list->list_id, "from",
                list->sender, "reply_to", text_or_null(list->reply_to), "owner",
                text_or_null(list->owner), "language", list->language, "archive_url",
                text_or_null(list->archive_url), "subscribe_url", text_or_null(list->subscribe_url),
                "postal_address", text_or_null(list->postal_address), "subscriptions", "pending",
                (json_int_t)counts.pending, "active", (json_int_t)counts.active, "unsubscribed",
                (json_int_t)counts.unsubscribed, "bounced", (json_int_t)counts.bounced,
                "complained", (json_int_t)counts.complained, "private", list->is_private));
        return NL_OK;
    }
    const char *fields[][2] = {{"title", list->title},
                               {"from", list->sender},
                               {"list-id", list->list_id},
                               {"reply-to", list->reply_to},
                               {"owner", list->owner},
                               {"language", list->language},
                               {"archive-url", list->archive_url},
                               {"subscribe-url", list->subscribe_url},
                               {"postal-address", list->postal_address}};
    printf("%s%s\n", list->name, list->is_private ? " (private)" : "");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i][1] != NULL)
            printf("  %-15s %s\n", fields[i][0], fields[i][1]);
    printf("  %-15s %lld active, %lld pending, %lld unsubscribed, %lld bounced, %lld complained\n",
           "subscriptions", (long long)counts.active, (long long)counts.pending,
           (long long)counts.unsubscribed, (long long)counts.bounced, (long long)counts.complained);
    return NL_OK;
}

static enum nl_status list_show(struct cli *cli, void *options, struct nl_error *err) {
    const struct list_options *chosen = options;
    struct show call = {.cli = cli, .array = chosen->json ? json_array() : NULL};
    struct nl_list list = {0};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK && cli->word_count == 0) {
        status = nl_list_each(cli->store, show_one, &call, err);
    } else if (status == NL_OK) {
        status = nl_list_find(cli->store, cli->words[0], &list, err);
        if (status == NL_OK)
            status = show_one(&list, &call, err);
    }
    if (status == NL_OK && !chosen->json && call.count == 0)
        puts("no lists: 'newsletter list add NAME --from MAILBOX' adds one");
    if (status == NL_OK && chosen->json) {
        json_dumpf(call.array, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(call.array);
    nl_list_free(&list);
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
    CLI_FLAG("json", struct list_options, json),
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
