#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/imports.h"
#include "newsletter/template/data.h"
#include "web/staff_choice.h"
#include "web/staff_tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Imports: those there are, and a form for the file of another one. */

enum { NAME_MOST = 200 }; /* bytes of the name of a file */

static enum nl_status show_list(struct nl_staff_call *call, const struct nl_people_rights *rights,
                                struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *page = nl_request_query(call->request, "before");
    int64_t before = 0;
    json_t *imports = NULL;
    if (page == NULL || !nl_text_integer(page, &before) || before < 0)
        before = 0;
    nl_staff_say(call, "heading", NL_TEXT("Imports"));
    json_object_set_new(call->data, "most", json_integer(NL_IMPORT_FILE_MOST >> 20));
    json_object_set_new(call->data, "everywhere", json_boolean(rights->everywhere));
    json_object_set_new(call->data, "list_choices",
                        nl_choices_of_lists(rights, nl_request_is_post(call->request)
                                                        ? nl_site_field(call->request, "list")
                                                        : nl_request_query(call->request, "list")));
    enum nl_status status = nl_office_imports(&office, before, NL_TASKS_SHOWN + 1, &imports, err);
    if (status == NL_OK)
        nl_tasks_show(call, rights, "/imports", true, imports);
    return nl_staff_finish(call, status, "staff-imports.html", response, err);
}

/* ---- the file of another one ---- */

/* Some browsers name the folder too. The end of a long name says more than its beginning. */
static const char *name_of(const char *file) {
    for (const char *p = file; *p != '\0'; p++)
        if (*p == '/' || *p == '\\')
            file = p + 1;
    size_t len = strlen(file);
    if (len > NAME_MOST)
        for (file += len - NAME_MOST; ((unsigned char)*file & 0xC0) == 0x80;)
            file++;
    return file;
}

static enum nl_status open_import(const struct nl_office *office, const char *name, FILE *in,
                                  const char *list, bool confined, int64_t *id,
                                  struct nl_error *err) {
    struct nl_error later = {0};
    json_t *options = json_object();
    if (list[0] != '\0')
        json_object_set_new(options, "list", json_string(list));
    if (confined)
        json_object_set_new(options, "confined", json_true());
    enum nl_status status = nl_office_import_open(office, name, options, id, err);
    json_decref(options);
    if (status != NL_OK)
        return status;
    status = nl_office_import_upload(office, *id, in, err);
    if (status != NL_OK) /* nothing is left of it */
        nl_error_ignore(nl_office_import_cancel(office, *id, &later));
    nl_error_free(&later);
    return status;
}

static enum nl_status upload(struct nl_staff_call *call, const struct nl_people_rights *rights,
                             struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const struct nl_request_own *own = nl_request_own(call->request);
    const char *list = nl_site_field(call->request, "list");
    const char *file = NULL;
    char path[40];
    size_t len = 0;
    int64_t id = 0;
    enum nl_status status = NL_OK;
    if (list[0] == '\0' ? !rights->everywhere : !nl_people_rights_on(rights, list))
        return nl_staff_no_page(call, response, err);
    if (nl_request_file(call->request, "file", &file, &len) == NULL || file[0] == '\0' ||
        own->file == NULL)
        status = nl_error_set(err, NL_DATA, NL_TEXT("choose a file first"));
    else
        status =
            open_import(&office, name_of(file), own->file, list, !rights->everywhere, &id, err);
    if (status != NL_OK && nl_staff_explains(call, status, response, err))
        return show_list(call, rights, response, err);
    json_decref(call->data);
    snprintf(path, sizeof path, "/imports/%lld", (long long)id);
    return status == NL_OK ? nl_staff_redirect(call->staff, path, response, err) : status;
}

/* ---- one import ---- */

static enum nl_status rejected(struct nl_staff_call *call, const json_t *facts,
                               struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *format = nl_facts_word(json_object_get(facts, "options"), "format");
    enum nl_status status =
        nl_office_import_rejects(&office, nl_facts_number(facts, "id"), &response->stream, err);
    if (status == NL_NOTFOUND || status == NL_EXISTS) {
        nl_error_free(err);
        return nl_staff_no_page(call, response, err);
    }
    response->type = "application/octet-stream";
    response->attachment =
        strcmp(format, "jsonl") == 0 ? "rejected-rows.jsonl" : "rejected-rows.csv";
    json_decref(call->data);
    return status;
}

static enum nl_status one(struct nl_staff_call *call, const struct nl_people_rights *rights,
                          const json_t *facts, const char *rest, struct nl_response *response,
                          struct nl_error *err) {
    bool post = nl_request_is_post(call->request);
    if (rest[0] != '\0')
        return post || strcmp(rest, "/rejected") != 0 ? nl_staff_no_page(call, response, err)
                                                      : rejected(call, facts, response, err);
    return post ? nl_import_act(call, rights, facts, response, err)
                : nl_import_page(call, rights, facts, response, err);
}

enum nl_status nl_imports_call(struct nl_staff_call *call, const char *rest,
                               struct nl_response *response, struct nl_error *err) {
    static const struct nl_task_pages pages = {show_list, upload, one, nl_office_import_read, true};
    return nl_task_call(call, &pages, rest, response, err);
}
