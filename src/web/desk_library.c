#include "web/desk.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/picture.h"
#include "newsletter/base/text.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/draft_library.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one file, as a picture on a page ---- */

enum nl_status nl_desk_file(struct nl_desk *desk) {
    const char *name = nl_request_query(desk->call->request, "name");
    struct nl_response *response = desk->response;
    enum nl_status status = nl_office_draft_file_read(
        &desk->office, desk->id, name != NULL ? name : "", &response->body, desk->err);
    const char *type = status == NL_OK ? nl_picture_type(&response->body) : NULL;
    if (status != NL_OK && status != NL_NOTFOUND)
        return status;
    nl_error_free(desk->err);
    response->type = type;
    if (type != NULL)
        return NL_OK;
    nl_buf_clear(&response->body);
    return nl_site_not_found(desk->call->staff->site, desk->call->request, response, desk->err);
}

/* ---- all files ---- */

static void dress(json_t *file) {
    char text[40];
    const char *name = nl_facts_word(file, "name");
    struct nl_buf used = {0};
    struct nl_buf address = {0};
    size_t at = 0;
    const json_t *language = NULL;
    json_array_foreach(json_object_get(file, "used"), at, language)
        nl_buf_addf(&used, "%s%s", used.len > 0 ? " " : "", json_string_value(language));
    snprintf(text, sizeof text, "%lld", (long long)nl_facts_number(file, "draft"));
    nl_data_set(file, "number", text);
    nl_text_encode_percent(&address, name);
    nl_data_set(file, "address", nl_buf_text(&address));
    snprintf(text, sizeof text, "%lld kB",
             (long long)(nl_facts_number(file, "size") + 1023) / 1024);
    nl_data_set(file, "kb", text);
    nl_data_set(file, "used", nl_buf_text(&used));
    json_object_set_new(file, "picture", json_boolean(nl_desk_is_picture(name)));
    nl_buf_free(&used);
    nl_buf_free(&address);
}

/* A list is asked for once, however many files of its drafts there are. */
static enum nl_status keep_writable(const struct nl_staff_call *call, json_t *files,
                                    struct nl_error *err) {
    enum nl_status status = NL_OK;
    json_t *known = json_object();
    for (size_t i = json_array_size(files); status == NL_OK && i > 0; i--) {
        const char *list = nl_facts_word(json_array_get(files, i - 1), "list");
        bool may = json_is_true(json_object_get(known, list));
        if (json_object_get(known, list) == NULL)
            status = nl_staff_may(call->staff, call->session, list, NL_POWER_WRITE, &may, err);
        json_object_set_new(known, list, json_boolean(may));
        if (!may)
            json_array_remove(files, i - 1);
        else
            dress(json_array_get(files, i - 1));
    }
    json_decref(known);
    return status;
}

enum nl_status nl_desk_library(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *search = nl_request_query(call->request, "q");
    const char *into = nl_request_query(call->request, "into");
    char number[24] = "";
    json_t *files = NULL;
    if (into != NULL && strtoll(into, NULL, 10) > 0)
        snprintf(number, sizeof number, "%lld", strtoll(into, NULL, 10));
    enum nl_status status =
        nl_office_draft_library(&office, search != NULL ? search : "", &files, err);
    if (status == NL_OK)
        status = keep_writable(call, files, err);
    if (status != NL_OK) {
        json_decref(files);
        json_decref(call->data);
        return status;
    }
    nl_data_set(call->data, "heading", nl_staff_text(call, NL_TEXT("Pictures and files")));
    nl_data_set(call->data, "desk", "desk");
    nl_data_set(call->data, "q", search != NULL ? search : "");
    nl_data_set(call->data, "into", number);
    json_object_set_new(call->data, "files", files);
    return nl_staff_render(call->staff, call->theme, "staff-library.html", call->data, response,
                           err);
}
