#include "newsletter/base/catalog.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/service/receipts.h"
#include "newsletter/store/list.h"
#include "service/task_common.h"

#include <stdlib.h>
#include <string.h>

enum { ITEMS = 256 }; /* of one option */

static const struct nl_task_member members[] = {{"list", 's'},
                                                {"consent", 's'},
                                                {"confirm", 'b'},
                                                {"update", 'b'},
                                                {"format", 's'},
                                                {"as", 's'},
                                                {"encoding", 's'},
                                                {"dates", 's'},
                                                {"delimiter", 's'},
                                                {"map", 'o'},
                                                {"ignore", 'a'},
                                                {"states", 'o'},
                                                {"partial", 'b'},
                                                {"keep_columns", 'b'},
                                                {"dry_run", 'b'},
                                                {"confined", 'b'},
                                                {NL_TASK_REASONS, 's'},
                                                {"wording", 's'},
                                                {0}};

static bool has_type(const json_t *value, char type) {
    return type == 's'   ? json_is_string(value)
           : type == 'b' ? json_is_boolean(value)
           : type == 'o' ? json_is_object(value)
                         : json_is_array(value);
}

enum nl_status nl_task_check_members(const json_t *json, const struct nl_task_member *known,
                                     struct nl_error *err) {
    static const struct {
        char type;
        const char *words;
    } types[] = {{'s', "a text"}, {'b', "true or false"}, {'o', "an object"}, {'a', "an array"}};
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)json, name, value) {
        const struct nl_task_member *member = known;
        while (member->name != NULL && strcmp(member->name, name) != 0)
            member++;
        if (member->name == NULL)
            return nl_error_set(err, NL_DATA, "%.64s: there is no such option", name);
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
            if (types[i].type == member->type && !has_type(value, member->type))
                return nl_error_set(err, NL_DATA, "%s: it must be %s", name, types[i].words);
    }
    return NL_OK;
}

static const char *text_of(const json_t *json, const char *name) {
    return json_string_value(json_object_get(json, name));
}

static bool is_set(const json_t *json, const char *name) {
    return json_is_true(json_object_get(json, name));
}

static enum nl_status read_word(const json_t *json, const char *name, const char *const *words,
                                int *out, struct nl_error *err) {
    const char *word = text_of(json, name);
    struct nl_buf all = {0};
    for (int i = 0; word != NULL && words[i] != NULL; i++) {
        nl_buf_addf(&all, "%s%s", i > 0 ? ", " : "", words[i]);
        if (strcmp(words[i], word) == 0) {
            *out = i;
            word = NULL;
        }
    }
    if (word != NULL)
        nl_error_set(err, NL_DATA, "%s: '%.64s' is not one of %s", name, word, nl_buf_text(&all));
    nl_buf_free(&all);
    return word == NULL ? NL_OK : NL_DATA;
}

/* It changes subscriptions of one list, and nothing else of people who are known. */
static enum nl_status read_reach(const json_t *json, struct nl_import_wish *out,
                                 struct nl_error *err) {
    out->options.confined = is_set(json, "confined");
    if (!out->options.confined)
        return NL_OK;
    if (text_of(json, "list") == NULL)
        return nl_error_set(err, NL_DATA, NL_TEXT("choose a list first"));
    return out->options.policy.update
               ? nl_error_set(err, NL_DATA,
                              NL_TEXT("names, languages and attributes of known people can only be "
                                      "changed by somebody who manages all lists"))
               : NL_OK;
}

/* {"email": "E-Mail"} as "email=E-Mail"; with `last` "WORD=STATE" of {"WORD": "STATE"}, which is
 * the same. */
static enum nl_status read_pairs(const json_t *json, const char *name,
                                 enum nl_status (*check)(const char *text, struct nl_error *err),
                                 char ***out, size_t *count, struct nl_error *err) {
    const char *key = NULL;
    json_t *value = NULL;
    json_t *object = json_object_get(json, name);
    *count = 0;
    if (json_object_size(object) > ITEMS)
        return nl_error_set(err, NL_DATA, "%s: more than %d", name, ITEMS);
    *out = nl_calloc(json_object_size(object) + 1, sizeof **out);
    json_object_foreach(object, key, value) {
        struct nl_buf pair = {0};
        if (!json_is_string(value))
            return nl_error_set(err, NL_DATA, "%s: each item must be a text", name);
        nl_buf_addf(&pair, "%s=%s", key, json_string_value(value));
        (*out)[*count] = nl_buf_take(&pair);
        enum nl_status status = check((*out)[(*count)++], err);
        if (status != NL_OK)
            return status;
    }
    return NL_OK;
}

static enum nl_status read_ignores(const json_t *json, struct nl_import_wish *out,
                                   struct nl_error *err) {
    const json_t *array = json_object_get(json, "ignore");
    size_t count = json_array_size(array);
    if (count > ITEMS)
        return nl_error_set(err, NL_DATA, "ignore: more than %d", ITEMS);
    out->ignores = nl_calloc(count + 1, sizeof *out->ignores);
    for (size_t i = 0; i < count; i++) {
        out->ignores[i] = json_string_value(json_array_get(array, i));
        if (out->ignores[i] == NULL)
            return nl_error_set(err, NL_DATA, "ignore: each item must be a text");
    }
    out->options.ignores = out->ignores;
    out->options.ignore_count = count;
    return NL_OK;
}

