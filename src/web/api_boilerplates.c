#include "newsletter/service/boilerplates.h"
#include "web/api.h"

#include <string.h>

/* A token that is good for some lists sees what is for all of them, and changes only its own. */
static bool may_use(const struct nl_api_call *call, const char *list, bool change) {
    return (list == NULL || list[0] == '\0') ? !change || call->token.lists[0] == '\0'
                                             : nl_api_may_list(call, list);
}

static enum nl_status refuse(const struct nl_api_call *call, struct nl_error *err) {
    return nl_api_problem(call, 403, "Forbidden", "This token is valid for other lists only.", err);
}

enum nl_status nl_api_get_boilerplates(struct nl_api_call *call, struct nl_error *err) {
    json_t *all = NULL;
    json_t *own = json_array();
    size_t at = 0;
    json_t *item = NULL;
    enum nl_status status = nl_office_boilerplates(&call->office, &all, err);
    json_array_foreach(all, at, item) {
        if (may_use(call, nl_api_text(item, "list"), false))
            json_array_append(own, item);
    }
    json_decref(all);
    return nl_api_answer_named(call, status, "boilerplates", own, err);
}

/* One that the token may use; otherwise it is answered why not, *status says how, and *out is
 * NULL. */
static bool find(struct nl_api_call *call, int64_t id, bool change, json_t **out,
                 enum nl_status *status, struct nl_error *err) {
    *status = nl_office_boilerplate_read(&call->office, id, out, err);
    if (*status == NL_OK && may_use(call, nl_api_text(*out, "list"), change))
        return true;
    *status = *status == NL_OK ? refuse(call, err) : nl_api_failed(call, *status, err);
    json_decref(*out);
    *out = NULL;
    return false;
}

static enum nl_status answer_one(struct nl_api_call *call, int code, int64_t id,
                                 struct nl_error *err) {
    json_t *item = NULL;
    enum nl_status status = NL_OK;
    return find(call, id, false, &item, &status, err)
               ? nl_api_answer_read(call, NL_OK, code, item, err)
               : status;
}

enum nl_status nl_api_get_boilerplate(struct nl_api_call *call, struct nl_error *err) {
    return answer_one(call, 200, call->id, err);
}

/* `item` is what is to be changed; NULL for a new one. */
static enum nl_status save(struct nl_api_call *call, const json_t *item, struct nl_error *err) {
    static const struct nl_api_member members[] = {
        {"kind", 'S'}, {"name", 'S'}, {"language", 's'}, {"list", 's'}, {"source", 'S'}, {0}};
    struct nl_revision expected;
    struct nl_revision present = {""};
    bool stale = false;
    int64_t id = 0;
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    if (!may_use(call, nl_api_text(call->body, "list"), true))
        return refuse(call, err);
    nl_api_expected(call, &expected);
    if (item != NULL)
        status = nl_revision_of(item, &present, err);
    if (status == NL_OK && item != NULL && !nl_revision_holds(&expected, &present))
        return nl_api_stale(call, err);
    const struct nl_boilerplate_wish wish = {
        .id = item != NULL ? call->id : 0,
        .kind = nl_api_text(call->body, "kind"),
        .name = nl_api_text(call->body, "name"),
        .language = nl_api_text(call->body, "language"),
        .list = nl_api_text(call->body, "list"),
        .source = nl_api_text(call->body, "source"),
        .revision = expected.text[0] != '\0' && item != NULL
                        ? json_integer_value(json_object_get(item, "revision"))
                        : 0,
    };
    if (status == NL_OK)
        status = nl_office_boilerplate_save(&call->office, &wish, &id, &stale, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    if (stale)
        return nl_api_stale(call, err);
    if (item == NULL)
        nl_api_locate_number(call, "boilerplates", id);
    return answer_one(call, item == NULL ? 201 : 200, id, err);
}

enum nl_status nl_api_add_boilerplate(struct nl_api_call *call, struct nl_error *err) {
    return save(call, NULL, err);
}

enum nl_status nl_api_put_boilerplate(struct nl_api_call *call, struct nl_error *err) {
    json_t *item = NULL;
    enum nl_status status = NL_OK;
    if (find(call, call->id, true, &item, &status, err))
        status = save(call, item, err);
    json_decref(item);
    return status;
}

enum nl_status nl_api_remove_boilerplate(struct nl_api_call *call, struct nl_error *err) {
    json_t *item = NULL;
    enum nl_status status = NL_OK;
    if (!find(call, call->id, true, &item, &status, err))
        return status;
    json_decref(item);
    status = nl_office_boilerplate_remove(&call->office, call->id, err);
    return status == NL_OK ? nl_api_answer_nothing(call) : nl_api_failed(call, status, err);
}
