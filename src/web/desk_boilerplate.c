#include "newsletter/base/catalog.h"
#include "newsletter/base/zone.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/boilerplates.h"
#include "newsletter/service/lists.h"
#include "newsletter/template/data.h"
#include "web/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Snippets and templates: what an account may write to, it may keep texts for. Those for all lists
 * are seen by all who write, and changed by those who may write everywhere. */

static enum nl_status may_use(const struct nl_staff_call *call, const char *list, bool change,
                              bool *ok, struct nl_error *err) {
    *ok = !change || nl_role_may(call->session->role, NL_POWER_WRITE);
    return list[0] == '\0'
               ? NL_OK
               : nl_staff_may(call->staff, call->session, list, NL_POWER_WRITE, ok, err);
}

/* Whether the account may write to any list at all. */
static enum nl_status writes_anywhere(const struct nl_staff_call *call, bool *ok,
                                      struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    json_t *lists = NULL;
    json_t *list = NULL;
    size_t at = 0;
    enum nl_status status = nl_office_list_names(&office, &lists, err);
    *ok = nl_role_may(call->session->role, NL_POWER_WRITE);
    json_array_foreach(lists, at, list) {
        bool may = false;
        if (status == NL_OK && !*ok)
            status = may_use(call, nl_facts_word(list, "name"), true, &may, err);
        *ok = *ok || may;
    }
    json_decref(lists);
    return status;
}

static void dress(json_t *item) {
    char text[NL_ZONE_TEXT_LEN];
    nl_zone_text(nl_facts_number(item, "updated_at"), NULL, text);
    nl_data_set(item, "when", text);
    snprintf(text, sizeof text, "%lld", (long long)nl_facts_number(item, "id"));
    nl_data_set(item, "number", text);
    json_object_set_new(item, "snippet",
                        json_boolean(strcmp(nl_facts_word(item, "kind"), "snippet") == 0));
}

/* Keeps those of one kind (NULL: of each) that may be used for a list (NULL: for any). */
static enum nl_status usable(const struct nl_staff_call *call, const char *kind, const char *list,
                             json_t **out, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    enum nl_status status = nl_office_boilerplates(&office, out, err);
    for (size_t i = json_array_size(*out); status == NL_OK && i > 0; i--) {
        json_t *item = json_array_get(*out, i - 1);
        const char *own = nl_facts_word(item, "list");
        bool ok = false;
        status = may_use(call, own, false, &ok, err);
        if (!ok || (kind != NULL && strcmp(nl_facts_word(item, "kind"), kind) != 0) ||
            (list != NULL && own[0] != '\0' && strcmp(own, list) != 0))
            json_array_remove(*out, i - 1);
        else
            dress(item);
    }
    return status;
}

/* Lists that the account may write to, as choices; `chosen` is one of them or "". */
static enum nl_status add_lists(const struct nl_staff_call *call, const char *chosen,
                                struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    json_t *lists = NULL;
    enum nl_status status = nl_office_list_names(&office, &lists, err);
    for (size_t i = json_array_size(lists); status == NL_OK && i > 0; i--) {
        json_t *list = json_array_get(lists, i - 1);
        bool may = false;
        status = may_use(call, nl_facts_word(list, "name"), true, &may, err);
        if (!may)
            json_array_remove(lists, i - 1);
        else
            json_object_set_new(list, "chosen",
                                json_boolean(strcmp(nl_facts_word(list, "name"), chosen) == 0));
    }
    json_object_set_new(call->data, "lists", lists != NULL ? lists : json_array());
    json_object_set_new(call->data, "everywhere",
                        json_boolean(nl_role_may(call->session->role, NL_POWER_WRITE)));
    return status;
}

/* ---- within a draft ---- */

