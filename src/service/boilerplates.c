#include "newsletter/service/boilerplates.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/bulletin/front_fields.h"
#include "newsletter/store/boilerplate.h"
#include "newsletter/store/draft.h"
#include "newsletter/store/list.h"
#include "service/draft_change.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static json_t *facts_of(const struct nl_boilerplate *item) {
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:s}", "id", (json_int_t)item->id, "kind",
                     item->kind, "name", item->name, "language", item->language, "list",
                     item->list_name != NULL ? item->list_name : "", "revision",
                     (json_int_t)item->revision, "updated_at", (json_int_t)item->updated_at,
                     "updated_by", item->updated_by);
}

static enum nl_status note(const struct nl_boilerplate *item, void *ctx, struct nl_error *err) {
    return json_array_append_new(ctx, facts_of(item)) == 0 ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_office_boilerplates(const struct nl_office *office, json_t **out,
                                      struct nl_error *err) {
    json_t *array = json_array();
    enum nl_status status = nl_boilerplates_each(office->store, 0, note, array, err);
    *out = status == NL_OK ? array : NULL;
    if (status != NL_OK)
        json_decref(array);
    return status;
}

static enum nl_status keep_one(const struct nl_boilerplate *item, void *ctx, struct nl_error *err) {
    json_t **out = ctx;
    *out = facts_of(item);
    return json_object_set_new(*out, "source", json_string(item->source)) == 0
               ? NL_OK
               : nl_error_nomem(err);
}

enum nl_status nl_office_boilerplate_read(const struct nl_office *office, int64_t id, json_t **out,
                                          struct nl_error *err) {
    *out = NULL;
    enum nl_status status =
        id > 0 ? nl_boilerplates_each(office->store, id, keep_one, out, err) : NL_OK;
    if (status == NL_OK && *out == NULL)
        status = nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such snippet or template"));
    if (status != NL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}

/* ---- keeping ---- */

static enum nl_status check_wish(const struct nl_boilerplate_wish *wish, struct nl_error *err) {
    const char *language = wish->language != NULL ? wish->language : "";
    if (strcmp(wish->kind, "snippet") != 0 && strcmp(wish->kind, "template") != 0)
        return nl_error_set(err, NL_DATA, "'%s' is not a kind: use snippet or template",
                            wish->kind);
    if (wish->name[0] == '\0' || strlen(wish->name) > NL_BOILERPLATE_NAME)
        return nl_error_set(err, NL_DATA, "give it a name of at most %d bytes",
                            (int)NL_BOILERPLATE_NAME);
    if (language[0] != '\0' && !nl_draft_is_language(language))
        return nl_error_set(err, NL_DATA, NL_TEXT("'%s' is not a language tag such as en or kk"),
                            language);
    return nl_text_check_line(wish->name, NL_TEXT_IN("error", "the name"), err);
}

enum nl_status nl_office_boilerplate_save(const struct nl_office *office,
                                          const struct nl_boilerplate_wish *wish, int64_t *id,
                                          bool *stale, struct nl_error *err) {
    struct nl_buf source = {0};
    struct nl_list list = {0};
    *id = 0;
    *stale = false;
    enum nl_status status = check_wish(wish, err);
    if (status == NL_OK && wish->list != NULL && wish->list[0] != '\0')
        status = nl_list_find(office->store, wish->list, &list, err);
    if (status == NL_OK)
        status = nl_draft_take_text(wish->source, strlen(wish->source), wish->name, &source, err);
    const struct nl_boilerplate item = {
        .id = wish->id,
        .kind = wish->kind,
        .name = wish->name,
        .language = wish->language != NULL ? wish->language : "",
        .list = list.id,
        .source = nl_buf_text(&source),
        .revision = wish->revision,
    };
    if (status == NL_OK)
        status = nl_boilerplate_put(office->store, &item, office->by, id, stale, err);
    if (*stale) {
        nl_error_free(err);
        status = NL_OK;
    }
    nl_list_free(&list);
    nl_buf_free(&source);
    return status;
}

enum nl_status nl_office_boilerplate_remove(const struct nl_office *office, int64_t id,
                                            struct nl_error *err) {
    return nl_boilerplate_remove(office->store, id, office->by, err);
}

/* ---- from a draft, and into one ---- */

struct finding {
    const char *name, *language;
    int64_t id;
};

static enum nl_status find_template(const struct nl_boilerplate *item, void *ctx,
                                    struct nl_error *err) {
    struct finding *finding = ctx;
    (void)err;
    if (strcmp(item->kind, "template") == 0 && strcmp(item->name, finding->name) == 0 &&
        strcmp(item->language, finding->language) == 0)
        finding->id = item->id;
    return NL_OK;
}

enum nl_status nl_office_boilerplate_of_draft(const struct nl_office *office, int64_t draft,
                                              const char *name, struct nl_error *err) {
    json_t *all = NULL;
    const json_t *text = NULL;
    size_t at = 0;
    enum nl_status status = nl_office_draft_read(office, draft, &all, err);
    json_array_foreach(json_object_get(all, "texts"), at, text) {
        int64_t id = 0;
        bool stale = false;
        struct finding finding = {name, json_string_value(json_object_get(text, "language")), 0};
        if (status == NL_OK)
            status = nl_boilerplates_each(office->store, 0, find_template, &finding, err);
        const struct nl_boilerplate_wish wish = {
            .id = finding.id,
            .kind = "template",
            .name = name,
            .language = finding.language,
            .list = json_string_value(json_object_get(all, "list")),
            .source = json_string_value(json_object_get(text, "source")),
        };
        if (status == NL_OK)
            status = nl_office_boilerplate_save(office, &wish, &id, &stale, err);
    }
    json_decref(all);
    return status;
}

static enum nl_status put_in(const char *snippet, const char *source, struct nl_buf *out,
                             struct nl_error *err) {
    struct nl_front_fields from = {0};
    struct nl_front_fields into = {0};
    enum nl_status status = nl_front_fields_read(snippet, &from, err);
    if (status == NL_OK)
        status = nl_front_fields_read(source, &into, err);
    for (size_t i = NL_FRONT_CONTACT_PERSON; status == NL_OK && i < NL_FRONT_FIELDS; i++)
        if (from.values[i] != NULL && from.values[i][0] != '\0')
            nl_front_fields_set(&into, (enum nl_front_field)i, from.values[i]);
    if (status == NL_OK) {
        const char *text = nl_buf_text(&from.body);
        text += strspn(text, "\n");
        if (text[0] != '\0' && into.body.len > 0)
            nl_buf_adds(&into.body, into.body.data[into.body.len - 1] == '\n' ? "\n" : "\n\n");
        nl_buf_adds(&into.body, text);
        nl_front_fields_write(&into, source, out);
    }
    nl_front_fields_free(&from);
    nl_front_fields_free(&into);
    return status;
}

enum nl_status nl_office_boilerplate_insert(const struct nl_office *office, int64_t id,
                                            const char *source, struct nl_buf *out,
                                            struct nl_error *err) {
    json_t *item = NULL;
    enum nl_status status = nl_office_boilerplate_read(office, id, &item, err);
    if (status == NL_OK && strcmp(json_string_value(json_object_get(item, "kind")), "snippet") != 0)
        status = nl_error_set(
            err, NL_DATA,
            NL_TEXT("a template cannot be inserted as a snippet: begin an issue with it"));
    if (status == NL_OK)
        status = put_in(json_string_value(json_object_get(item, "source")), source, out, err);
    json_decref(item);
    return status;
}
