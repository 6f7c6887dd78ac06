#include "web/staff_common.h"

#include <string.h>

/* /people/NUMBER, with /data for the file and /receipt below it; /people itself has a route. */
static enum nl_status person(struct nl_staff_call *call, const char *rest,
                             struct nl_response *response, struct nl_error *err) {
    bool post = nl_request_is_post(call->request);
    const char *more = "";
    int64_t id = 0;
    bool known = nl_staff_path_number(rest, &id, &more);
    bool file = strcmp(more, "/data") == 0;
    bool receipt = strcmp(more, "/receipt") == 0;
    if (!known || (more[0] != '\0' && !file && !receipt) || ((file || receipt) && post))
        return nl_staff_no_page(call, response, err);
    if (receipt)
        return nl_person_receipt(call, id, response, err);
    return file   ? nl_person_file(call, id, response, err)
           : post ? nl_person_act(call, id, response, err)
                  : nl_person_page(call, id, response, err);
}

/* Pages with others below them, which look for themselves what the account may. */
static const struct area {
    const char *path;
    enum nl_status (*run)(struct nl_staff_call *call, const char *rest,
                          struct nl_response *response, struct nl_error *err);
} areas[] = {
    {"/boilerplates", nl_boilerplates_call},
    {"/bounces", nl_bounces_call},
    {"/exports", nl_exports_call},
    {"/imports", nl_imports_call},
    {"/issue", nl_issue_call},
    {"/lists", nl_lists_call},
    {"/messages", nl_messages_call},
    {"/people", person},
    {"/segments", nl_segments_call},
    {"/webhooks", nl_webhooks_call},
};

static const struct area *find_area(const char *path, const char **rest) {
    for (size_t i = 0; i < sizeof areas / sizeof areas[0]; i++) {
        size_t len = strlen(areas[i].path);
        *rest = path + len;
        if (strncmp(path, areas[i].path, len) == 0 && (**rest == '\0' || **rest == '/'))
            return &areas[i];
    }
    return NULL;
}

enum nl_status nl_staff_area(struct nl_staff_call *call, const char *path, bool *found,
                             struct nl_response *response, struct nl_error *err) {
    const char *rest = "";
    const struct area *area = find_area(path, &rest);
    *found = area != NULL;
    return area != NULL ? area->run(call, rest, response, err) : NL_OK;
}
