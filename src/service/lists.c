#include "newsletter/service/lists.h"
#include "newsletter/base/memory.h"

#include "newsletter/report/facts.h"
#include "newsletter/store/list.h"

#include <stdlib.h>
#include <string.h>

void nl_list_facts_free(struct nl_list_facts *list) {
    json_decref(list->facts);
    *list = (struct nl_list_facts){0};
}

/* ---- reading ---- */

static enum nl_status facts_of(const struct nl_office *office, const struct nl_list *list,
                               json_t **out, struct nl_error *err) {
    struct nl_list_counts counts = {0};
    enum nl_status status = nl_list_count(office->store, list->id, &counts, err);
    *out =
        status == NL_OK
            ? json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s, s:s?, s:s?, s:s?, "
                        "s:{s:I, s:I, s:I, s:I, s:I}, s:b}",
                        "name", list->name, "title", list->title, "list_id", list->list_id, "from",
                        list->sender, "reply_to", list->reply_to, "owner", list->owner, "language",
                        list->language, "archive_url", list->archive_url, "subscribe_url",
                        list->subscribe_url, "postal_address", list->postal_address,
                        "subscriptions", "active", (json_int_t)counts.active, "pending",
                        (json_int_t)counts.pending, "unsubscribed", (json_int_t)counts.unsubscribed,
                        "bounced", (json_int_t)counts.bounced, "complained",
                        (json_int_t)counts.complained, "private", (int)list->is_private)
            : NULL;
    return status == NL_OK && *out == NULL ? nl_error_nomem(err) : status;
}

/* The settings alone: people come and go without a change of the list. */
static enum nl_status revision_of(json_t *facts, struct nl_revision *out, struct nl_error *err) {
    json_t *settings = json_copy(facts);
    json_object_del(settings, "subscriptions");
    enum nl_status status = nl_revision_of(settings, out, err);
    json_decref(settings);
    return status;
}

static enum nl_status describe(const struct nl_office *office, const struct nl_list *list,
                               struct nl_list_facts *out, struct nl_error *err) {
    enum nl_status status = facts_of(office, list, &out->facts, err);
    return status == NL_OK ? revision_of(out->facts, &out->revision, err) : status;
}

enum nl_status nl_office_list_read(const struct nl_office *office, const char *name,
                                   struct nl_list_facts *out, struct nl_error *err) {
    struct nl_list list = {0};
    *out = (struct nl_list_facts){0};
    enum nl_status status = nl_list_find(office->store, name, &list, err);
    if (status == NL_OK)
        status = describe(office, &list, out, err);
    nl_list_free(&list);
    if (status != NL_OK)
        nl_list_facts_free(out);
    return status;
}

struct gathering {
    const struct nl_office *office;
    json_t *array;
};

static enum nl_status add_list(const struct nl_list *list, void *ctx, struct nl_error *err) {
    const struct gathering *gathering = ctx;
    json_t *facts = NULL;
    enum nl_status status = facts_of(gathering->office, list, &facts, err);
    if (status == NL_OK)
        json_array_append_new(gathering->array, facts);
    return status;
}

enum nl_status nl_office_lists(const struct nl_office *office, json_t **out, struct nl_error *err) {
    struct gathering gathering = {office, json_array()};
    enum nl_status status = nl_list_each(office->store, add_list, &gathering, err);
    *out = status == NL_OK ? gathering.array : NULL;
    if (status != NL_OK)
        json_decref(gathering.array);
    return status;
}

enum nl_status nl_office_list_growth(const struct nl_office *office, const char *name, json_t **out,
                                     struct nl_error *err) {
    struct nl_list list = {0};
    json_t *days = json_array();
    enum nl_status status = nl_list_find(office->store, name, &list, err);
    if (status == NL_OK)
        status = nl_facts_growth(office->store, list.id, days, err);
    nl_list_free(&list);
    *out = status == NL_OK ? days : NULL;
    if (status != NL_OK)
        json_decref(days);
    return status;
}

static enum nl_status add_name(const struct nl_list *list, void *ctx, struct nl_error *err) {
    json_t *one = json_pack("{s:s, s:s}", "name", list->name, "title", list->title);
    return one == NULL || json_array_append_new(ctx, one) != 0 ? nl_error_nomem(err) : NL_OK;
}

