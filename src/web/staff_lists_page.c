#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/lists.h"
#include "newsletter/template/data.h"
#include "web/staff_list.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The settings of lists. An account that administers some lists sees and changes those. */

static const struct setting {
    const char *name, *label, *type;
    size_t at; /* in struct nl_list_settings */
    int most;
} settings[] = {
    {"title", NL_TEXT("Title"), "text", offsetof(struct nl_list_settings, title), 200},
    {"from", NL_TEXT("Sender"), "text", offsetof(struct nl_list_settings, from), 400},
    {"reply_to", NL_TEXT("Address for answers (optional)"), "text",
     offsetof(struct nl_list_settings, reply_to), 400},
    {"owner", NL_TEXT("Address of the person in charge of the list (optional)"), "text",
     offsetof(struct nl_list_settings, owner), 400},
    {"language", NL_TEXT("Language, such as en or kk (optional)"), "text",
     offsetof(struct nl_list_settings, language), 35},
    {"postal_address", NL_TEXT("Postal address, at the end of each mail"), "text",
     offsetof(struct nl_list_settings, postal_address), 400},
    {"archive_url", NL_TEXT("Address of the archive (optional)"), "url",
     offsetof(struct nl_list_settings, archive_url), 400},
    {"subscribe_url", NL_TEXT("Address of the page for joining (optional)"), "url",
     offsetof(struct nl_list_settings, subscribe_url), 400},
    {"list_id", "List-Id", "text", offsetof(struct nl_list_settings, list_id), 200},
};
enum { PATH_LEN = 128 }; /* longer than any name, with what follows it */
enum { SETTINGS = sizeof settings / sizeof settings[0] };

/* The text in the form, once it was sent; until then the setting of the list. */
static const char *value_of(const struct nl_staff_call *call, const json_t *facts,
                            const char *name) {
    const char *typed = nl_request_form(call->request, name);
    return typed != NULL ? typed : nl_facts_word(facts, name);
}

static void add_fields(const struct nl_staff_call *call, const json_t *facts) {
    json_t *fields = json_array();
    for (size_t i = 0; i < SETTINGS; i++) {
        json_t *field = json_object();
        nl_data_set(field, "name", settings[i].name);
        nl_data_set(field, "label", nl_staff_text(call, settings[i].label));
        json_object_set_new(field, "sender", json_boolean(strcmp(settings[i].name, "from") == 0));
        nl_data_set(field, "type", settings[i].type);
        nl_data_set(field, "value", value_of(call, facts, settings[i].name));
        json_object_set_new(field, "most", json_integer(settings[i].most));
        json_array_append_new(fields, field);
    }
    json_object_set_new(call->data, "fields", fields);
    bool sent = strcmp(nl_site_field(call->request, "action"), "save") == 0;
    json_object_set_new(call->data, "private",
                        json_boolean(sent ? nl_request_form(call->request, "private") != NULL
                                          : json_is_true(json_object_get(facts, "private"))));
}

/* Settings as the form has them; an empty one is removed. */
static void read_form(const struct nl_staff_call *call, struct nl_list_settings *out,
                      bool *is_private) {
    *is_private = nl_request_form(call->request, "private") != NULL;
    out->is_private = is_private;
    for (size_t i = 0; i < SETTINGS; i++)
        *(const char **)((char *)out + settings[i].at) =
            nl_request_form(call->request, settings[i].name);
}

/* ---- all lists ---- */

static enum nl_status keep_administered(const struct nl_staff_call *call, json_t *lists,
                                        struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = json_array_size(lists); status == NL_OK && i > 0; i--) {
        bool ok = false;
        status = nl_staff_may(call->staff, call->session,
                              nl_facts_word(json_array_get(lists, i - 1), "name"),
                              NL_POWER_ADMINISTER, &ok, err);
        if (!ok)
            json_array_remove(lists, i - 1);
    }
    return status;
}

static enum nl_status show_all(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    bool administrator = nl_role_may(call->session->role, NL_POWER_ADMINISTER);
    json_t *lists = NULL;
    enum nl_status status = nl_office_lists(&office, &lists, err);
    if (status == NL_OK)
        status = keep_administered(call, lists, err);
    if (status == NL_OK && !administrator && json_array_size(lists) == 0) {
        json_decref(lists);
        return nl_staff_forbidden(call, response, err);
    }
    nl_staff_say(call, "heading", NL_TEXT("Lists"));
    if (nl_request_query(call->request, "done") != NULL)
        nl_staff_say(call, "done", NL_TEXT("Done."));
    json_object_set_new(call->data, "all", lists);
    json_object_set_new(call->data, "may_add", json_boolean(administrator));
    nl_data_set(call->data, "new_name", nl_site_field(call->request, "name"));
    nl_data_set(call->data, "new_title", nl_site_field(call->request, "title"));
    nl_data_set(call->data, "new_from", nl_site_field(call->request, "from"));
    return nl_staff_finish(call, status, "staff-lists.html", response, err);
}

static enum nl_status add(struct nl_staff_call *call, struct nl_response *response,
                          struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *title = nl_site_field(call->request, "title");
    const struct nl_list_settings wanted = {.title = title[0] != '\0' ? title : NULL,
                                            .from = nl_site_field(call->request, "from")};
    struct nl_list_facts added = {0};
    if (!nl_role_may(call->session->role, NL_POWER_ADMINISTER))
        return nl_staff_forbidden(call, response, err);
    enum nl_status status =
        nl_office_list_add(&office, nl_site_field(call->request, "name"), &wanted, &added, err);
    nl_list_facts_free(&added);
    if (status != NL_OK && nl_staff_explains(call, status, response, err))
        return show_all(call, response, err);
    json_decref(call->data);
    return status == NL_OK ? nl_staff_redirect(call->staff, "/lists?done=1", response, err)
                           : status;
}

