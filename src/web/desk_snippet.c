#include "newsletter/service/boilerplates.h"
#include "newsletter/template/data.h"
#include "web/desk.h"

#include <stdlib.h>

/* A snippet as the script puts it in: its text, and the contact that comes with it. */
enum nl_status nl_desk_snippet(struct nl_desk *desk) {
    const char *wanted = nl_request_query(desk->call->request, "id");
    int64_t id = wanted != NULL ? strtoll(wanted, NULL, 10) : 0;
    struct nl_front_fields fields = {0};
    struct nl_buf source = {0};
    json_t *contact = json_object();
    enum nl_status status = nl_desk_snippet_check(desk, id);
    if (status == NL_OK)
        status = nl_office_boilerplate_insert(&desk->office, id, "", &source, desk->err);
    if (status == NL_OK)
        status = nl_front_fields_read(nl_buf_text(&source), &fields, desk->err);
    for (size_t i = NL_FRONT_CONTACT_PERSON; status == NL_OK && i < NL_FRONT_FIELDS; i++)
        if (fields.values[i] != NULL)
            nl_data_set(contact, nl_front_field_names[i], fields.values[i]);
    if (status == NL_OK)
        status = nl_desk_json(
            desk, 200,
            json_pack("{s:s, s:O}", "text", nl_buf_text(&fields.body), "contact", contact));
    else
        status = nl_desk_failure(desk, status, false);
    json_decref(contact);
    nl_front_fields_free(&fields);
    nl_buf_free(&source);
    return status;
}
