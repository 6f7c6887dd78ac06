#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/service/boilerplates.h"

#include <jansson.h>
#include <string.h>

enum { FILE_MOST = 2 << 20 };

struct boilerplate_options {
    const char *language, *list, *kind;
};

static const char *word(const json_t *item, const char *name) {
    return json_string_value(json_object_get(item, name));
}

static void print_all(const json_t *items) {
    static const struct nl_table_column columns[] = {{.heading = "ID", .least = 4},
                                                     {.heading = "KIND", .least = 8},
                                                     {.heading = "NAME", .least = 20},
                                                     {.heading = "LANGUAGE", .least = 8},
                                                     {.heading = "LIST", .least = 8}};
    struct nl_table table = {.columns = columns, .count = sizeof columns / sizeof columns[0]};
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        char id[24];
        snprintf(id, sizeof id, "%lld", (long long)json_integer_value(json_object_get(item, "id")));
        nl_table_text(&table, id);
        nl_table_text(&table, word(item, "kind"));
        nl_table_text(&table, word(item, "name"));
        nl_table_text(&table, word(item, "language"));
        nl_table_text(&table, word(item, "list"));
    }
    cli_print_table(&table);
    nl_table_free(&table);
}

static enum nl_status boilerplate_list(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    json_t *items = NULL;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_boilerplates(&office, &items, err);
    if (status == NL_OK && cli->json)
        cli_print_json(cli, json_incref(items));
    else if (status == NL_OK && json_array_size(items) > 0)
        print_all(items);
    else if (status == NL_OK)
        puts("nothing is kept: 'newsletter boilerplate save NAME FILE' keeps a snippet");
    json_decref(items);
    return status;
}

/* The number of the one with the name, kind and language of the options; 0 for none. */
static enum nl_status find(struct cli *cli, const struct boilerplate_options *chosen, int64_t *id,
                           struct nl_error *err) {
    json_t *items = NULL;
    const json_t *item = NULL;
    size_t at = 0;
    const char *language = chosen->language != NULL ? chosen->language : "";
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    *id = 0;
    if (status == NL_OK)
        status = nl_office_boilerplates(&office, &items, err);
    json_array_foreach(items, at, item) {
        if (strcmp(word(item, "kind"), chosen->kind) == 0 &&
            strcmp(word(item, "name"), cli->words[0]) == 0 &&
            strcmp(word(item, "language"), language) == 0)
            *id = json_integer_value(json_object_get(item, "id"));
    }
    json_decref(items);
    return status;
}

static enum nl_status find_one(struct cli *cli, const struct boilerplate_options *chosen,
                               int64_t *id, struct nl_error *err) {
    enum nl_status status = find(cli, chosen, id, err);
    return status == NL_OK && *id == 0
               ? nl_error_set(err, NL_NOTFOUND,
                              "there is no %s '%s'%s%s: 'newsletter boilerplate' lists them",
                              chosen->kind, cli->words[0], chosen->language != NULL ? " in " : "",
                              chosen->language != NULL ? chosen->language : "")
               : status;
}

static enum nl_status boilerplate_save(struct cli *cli, void *options, struct nl_error *err) {
    const struct boilerplate_options *chosen = options;
    struct nl_buf source = {0};
    int64_t id = 0;
    bool stale = false;
    enum nl_status status = nl_file_read(cli->words[1], FILE_MOST, &source, err);
    if (status == NL_OK && strlen(nl_buf_text(&source)) != source.len)
        status = nl_error_set(err, NL_DATA, "%s is not a text file", cli->words[1]);
    if (status == NL_OK)
        status = find(cli, chosen, &id, err);
    const struct nl_office office = cli_office(cli);
    const struct nl_boilerplate_wish wish = {
        .id = id,
        .kind = chosen->kind,
        .name = cli->words[0],
        .language = chosen->language,
        .list = chosen->list,
        .source = nl_buf_text(&source),
    };
    if (status == NL_OK)
        status = nl_office_boilerplate_save(&office, &wish, &id, &stale, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:I, s:s, s:s, s:s}", "id", (json_int_t)id, "kind", chosen->kind,
                           "name", cli->words[0], "result", "saved"),
                 "saved the %s %s", chosen->kind, cli->words[0]);
    nl_buf_free(&source);
    return status;
}

static enum nl_status boilerplate_show(struct cli *cli, void *options, struct nl_error *err) {
    json_t *item = NULL;
    int64_t id = 0;
    enum nl_status status = find_one(cli, options, &id, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_boilerplate_read(&office, id, &item, err);
    if (status == NL_OK && cli->json)
        cli_print_json(cli, json_pack("[O]", item));
    else if (status == NL_OK)
        fputs(word(item, "source"), stdout);
    json_decref(item);
    return status;
}

static enum nl_status boilerplate_remove(struct cli *cli, void *options, struct nl_error *err) {
    const struct boilerplate_options *chosen = options;
    int64_t id = 0;
    enum nl_status status = find_one(cli, chosen, &id, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_boilerplate_remove(&office, id, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s, s:s}", "kind", chosen->kind, "name", cli->words[0], "result",
                           "removed"),
                 "removed the %s %s", chosen->kind, cli->words[0]);
    return status;
}

static const struct cli_option boilerplate_table[] = {
    CLI_TEXT("kind", struct boilerplate_options, kind),
    CLI_TEXT("language", struct boilerplate_options, language),
    CLI_TEXT("list", struct boilerplate_options, list),
    {0},
};

static const struct cli_action boilerplate_actions[] = {
    {"list", boilerplate_list, {0, 0, NULL}},
    {"save", boilerplate_save, {2, 2, "a NAME and a FILE"}},
    {"show", boilerplate_show, {1, 1, "one NAME"}},
    {"remove", boilerplate_remove, {1, 1, "one NAME"}},
    {0},
};

const struct cli_command cmd_boilerplate = {
    .name = "boilerplate",
    .options = boilerplate_table,
    .size = sizeof(struct boilerplate_options),
    .defaults = &(const struct boilerplate_options){.kind = "snippet"},
    .actions = boilerplate_actions,
    .run = boilerplate_list,
};