/* ---- one list ---- */

static enum nl_status show_one(struct nl_staff_call *call, const char *name,
                               struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct nl_list_facts list = {0};
    struct nl_list_burden burden = {0};
    enum nl_status status = nl_office_list_read(&office, name, &list, err);
    if (status == NL_OK)
        status = nl_office_list_burden(&office, name, &burden, err);
    if (status == NL_OK) {
        const char *sent = nl_request_form(call->request, "revision");
        nl_data_set(call->data, "heading", nl_facts_word(list.facts, "title"));
        nl_data_set(call->data, "name", name);
        nl_data_set(call->data, "revision", sent != NULL ? sent : list.revision.text);
        add_fields(call, list.facts);
        json_object_set_new(call->data, "active", json_integer((json_int_t)burden.active));
        json_object_set_new(call->data, "issues_kept", json_integer((json_int_t)burden.issues));
        json_object_set_new(call->data, "drafts", json_integer((json_int_t)burden.drafts));
        json_object_set_new(call->data, "only_here", json_integer((json_int_t)burden.people));
        json_object_set_new(call->data, "may_remove",
                            json_boolean(nl_role_may(call->session->role, NL_POWER_ADMINISTER)));
        if (nl_request_query(call->request, "done") != NULL)
            nl_staff_say(call, "done", NL_TEXT("Done."));
    }
    json_decref(burden.facts);
    nl_list_facts_free(&list);
    return nl_staff_finish(call, status, "staff-list.html", response, err);
}

static enum nl_status save(const struct nl_staff_call *call, const char *name, bool *stale,
                           struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct nl_list_settings wanted = {0};
    struct nl_revision expected = {0};
    bool is_private = false;
    snprintf(expected.text, sizeof expected.text, "%s", nl_site_field(call->request, "revision"));
    read_form(call, &wanted, &is_private);
    return nl_office_list_change(&office, name, &wanted, &expected, stale, err);
}

/* The name is typed once more: a wrong button must not take a list away. */
static enum nl_status rename_or_remove(struct nl_staff_call *call, const char *name,
                                       const char *action, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    if (strcmp(action, "rename") == 0)
        return nl_office_list_rename(&office, name, nl_site_field(call->request, "other"), err);
    if (strcmp(action, "remove") != 0)
        return nl_error_set(err, NL_DATA, "'%s' is not an action", action);
    if (strcmp(nl_site_field(call->request, "sure"), name) != 0)
        return nl_error_set(
            err, NL_DATA, "%s",
            nl_staff_text(call, NL_TEXT("Nothing was removed. Type the name of the list.")));
    return nl_office_list_remove(&office, name, err);
}

static enum nl_status act(struct nl_staff_call *call, const char *name,
                          struct nl_response *response, struct nl_error *err) {
    const char *action = nl_site_field(call->request, "action");
    bool saves = strcmp(action, "save") == 0;
    bool stale = false;
    struct nl_buf path = {0};
    if (!saves && !nl_role_may(call->session->role, NL_POWER_ADMINISTER))
        return nl_staff_forbidden(call, response, err);
    enum nl_status status =
        saves ? save(call, name, &stale, err) : rename_or_remove(call, name, action, err);
    if (stale) {
        nl_staff_say(call, "problem",
                     NL_TEXT("Somebody else has changed this meanwhile. Nothing was saved: look at "
                             "the page again."));
        response->status = 409;
        return show_one(call, name, response, err);
    }
    if (status != NL_OK && nl_staff_explains(call, status, response, err))
        return show_one(call, name, response, err);
    json_decref(call->data);
    if (status != NL_OK)
        return status;
    nl_buf_addf(&path, saves ? "/lists/%s?done=1" : "/lists?done=1", name);
    status = nl_staff_redirect(call->staff, nl_buf_text(&path), response, err);
    nl_buf_free(&path);
    return status;
}

/* A list that an account may not administer is not a list for it. */
static enum nl_status with_list(struct nl_staff_call *call, const char *name, bool *ok,
                                struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    json_t *names = NULL;
    bool known = false;
    enum nl_status status = nl_office_list_names(&office, &names, err);
    for (size_t i = 0; i < json_array_size(names); i++)
        known = known || strcmp(nl_facts_word(json_array_get(names, i), "name"), name) == 0;
    json_decref(names);
    *ok = false;
    return status == NL_OK && known
               ? nl_staff_may(call->staff, call->session, name, NL_POWER_ADMINISTER, ok, err)
               : status;
}

/* Takes "/again" off the end of the path of a list. */
static bool take_again(char *path) {
    static const char again[] = "/again";
    size_t len = strlen(path);
    bool found = len > sizeof again - 1 && strcmp(path + len - (sizeof again - 1), again) == 0;
    if (found)
        path[len - (sizeof again - 1)] = '\0';
    return found;
}

enum nl_status nl_lists_call(struct nl_staff_call *call, const char *rest,
                             struct nl_response *response, struct nl_error *err) {
    bool post = nl_request_is_post(call->request);
    bool ok = false;
    char name[PATH_LEN];
    if (rest[0] == '\0')
        return post ? add(call, response, err) : show_all(call, response, err);
    snprintf(name, sizeof name, "%s", rest + 1);
    bool again = take_again(name);
    enum nl_status status = with_list(call, name, &ok, err);
    if (status != NL_OK) {
        json_decref(call->data);
        return status;
    }
    if (!ok)
        return nl_staff_no_page(call, response, err);
    if (again)
        return post ? nl_reconfirm_act(call, name, response, err)
                    : nl_reconfirm_page(call, name, response, err);
    return post ? act(call, name, response, err) : show_one(call, name, response, err);
}
