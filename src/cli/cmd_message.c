#include "cli/cli.h"

#include "newsletter/base/memory.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/messages.h"

#include <stdlib.h>
#include <string.h>

enum { DATA_LIMIT = 1 << 20, LIST_DEFAULT = 20, LIST_MOST = 1000 };

struct message_options {
    const char *template, *list, *language, *data, *key;
    struct cli_texts set, attach;
    bool queue;
    int64_t limit;
};

/* ---- sending ---- */

static enum nl_status read_data(const char *path, json_t **out, struct nl_error *err) {
    struct nl_buf text = {0};
    json_error_t problem = {0};
    bool standard = strcmp(path, "-") == 0;
    if (standard)
        cli_say_reading("the data, a JSON object");
    enum nl_status status = nl_file_read(standard ? "/dev/stdin" : path, DATA_LIMIT, &text, err);
    if (status == NL_OK) {
        *out = json_loadb(nl_buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &problem);
        if (*out == NULL)
            status =
                nl_error_set(err, NL_DATA, "%s:%d: not JSON: %s", path, problem.line, problem.text);
    }
    nl_buf_free(&text);
    return status;
}

static enum nl_status set_value(json_t *data, const char *text, struct nl_error *err) {
    const char *sign = strchr(text, '=');
    json_t *value = sign != NULL ? json_string(sign + 1) : NULL;
    char *name = sign != NULL && sign > text ? nl_strndup(text, (size_t)(sign - text)) : NULL;
    bool set = name != NULL && value != NULL && json_object_set(data, name, value) == 0;
    free(name);
    json_decref(value);
    return set ? NL_OK : nl_error_set(err, NL_USAGE, "--set %s: write NAME=TEXT, in UTF-8", text);
}

static enum nl_status gather_data(const struct message_options *chosen, json_t **out,
                                  struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (chosen->data != NULL)
        status = read_data(chosen->data, out, err);
    if (status == NL_OK && *out == NULL)
        *out = json_object();
    if (status == NL_OK && !json_is_object(*out))
        status = nl_error_set(err, NL_DATA, "%s: the data must be a JSON object", chosen->data);
    for (size_t i = 0; status == NL_OK && i < chosen->set.count; i++)
        status = set_value(*out, chosen->set.items[i], err);
    return status;
}

/* The attachments of a call. */
struct files {
    struct nl_message_file items[NL_MESSAGE_FILES];
    struct nl_buf contents[NL_MESSAGE_FILES];
    size_t count;
};

static enum nl_status read_files(const struct message_options *chosen, struct files *files,
                                 struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (chosen->attach.count > NL_MESSAGE_FILES)
        return nl_error_set(err, NL_DATA, "a message takes %d attachments", NL_MESSAGE_FILES);
    for (size_t i = 0; status == NL_OK && i < chosen->attach.count; i++) {
        const char *path = chosen->attach.items[i];
        const char *slash = strrchr(path, '/');
        struct nl_buf *content = &files->contents[files->count++];
        status = nl_file_read(path, NL_MESSAGE_BYTES, content, err);
        files->items[i] = (struct nl_message_file){slash != NULL ? slash + 1 : path,
                                                   nl_buf_text(content), content->len};
    }
    return status;
}

/* Says how the message stands, whether it was sent at once or waits. */
static enum nl_status tell(struct cli *cli, int64_t id, struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    json_t *facts = NULL;
    enum nl_status status = nl_office_message_read(&office, id, &facts, err);
    if (status != NL_OK)
        return status;
    char state[16];
    snprintf(state, sizeof state, "%s", json_string_value(json_object_get(facts, "state")));
    cli_tell(cli, facts, "message %lld is %s", (long long)id, state);
    return NL_OK;
}

static enum nl_status message_send(struct cli *cli, void *options, struct nl_error *err) {
    const struct message_options *chosen = options;
    struct files files = {.count = 0};
    json_t *data = NULL;
    int64_t id = 0;
    bool repeated = false;
    if (chosen->template == NULL)
        return cli_usage_error(cli, err, "say which template: --template NAME");
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = gather_data(chosen, &data, err);
    if (status == NL_OK)
        status = read_files(chosen, &files, err);
    const struct nl_office office = cli_office(cli);
    const struct nl_message_request request = {.list = chosen->list,
                                               .address = cli->words[0],
                                               .key = chosen->key,
                                               .order = {.template = chosen->template,
                                                         .language = chosen->language,
                                                         .data = data,
                                                         .files = files.items,
                                                         .file_count = files.count}};
    if (status == NL_OK)
        status = nl_office_message_send(&office, &request, &id, &repeated, err);
    json_decref(data);
    for (size_t i = 0; i < files.count; i++)
        nl_buf_free(&files.contents[i]);
    if (status == NL_OK && !chosen->queue && !repeated)
        cli_send_notice(cli, id, true);
    return status == NL_OK ? tell(cli, id, err) : status;
}

