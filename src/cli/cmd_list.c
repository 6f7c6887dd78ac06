#include "cli/cli.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_TITLE = 1,
    OPT_FROM,
    OPT_LIST_ID,
    OPT_REPLY_TO,
    OPT_OWNER,
    OPT_LANGUAGE,
    OPT_ARCHIVE,
    OPT_SUBSCRIBE,
    OPT_POSTAL,
    OPT_JSON,
    OPT_PRIVATE,
    OPT_PUBLIC,
};

static const struct option long_options[] = {
    {"title", required_argument, NULL, OPT_TITLE},
    {"from", required_argument, NULL, OPT_FROM},
    {"list-id", required_argument, NULL, OPT_LIST_ID},
    {"reply-to", required_argument, NULL, OPT_REPLY_TO},
    {"owner", required_argument, NULL, OPT_OWNER},
    {"language", required_argument, NULL, OPT_LANGUAGE},
    {"archive-url", required_argument, NULL, OPT_ARCHIVE},
    {"subscribe-url", required_argument, NULL, OPT_SUBSCRIBE},
    {"postal-address", required_argument, NULL, OPT_POSTAL},
    {"json", no_argument, NULL, OPT_JSON},
    {"private", no_argument, NULL, OPT_PRIVATE},
    {"public", no_argument, NULL, OPT_PUBLIC},
    {0}};

static char **slot(struct nl_list *list, int option) {
    char **slots[] = {NULL,
                      &list->title,
                      &list->sender,
                      &list->list_id,
                      &list->reply_to,
                      &list->owner,
                      &list->language,
                      &list->archive_url,
                      &list->subscribe_url,
                      &list->postal_address};
    return slots[option];
}

/* What the options say. */
struct changes {
    char *values[OPT_JSON];
    bool make_private, make_public;
};

/* Lays the options over `list`; an empty value unsets. */
static enum nl_status apply(struct nl_list *list, const struct changes *changes,
                            struct nl_error *err) {
    char *const *values = changes->values;
    list->is_private = changes->make_private || (list->is_private && !changes->make_public);
    for (int i = 1; i < OPT_JSON; i++) {
        if (values[i] == NULL)
            continue;
        free(*slot(list, i));
        *slot(list, i) = values[i][0] != '\0' ? strdup(values[i]) : NULL;
        if (values[i][0] != '\0' && *slot(list, i) == NULL)
            return nl_error_nomem(err);
    }
    return nl_list_check(list, err);
}

static enum nl_status add(struct cli *cli, const char *name, const struct changes *changes,
                          struct nl_error *err) {
    struct nl_list list = {0};
    list.name = strdup(name);
    enum nl_status status = list.name != NULL ? apply(&list, changes, err) : nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_list_add(cli->store, &list, err);
    if (status == NL_OK)
        printf("added the list %s <%s>\n", list.name, list.list_id);
    nl_list_free(&list);
    return status;
}

static enum nl_status edit(struct cli *cli, const char *name, const struct changes *changes,
                           struct nl_error *err) {
    struct nl_list list = {0};
    enum nl_status status = nl_list_find(cli->store, name, &list, err);
    if (status == NL_OK)
        status = apply(&list, changes, err);
    if (status == NL_OK)
        status = nl_list_update(cli->store, &list, err);
    if (status == NL_OK)
        printf("changed the list %s\n", list.name);
    nl_list_free(&list);
    return status;
}

struct show {
    struct cli *cli;
    json_t *array; /* NULL for text */
};

static json_t *text_or_null(const char *text) {
    return text != NULL ? json_string(text) : json_null();
}

static enum nl_status show_one(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct show *show = ctx;
    struct nl_list_counts counts = {0};
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

static enum nl_status show(struct cli *cli, const char *name, bool json, struct nl_error *err) {
    struct show call = {.cli = cli, .array = json ? json_array() : NULL};
    struct nl_list list = {0};
    enum nl_status status = NL_OK;
    if (name == NULL) {
        status = nl_list_each(cli->store, show_one, &call, err);
    } else {
        status = nl_list_find(cli->store, name, &list, err);
        if (status == NL_OK)
            status = show_one(&list, &call, err);
    }
    if (status == NL_OK && json) {
        json_dumpf(call.array, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(call.array);
    nl_list_free(&list);
    return status;
}

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct changes changes = {0};
    bool json = false;
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == '?')
            return NL_USAGE;
        if (option == OPT_JSON)
            json = true;
        else if (option == OPT_PRIVATE)
            changes.make_private = true;
        else if (option == OPT_PUBLIC)
            changes.make_public = true;
        else
            changes.values[option] = optarg;
    }
    const char *words[2] = {argv[optind], optind < argc ? argv[optind + 1] : NULL};
    if (argc - optind > 2)
        return nl_error_set(err, NL_USAGE, "too many words: see newsletter list --help");
    if (words[0] == NULL)
        return nl_error_set(err, NL_USAGE, "list what? add NAME, show [NAME] or edit NAME");
    enum nl_status status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    if (strcmp(words[0], "show") == 0)
        return show(cli, words[1], json, err);
    if (strcmp(words[0], "add") != 0 && strcmp(words[0], "edit") != 0)
        return nl_error_set(err, NL_USAGE, "list '%s'? there are add, show and edit", words[0]);
    if (words[1] == NULL)
        return nl_error_set(err, NL_USAGE, "list %s: which list? give its name", words[0]);
    return words[0][0] == 'a' ? add(cli, words[1], &changes, err)
                              : edit(cli, words[1], &changes, err);
}

const struct command cmd_list = {
    "list",
    "add, show or edit mailing lists",
    "Usage: newsletter list add NAME --from MAILBOX [OPTIONS]\n"
    "       newsletter list edit NAME [OPTIONS]\n"
    "       newsletter list show [NAME] [--json]\n"
    "\n"
    "  --from MAILBOX         the sender, 'Name <address>'\n"
    "  --title TEXT           what people call the list\n"
    "  --list-id ID           RFC 2919 List-Id (default: NAME.DOMAIN)\n"
    "  --reply-to ADDRESS     where answers go\n"
    "  --owner ADDRESS        List-Owner\n"
    "  --language TAG         of its mails (default: en)\n"
    "  --archive-url URL      List-Archive, and a link below each issue\n"
    "  --subscribe-url URL    List-Subscribe\n"
    "  --postal-address TEXT  printed below each issue\n"
    "  --private, --public    whether the web shows its archive and a way to join (default: "
    "public)\n"
    "An empty value unsets.\n"
    "\n"
    "Example: newsletter list add bulletin --from 'Press Office <press@example.org>' \\\n"
    "             --title 'News Bulletin'\n",
    run,
    long_options,
    "add edit show"};