enum nl_status nl_office_list_names(const struct nl_office *office, json_t **out,
                                    struct nl_error *err) {
    *out = json_array();
    enum nl_status status = nl_list_each(office->store, add_name, *out, err);
    if (status != NL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}

/* ---- changing ---- */

static enum nl_status apply(struct nl_list *list, const struct nl_list_settings *settings,
                            struct nl_error *err) {
    const struct {
        char **text;
        const char *value;
    } texts[] = {
        {&list->title, settings->title},
        {&list->sender, settings->from},
        {&list->list_id, settings->list_id},
        {&list->reply_to, settings->reply_to},
        {&list->owner, settings->owner},
        {&list->language, settings->language},
        {&list->archive_url, settings->archive_url},
        {&list->subscribe_url, settings->subscribe_url},
        {&list->postal_address, settings->postal_address},
    };
    if (settings->is_private != NULL)
        list->is_private = *settings->is_private;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        nl_office_set_text(texts[i].text, texts[i].value);
    return nl_list_check(list, err);
}

enum nl_status nl_office_public_lists(const struct nl_office *office, char *const *names,
                                      size_t count, struct nl_public_lists *out,
                                      struct nl_error *err) {
    return nl_public_lists_find(office->store, names, count, out, err);
}

enum nl_status nl_office_all_public_lists(const struct nl_office *office,
                                          struct nl_public_lists *out, struct nl_error *err) {
    return nl_public_lists_all(office->store, out, err);
}

enum nl_status nl_office_list_add(const struct nl_office *office, const char *name,
                                  const struct nl_list_settings *settings,
                                  struct nl_list_facts *out, struct nl_error *err) {
    bool open = false;
    struct nl_list list = {.name = nl_strdup(name)};
    *out = (struct nl_list_facts){0};
    enum nl_status status = apply(&list, settings, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_list_add(office->store, &list, err);
    if (status == NL_OK)
        status = nl_office_note(office, "list add", "list", name, 0, err);
    status = nl_office_end(office, open, status, err);
    if (status == NL_OK)
        status = describe(office, &list, out, err);
    nl_list_free(&list);
    if (status != NL_OK)
        nl_list_facts_free(out);
    return status;
}

/* In a transaction, so that what was compared is what is changed. */
static enum nl_status change_within(const struct nl_office *office, const char *name,
                                    const struct nl_list_settings *settings,
                                    const struct nl_revision *expected, bool *stale,
                                    struct nl_error *err) {
    struct nl_list list = {0};
    struct nl_list_facts present = {0};
    enum nl_status status = nl_list_find(office->store, name, &list, err);
    if (status == NL_OK)
        status = describe(office, &list, &present, err);
    if (status == NL_OK)
        *stale = !nl_revision_holds(expected, &present.revision);
    if (status == NL_OK && !*stale)
        status = apply(&list, settings, err);
    if (status == NL_OK && !*stale)
        status = nl_list_update(office->store, &list, err);
    if (status == NL_OK && !*stale)
        status = nl_office_note(office, "list change", "list", list.name, 0, err);
    nl_list_facts_free(&present);
    nl_list_free(&list);
    return status;
}

enum nl_status nl_office_list_change(const struct nl_office *office, const char *name,
                                     const struct nl_list_settings *settings,
                                     const struct nl_revision *expected, bool *stale,
                                     struct nl_error *err) {
    *stale = false;
    bool open = false;
    enum nl_status status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = change_within(office, name, settings, expected, stale, err);
    return nl_office_end(office, open, status, err);
}

/* ---- renaming and removing ---- */

enum nl_status nl_office_list_burden(const struct nl_office *office, const char *name,
                                     struct nl_list_burden *out, struct nl_error *err) {
    struct nl_list list = {0};
    struct nl_list_counts counts = {0};
    struct nl_list_remains remains = {0};
    *out = (struct nl_list_burden){0};
    enum nl_status status = nl_list_find(office->store, name, &list, err);
    if (status == NL_OK)
        status = nl_list_count(office->store, list.id, &counts, err);
    if (status == NL_OK)
        status = nl_list_remains(office->store, list.id, &remains, err);
    if (status == NL_OK)
        status = facts_of(office, &list, &out->facts, err);
    out->active = counts.active;
    out->pending = counts.pending;
    out->left = counts.unsubscribed + counts.bounced + counts.complained;
    out->issues = remains.issues;
    out->drafts = remains.drafts;
    out->people = remains.people;
    nl_list_free(&list);
    return status;
}

enum nl_status nl_office_list_rename(const struct nl_office *office, const char *name,
                                     const char *other, struct nl_error *err) {
    bool open = false;
    struct nl_list list = {0};
    enum nl_status status = nl_list_find(office->store, name, &list, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_list_rename(office->store, list.id, other, err);
    if (status == NL_OK)
        status = nl_office_note(office, "list rename", "list", name, 0, err);
    status = nl_office_end(office, open, status, err);
    nl_list_free(&list);
    return status;
}

enum nl_status nl_office_list_remove(const struct nl_office *office, const char *name,
                                     struct nl_error *err) {
    bool open = false;
    struct nl_list list = {0};
    enum nl_status status = nl_list_find(office->store, name, &list, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_list_remove(office->store, list.id, err);
    if (status == NL_OK)
        status = nl_office_note(office, "list remove", "list", name, 0, err);
    status = nl_office_end(office, open, status, err);
    nl_list_free(&list);
    return status;
}