static enum nl_status read_words(const json_t *json, struct nl_import_options *out,
                                 struct nl_error *err) {
    static const char *const formats[] = {"guess", "csv", "jsonl", "mailboxes", NULL};
    static const char *const orders[] = {"unknown", "day-first", "month-first", NULL};
    int format = NL_FORMAT_GUESS;
    int dates = NL_DATES_UNKNOWN;
    const char *delimiter = text_of(json, "delimiter");
    enum nl_status status = read_word(json, "format", formats, &format, err);
    if (status == NL_OK)
        status = read_word(json, "dates", orders, &dates, err);
    if (status == NL_OK && delimiter != NULL && strcmp(delimiter, "tab") != 0 &&
        strlen(delimiter) != 1)
        status = nl_error_set(err, NL_DATA, "delimiter: give one character, or tab");
    if (status == NL_OK && text_of(json, "as") != NULL)
        status = nl_import_check_as(text_of(json, "as"), err);
    out->format = (enum nl_transfer_format)format;
    out->dates = (enum nl_date_order)dates;
    out->delimiter = delimiter == NULL ? '\0' : strcmp(delimiter, "tab") == 0 ? '\t' : delimiter[0];
    return status;
}

/* It belongs to a consent that is stated for all. */
static enum nl_status read_wording(const json_t *json, struct nl_import_wish *out,
                                   struct nl_error *err) {
    const char *text = text_of(json, "wording");
    if (text == NULL || nl_is_blank(text))
        return NL_OK;
    if (out->options.policy.consent == NULL)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("wording: it goes with a consent that is stated for all"));
    enum nl_status status = nl_wording_normal(text, &out->wording, err);
    out->options.policy.wording = nl_buf_text(&out->wording);
    return status;
}

static enum nl_status read_policy(const json_t *json, struct nl_import_policy *out,
                                  struct nl_error *err) {
    *out = (struct nl_import_policy){.consent = text_of(json, "consent"),
                                     .confirm = is_set(json, "confirm"),
                                     .update = is_set(json, "update")};
    if (out->consent != NULL && out->confirm)
        return nl_error_set(err, NL_DATA,
                            "consent says that they agreed, confirm asks them: give one");
    if (out->consent != NULL && nl_is_blank(out->consent))
        return nl_error_set(err, NL_DATA, NL_TEXT("consent: say where it was given"));
    return out->consent != NULL
               ? nl_text_check_line(out->consent, NL_TEXT_IN("error", "consent"), err)
               : NL_OK;
}

enum nl_status nl_import_wish_read(const struct nl_office *office, const json_t *json,
                                   struct nl_import_wish *out, struct nl_error *err) {
    struct nl_list list = {0};
    *out = (struct nl_import_wish){0};
    enum nl_status status = nl_task_check_members(json, members, err);
    if (status == NL_OK)
        status = read_words(json, &out->options, err);
    if (status == NL_OK)
        status = read_policy(json, &out->options.policy, err);
    if (status == NL_OK)
        status = read_wording(json, out, err);
    if (status == NL_OK)
        status = read_reach(json, out, err);
    if (status == NL_OK)
        status =
            read_pairs(json, "map", nl_import_check_map, &out->maps, &out->options.map_count, err);
    if (status == NL_OK)
        status = read_pairs(json, "states", nl_import_check_state, &out->states,
                            &out->options.state_count, err);
    if (status == NL_OK)
        status = read_ignores(json, out, err);
    if (status == NL_OK && text_of(json, "list") != NULL)
        status = nl_list_find(office->store, text_of(json, "list"), &list, err);
    if (status == NL_OK && text_of(json, NL_TASK_REASONS) != NULL)
        status = nl_catalog_open(office->config->templates, text_of(json, NL_TASK_REASONS),
                                 &out->catalog, err);
    out->options.catalog = out->catalog;
    out->options.maps = (const char *const *)out->maps;
    out->options.states = (const char *const *)out->states;
    out->options.list = list.id;
    out->options.encoding = text_of(json, "encoding");
    out->options.as = text_of(json, "as");
    out->options.keep_columns = is_set(json, "keep_columns");
    out->options.partial = is_set(json, "partial");
    out->options.dry_run = is_set(json, "dry_run");
    nl_list_free(&list);
    if (status != NL_OK)
        nl_import_wish_free(out);
    return status;
}

static void free_texts(char **texts) {
    for (char **text = texts; text != NULL && *text != NULL; text++)
        free(*text);
    free(texts);
}

void nl_import_wish_free(struct nl_import_wish *wish) {
    free_texts(wish->maps);
    free_texts(wish->states);
    free(wish->ignores);
    nl_buf_free(&wish->wording);
    nl_catalog_free(wish->catalog);
    *wish = (struct nl_import_wish){0};
}