/* ---- looking ---- */

static void print_message(const json_t *facts) {
    static const char *const names[] = {"list",  "to",         "template",   "subject",
                                        "state", "created_at", "updated_at", "next_attempt_at"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (nl_facts_word(facts, names[i])[0] != '\0')
            printf("%-16s %s\n", names[i], nl_facts_word(facts, names[i]));
    const char *reply = nl_facts_word(json_object_get(facts, "reply"), "text");
    if (reply[0] != '\0') {
        printf("%-16s ", "reply");
        cli_print_safely(reply, strlen(reply));
        putchar('\n');
    }
}

static enum nl_status message_show(struct cli *cli, void *options, struct nl_error *err) {
    int64_t id = 0;
    json_t *facts = NULL;
    (void)options;
    if (!nl_text_integer(cli->words[0], &id))
        return cli_usage_error(cli, err, "'%s' is not the number of a message", cli->words[0]);
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_message_read(&office, id, &facts, err);
    if (status == NL_OK && cli->json) {
        cli_print_json(cli, facts);
    } else if (status == NL_OK) {
        print_message(facts);
        json_decref(facts);
    }
    return status;
}

static void print_messages(const json_t *array) {
    static const struct nl_table_column columns[] = {{.heading = "MESSAGE"},
                                                     {.heading = "WHEN"},
                                                     {.heading = "STATE"},
                                                     {.heading = "TO", .least = 20},
                                                     {.heading = "SUBJECT", .least = 20}};
    struct nl_table table = {.columns = columns, .count = sizeof columns / sizeof columns[0]};
    char number[24];
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *facts = json_array_get(array, i);
        snprintf(number, sizeof number, "%lld",
                 (long long)json_integer_value(json_object_get(facts, "id")));
        nl_table_text(&table, number);
        nl_table_text(&table, nl_facts_word(facts, "created_at"));
        nl_table_text(&table, nl_facts_word(facts, "state"));
        nl_table_text(&table, nl_facts_word(facts, "to"));
        nl_table_text(&table, nl_facts_word(facts, "subject"));
    }
    cli_print_table(&table);
    nl_table_free(&table);
}

static enum nl_status message_list(struct cli *cli, void *options, struct nl_error *err) {
    const struct message_options *chosen = options;
    const struct nl_message_query query = {
        .list = chosen->list, .address = cli->words[0], .limit = chosen->limit};
    json_t *array = NULL;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_messages(&office, &query, &array, err);
    if (status == NL_OK && cli->json) {
        cli_print_json(cli, array);
        return NL_OK;
    }
    if (status == NL_OK && json_array_size(array) == 0)
        puts("no messages: 'newsletter message send ADDRESS --template NAME' sends one");
    else if (status == NL_OK)
        print_messages(array);
    json_decref(array);
    return status;
}

static const struct cli_option message_table[] = {
    CLI_TEXT("template", struct message_options, template),
    CLI_TEXT("list", struct message_options, list),
    CLI_TEXT("language", struct message_options, language),
    CLI_PATH("data", struct message_options, data),
    CLI_REPEATED("set", struct message_options, set),
    CLI_REPEATED("attach", struct message_options, attach),
    CLI_TEXT("key", struct message_options, key),
    CLI_FLAG("queue", struct message_options, queue),
    CLI_NUMBER("limit", struct message_options, limit, 1, LIST_MOST),
    {0},
};

static const struct message_options message_defaults = {.limit = LIST_DEFAULT};

static const struct cli_action message_actions[] = {
    {"send", message_send, {1, 1, "one ADDRESS"}},
    {"show", message_show, {1, 1, "the number of one message"}},
    {"list", message_list, {0, 1, "at most one ADDRESS"}},
    {0},
};

const struct cli_command cmd_message = {
    .name = "message",
    .options = message_table,
    .size = sizeof(struct message_options),
    .defaults = &message_defaults,
    .actions = message_actions,
    .heedless_of_imports = true,
};