enum nl_status nl_desk_snippets(const struct nl_desk *desk, json_t *data) {
    json_t *items = NULL;
    json_t *item = NULL;
    size_t at = 0;
    enum nl_status status =
        usable(desk->call, "snippet", json_string_value(json_object_get(desk->draft, "list")),
               &items, desk->err);
    /* those of the language that is written come first, others below */
    json_t *own = json_array();
    for (int pass = 0; pass < 2; pass++)
        json_array_foreach(items, at, item) {
            const char *language = nl_facts_word(item, "language");
            bool fits = language[0] == '\0' || strcmp(language, desk->text) == 0;
            if (fits == (pass == 0))
                json_array_append(own, item);
        }
    json_decref(items);
    json_object_set_new(data, "any_snippets", json_boolean(json_array_size(own) > 0));
    json_object_set_new(data, "snippets", own);
    return status;
}

enum nl_status nl_desk_snippet_check(const struct nl_desk *desk, int64_t id) {
    json_t *item = NULL;
    bool ok = false;
    enum nl_status status = nl_office_boilerplate_read(&desk->office, id, &item, desk->err);
    if (status == NL_OK)
        status = may_use(desk->call, nl_facts_word(item, "list"), false, &ok, desk->err);
    if (status == NL_OK && !ok)
        status =
            nl_error_set(desk->err, NL_NOTFOUND, NL_TEXT("there is no such snippet or template"));
    json_decref(item);
    return status;
}

/* ---- all of them ---- */

enum nl_status nl_desk_templates(const struct nl_staff_call *call, struct nl_error *err) {
    json_t *items = NULL;
    json_t *names = json_array();
    json_t *item = NULL;
    size_t at = 0;
    const char *last = "";
    enum nl_status status = usable(call, "template", NULL, &items, err);
    json_array_foreach(items, at, item) {
        const char *name = nl_facts_word(item, "name");
        if (strcmp(name, last) != 0)
            json_array_append_new(names, json_pack("{s:s}", "name", name));
        last = name;
    }
    json_object_set_new(call->data, "any_templates", json_boolean(json_array_size(names) > 0));
    json_object_set_new(call->data, "templates", names);
    json_decref(items);
    return status;
}

static enum nl_status show_all(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err) {
    json_t *items = NULL;
    const char *chosen = nl_site_field(call->request, "list");
    enum nl_status status = usable(call, NULL, NULL, &items, err);
    if (status == NL_OK)
        status = add_lists(call, chosen, err);
    nl_staff_say(call, "heading", NL_TEXT("Snippets and templates"));
    nl_data_set(call->data, "desk", "desk");
    if (nl_request_query(call->request, "done") != NULL)
        nl_staff_say(call, "done", NL_TEXT("Done."));
    nl_data_set(call->data, "name", nl_site_field(call->request, "name"));
    nl_data_set(call->data, "text_language", nl_site_field(call->request, "language"));
    nl_data_set(call->data, "source", nl_site_field(call->request, "source"));
    json_object_set_new(
        call->data, "template",
        json_boolean(strcmp(nl_site_field(call->request, "kind"), "template") == 0));
    nl_staff_show_rows(call, "items", items);
    return nl_staff_finish(call, status, "staff-boilerplates.html", response, err);
}

