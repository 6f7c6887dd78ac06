#include "cli/cli.h"

#include "newsletter/report/facts.h"
#include "newsletter/service/webhooks.h"

struct webhook_options {
    struct cli_texts events;
};

static enum nl_status webhook_add(struct cli *cli, void *options, struct nl_error *err) {
    const struct webhook_options *chosen = options;
    struct nl_webhook added = {0};
    struct nl_buf kinds = {0};
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    for (size_t i = 0; i < chosen->events.count; i++)
        nl_buf_addf(&kinds, "%s%s", i > 0 ? " " : "", chosen->events.items[i]);
    if (status == NL_OK)
        status = nl_office_webhook_add(&office, cli->words[0], cli->words[1], nl_buf_text(&kinds),
                                       &added, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s, s:s}", "webhook", cli->words[0], "secret", added.secret,
                           "result", "added"),
                 "%s", added.secret);
    nl_webhook_free(&added);
    nl_buf_free(&kinds);
    return status;
}

static enum nl_status webhook_remove(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_webhook_remove(&office, cli->words[0], err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s, s:s}", "webhook", cli->words[0], "result", "removed"),
                 "removed the webhook %s", cli->words[0]);
    return status;
}

static enum nl_status turn(struct cli *cli, bool on, struct nl_error *err) {
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_webhook_switch(&office, cli->words[0], on, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s}", "webhook", cli->words[0], "result",
                           on ? "switched_on" : "switched_off"),
                 "the webhook %s is switched %s", cli->words[0], on ? "on" : "off");
    return status;
}

static enum nl_status webhook_on(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    return turn(cli, true, err);
}

static enum nl_status webhook_off(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    return turn(cli, false, err);
}

static enum nl_status webhook_test(struct cli *cli, void *options, struct nl_error *err) {
    struct nl_webhook_answer answer = {0};
    (void)options;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_webhook_test(&office, cli->words[0], &answer, err);
    if (status == NL_OK && answer.detail[0] != '\0')
        return nl_error_set(err, NL_UNAVAILABLE, "webhook %s: %s", cli->words[0], answer.detail);
    if (status == NL_OK)
        cli_tell(
            cli,
            json_pack("{s:s, s:I}", "webhook", cli->words[0], "answer", (json_int_t)answer.status),
            "the webhook %s answers %lld", cli->words[0], (long long)answer.status);
    return status;
}

static void print_webhooks(const json_t *array) {
    static const struct nl_table_column columns[] = {{.heading = "WEBHOOK", .least = 12},
                                                     {.heading = "IS"},
                                                     {.heading = "URL", .least = 24},
                                                     {.heading = "EVENTS", .least = 12}};
    struct nl_table table = {.columns = columns, .count = sizeof columns / sizeof columns[0]};
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *facts = json_array_get(array, i);
        const char *events = nl_facts_word(facts, "events");
        nl_table_text(&table, nl_facts_word(facts, "name"));
        nl_table_text(&table, json_is_true(json_object_get(facts, "enabled")) ? "on" : "off");
        nl_table_text(&table, nl_facts_word(facts, "url"));
        nl_table_text(&table, events[0] != '\0' ? events : "all");
        if (nl_facts_word(facts, "trouble")[0] != '\0')
            nl_table_note(&table, nl_facts_word(facts, "trouble"));
    }
    cli_print_table(&table);
    nl_table_free(&table);
}

static void print_calls(const json_t *array) {
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *facts = json_array_get(array, i);
        const char *problem = nl_facts_word(facts, "problem");
        printf("%s\t%s\t%lld\t%s\n", nl_facts_word(facts, "at"), nl_facts_word(facts, "kind"),
               (long long)json_integer_value(json_object_get(facts, "event")),
               problem[0] != '\0' ? problem : "taken");
    }
}

/* Prints an array, which it frees. */
static void print_all(struct cli *cli, json_t *array, void (*print)(const json_t *array)) {
    if (cli->json) {
        cli_print_json(cli, array);
        return;
    }
    print(array);
    json_decref(array);
}

static enum nl_status webhook_list(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    json_t *array = NULL;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_webhooks(&office, &array, err);
    if (status == NL_OK && json_array_size(array) == 0 && !cli->json) {
        puts("no webhooks: 'newsletter webhook add NAME URL' adds one");
        json_decref(array);
    } else if (status == NL_OK) {
        print_all(cli, array, print_webhooks);
    }
    return status;
}

static enum nl_status webhook_log(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    json_t *array = NULL;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_webhook_log(&office, cli->words[0], &array, err);
    if (status == NL_OK)
        print_all(cli, array, print_calls);
    return status;
}

static const struct cli_option webhook_table[] = {
    CLI_REPEATED("event", struct webhook_options, events),
    {0},
};

static const struct cli_action webhook_actions[] = {
    {"list", webhook_list, {0, 0, NULL}},
    {"add", webhook_add, {2, 2, "a NAME and a URL"}},
    {"remove", webhook_remove, {1, 1, "one NAME"}},
    {"on", webhook_on, {1, 1, "one NAME"}},
    {"off", webhook_off, {1, 1, "one NAME"}},
    {"test", webhook_test, {1, 1, "one NAME"}},
    {"log", webhook_log, {1, 1, "one NAME"}},
    {0},
};

const struct cli_command cmd_webhook = {
    .name = "webhook",
    .options = webhook_table,
    .size = sizeof(struct webhook_options),
    .actions = webhook_actions,
    .run = webhook_list,
    .heedless_of_imports = true,
};
