#include "newsletter/report/facts.h"
#include "newsletter/service/lists.h"
#include "newsletter/service/reconfirming.h"
#include "newsletter/web/mailer.h"
#include "web/api.h"

#include <string.h>

static const struct nl_api_member settings_members[] = {{"title", 's'},
                                                        {"sender", 's'},
                                                        {"list_id", 's'},
                                                        {"reply_to", 'z'},
                                                        {"owner", 'z'},
                                                        {"language", 's'},
                                                        {"archive_url", 'z'},
                                                        {"subscribe_url", 'z'},
                                                        {"postal_address", 'z'},
                                                        {"private", 'b'},
                                                        {0}};
static const struct nl_api_member new_members[] = {
    {"name", 'S'},          {"title", 's'},          {"sender", 'S'},   {"list_id", 's'},
    {"reply_to", 'z'},      {"owner", 'z'},          {"language", 's'}, {"archive_url", 'z'},
    {"subscribe_url", 'z'}, {"postal_address", 'z'}, {"private", 'b'},  {0}};

/* The API has always said "sender". Takes `facts`. */
static json_t *worded(json_t *facts) {
    json_object_set(facts, "sender", json_object_get(facts, "from"));
    json_object_del(facts, "from");
    return facts;
}

static struct nl_list_settings settings_of(const json_t *body, bool *is_private) {
    const json_t *private = json_object_get(body, "private");
    *is_private = json_is_true(private);
    return (struct nl_list_settings){
        .title = nl_api_text(body, "title"),
        .from = nl_api_text(body, "sender"),
        .list_id = nl_api_text(body, "list_id"),
        .reply_to = nl_api_text(body, "reply_to"),
        .owner = nl_api_text(body, "owner"),
        .language = nl_api_text(body, "language"),
        .archive_url = nl_api_text(body, "archive_url"),
        .subscribe_url = nl_api_text(body, "subscribe_url"),
        .postal_address = nl_api_text(body, "postal_address"),
        .is_private = private != NULL ? is_private : NULL,
    };
}

enum nl_status nl_api_get_lists(struct nl_api_call *call, struct nl_error *err) {
    json_t *all = NULL;
    json_t *mine = json_array();
    enum nl_status status = nl_office_lists(&call->office, &all, err);
    for (size_t i = 0; status == NL_OK && i < json_array_size(all); i++) {
        json_t *list = json_array_get(all, i);
        if (nl_api_may_list(call, nl_facts_word(list, "name")))
            json_array_append(mine, worded(list));
    }
    json_decref(all);
    return nl_api_answer_named(call, status, "lists", mine, err);
}

static enum nl_status answer_list(struct nl_api_call *call, int code, const char *name,
                                  struct nl_error *err) {
    struct nl_list_facts list = {0};
    enum nl_status status = nl_office_list_read(&call->office, name, &list, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    status =
        nl_api_answer_revised(call, code, worded(json_incref(list.facts)), &list.revision, err);
    nl_list_facts_free(&list);
    return status;
}

enum nl_status nl_api_get_list(struct nl_api_call *call, struct nl_error *err) {
    return answer_list(call, 200, call->words[1], err);
}

enum nl_status nl_api_get_growth(struct nl_api_call *call, struct nl_error *err) {
    json_t *days = NULL;
    enum nl_status status = nl_office_list_growth(&call->office, call->words[1], &days, err);
    return nl_api_answer_named(call, status, "days", days, err);
}

enum nl_status nl_api_add_list(struct nl_api_call *call, struct nl_error *err) {
    struct nl_list_facts added = {0};
    bool is_private = false;
    const struct nl_list_settings settings = settings_of(call->body, &is_private);
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", new_members, &status, err))
        return status;
    const char *name = nl_api_text(call->body, "name");
    status = nl_office_list_add(&call->office, name, &settings, &added, err);
    nl_list_facts_free(&added);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    nl_api_locate(call, "lists", name);
    return answer_list(call, 201, name, err);
}

enum nl_status nl_api_change_list(struct nl_api_call *call, struct nl_error *err) {
    bool is_private = false;
    bool stale = false;
    struct nl_revision expected;
    const struct nl_list_settings settings = settings_of(call->body, &is_private);
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", settings_members, &status, err))
        return status;
    nl_api_expected(call, &expected);
    status =
        nl_office_list_change(&call->office, call->words[1], &settings, &expected, &stale, err);
    return status != NL_OK ? nl_api_failed(call, status, err)
           : stale         ? nl_api_stale(call, err)
                           : answer_list(call, 200, call->words[1], err);
}

enum nl_status nl_api_rename_list(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"name", 'S'}, {0}};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    const char *name = nl_api_text(call->body, "name");
    status = nl_office_list_rename(&call->office, call->words[1], name, err);
    return status == NL_OK ? answer_list(call, 200, name, err) : nl_api_failed(call, status, err);
}

enum nl_status nl_api_reconfirm(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {
        {"where", 's'}, {"segment", 's'}, {"count_only", 'b'}, {0}};
    struct nl_reconfirmed asked = {0};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    const struct nl_reconfirming wanted = {
        .list = call->words[1],
        .where = nl_api_text(call->body, "where"),
        .segment = nl_api_text(call->body, "segment"),
        .limit = NL_RECONFIRM_MOST,
        .count_only = json_is_true(json_object_get(call->body, "count_only")),
    };
    status = nl_office_reconfirm(&call->office, &wanted, &asked, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    if (call->staff->notices != NULL && !wanted.count_only)
        nl_mailer_wake_fully(call->staff->notices);
    return nl_api_answer(call, 200,
                         json_pack("{s:I, s:I, s:b, s:o}", "people", (json_int_t)asked.people,
                                   "left", (json_int_t)asked.left, "asked",
                                   !wanted.count_only && asked.people > 0, "answer_by",
                                   nl_facts_time(asked.by)),
                         err);
}

/* Everything goes with a list, so its name is asked for twice. */
enum nl_status nl_api_remove_list(struct nl_api_call *call, struct nl_error *err) {
    const char *sure = nl_request_query(call->request, "sure");
    if (sure == NULL || strcmp(sure, call->words[1]) != 0)
        return nl_api_bad_value(call,
                                "All issues and subscriptions of the list would be removed: repeat "
                                "its name as ?sure=NAME.",
                                err);
    enum nl_status status = nl_office_list_remove(&call->office, call->words[1], err);
    if (status == NL_BUSY)
        status = err->status = NL_EXISTS; /* an issue of it is on its way */
    return status == NL_OK ? nl_api_answer_nothing(call) : nl_api_failed(call, status, err);
}