static enum nl_status show_one(struct nl_staff_call *call, const json_t *item,
                               struct nl_response *response, struct nl_error *err) {
    bool typed = nl_request_is_post(call->request);
    bool may = false;
    char number[24];
    const char *list = typed ? nl_site_field(call->request, "list") : nl_facts_word(item, "list");
    enum nl_status status = may_use(call, nl_facts_word(item, "list"), true, &may, err);
    if (status == NL_OK)
        status = add_lists(call, list, err);
    nl_data_set(call->data, "heading", nl_facts_word(item, "name"));
    nl_data_set(call->data, "desk", "desk");
    snprintf(number, sizeof number, "%lld", (long long)nl_facts_number(item, "id"));
    nl_data_set(call->data, "number", number);
    nl_data_set(call->data, "text_language",
                typed ? nl_site_field(call->request, "language") : nl_facts_word(item, "language"));
    static const char *const texts[] = {"kind", "name", "source"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        nl_data_set(call->data, texts[i],
                    typed ? nl_site_field(call->request, texts[i]) : nl_facts_word(item, texts[i]));
    snprintf(number, sizeof number, "%lld", (long long)nl_facts_number(item, "revision"));
    nl_data_set(call->data, "revision", typed ? nl_site_field(call->request, "revision") : number);
    json_object_set_new(call->data, "template",
                        json_boolean(strcmp(nl_facts_word(call->data, "kind"), "template") == 0));
    json_object_set_new(call->data, "may_change", json_boolean(may));
    return nl_staff_finish(call, status, "staff-boilerplate.html", response, err);
}

/* ---- changing ---- */

static enum nl_status save(const struct nl_staff_call *call, int64_t id, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const struct nl_boilerplate_wish wish = {
        .id = id,
        .kind = nl_site_field(call->request, "kind"),
        .name = nl_site_field(call->request, "name"),
        .language = nl_site_field(call->request, "language"),
        .list = nl_site_field(call->request, "list"),
        .source = nl_site_field(call->request, "source"),
        .revision = strtoll(nl_site_field(call->request, "revision"), NULL, 10),
    };
    bool ok = false;
    bool stale = false;
    int64_t made = 0;
    enum nl_status status = may_use(call, wish.list, true, &ok, err);
    if (status == NL_OK && !ok)
        status = nl_error_set(err, NL_DATA, "%s",
                              nl_staff_text(call, NL_TEXT("Your account may not do this. Ask an "
                                                          "administrator.")));
    if (status == NL_OK)
        status = nl_office_boilerplate_save(&office, &wish, &made, &stale, err);
    return status == NL_OK && stale
               ? nl_error_set(err, NL_EXISTS,
                              NL_TEXT("somebody else has changed it meanwhile: look at it again"))
               : status;
}

static enum nl_status act(struct nl_staff_call *call, const json_t *item,
                          struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    int64_t id = item != NULL ? nl_facts_number(item, "id") : 0;
    bool may = item == NULL;
    bool remove = item != NULL && strcmp(nl_site_field(call->request, "action"), "remove") == 0;
    enum nl_status status =
        item != NULL ? may_use(call, nl_facts_word(item, "list"), true, &may, err) : NL_OK;
    if (status == NL_OK && !may)
        return nl_staff_forbidden(call, response, err);
    if (status == NL_OK)
        status = remove ? nl_office_boilerplate_remove(&office, id, err) : save(call, id, err);
    if (status != NL_OK && nl_staff_explains(call, status, response, err))
        return item != NULL ? show_one(call, item, response, err) : show_all(call, response, err);
    json_decref(call->data);
    return status == NL_OK ? nl_staff_redirect(call->staff, "/boilerplates?done=1", response, err)
                           : status;
}

enum nl_status nl_boilerplates_call(struct nl_staff_call *call, const char *rest,
                                    struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    bool post = nl_request_is_post(call->request);
    json_t *item = NULL;
    bool ok = false;
    enum nl_status status = writes_anywhere(call, &ok, err);
    if (status != NL_OK) {
        json_decref(call->data);
        return status;
    }
    if (!ok)
        return nl_staff_no_page(call, response, err);
    if (rest[0] == '\0')
        return post ? act(call, NULL, response, err) : show_all(call, response, err);
    char *end = NULL;
    int64_t id = strtoll(rest + 1, &end, 10);
    status = nl_office_boilerplate_read(&office, *end == '\0' ? id : 0, &item, err);
    if (status == NL_OK)
        status = may_use(call, nl_facts_word(item, "list"), false, &ok, err);
    if (status == NL_NOTFOUND)
        nl_error_free(err);
    if (status == NL_NOTFOUND || (status == NL_OK && !ok))
        status = nl_staff_no_page(call, response, err);
    else if (status == NL_OK)
        status = post ? act(call, item, response, err) : show_one(call, item, response, err);
    else
        json_decref(call->data);
    json_decref(item);
    return status;
}
