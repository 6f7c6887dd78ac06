#include "newsletter/service/lists.h"
#include "web/staff_common.h"

#include <string.h>

enum nl_status nl_people_rights(struct nl_staff *staff, const struct nl_session *session,
                                struct nl_people_rights *out, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(staff, session);
    json_t *lists = NULL;
    enum nl_status status = nl_office_list_names(&office, &lists, err);
    *out = (struct nl_people_rights){.everywhere = nl_role_may(session->role, NL_POWER_PEOPLE)};
    for (size_t i = json_array_size(lists); status == NL_OK && i > 0; i--) {
        const char *name = json_string_value(json_object_get(json_array_get(lists, i - 1), "name"));
        bool ok = false;
        status = nl_staff_may(staff, session, name, NL_POWER_PEOPLE, &ok, err);
        if (ok)
            continue;
        json_array_remove(lists, i - 1);
        out->everywhere = false;
    }
    out->lists = lists;
    return status;
}

void nl_people_rights_free(struct nl_people_rights *rights) {
    json_decref(rights->lists);
    *rights = (struct nl_people_rights){0};
}

bool nl_people_rights_any(const struct nl_people_rights *rights) {
    return rights->everywhere || json_array_size(rights->lists) > 0;
}

bool nl_people_rights_on(const struct nl_people_rights *rights, const char *list) {
    size_t at = 0;
    json_t *one = NULL;
    json_array_foreach(rights->lists, at, one) {
        if (strcmp(json_string_value(json_object_get(one, "name")), list) == 0)
            return true;
    }
    return false;
}

enum nl_status nl_people_everywhere(struct nl_staff_call *call, bool *ok, struct nl_error *err) {
    struct nl_people_rights rights = {0};
    enum nl_status status = nl_people_rights(call->staff, call->session, &rights, err);
    *ok = status == NL_OK && rights.everywhere;
    nl_people_rights_free(&rights);
    if (status != NL_OK)
        json_decref(call->data);
    return status;
}
