/* How actions on the pages of an issue end. */
#include "web/staff_issue.h"

#include <stdio.h>

enum nl_status nl_issue_go_on(struct nl_issue_page *page) {
    char path[40];
    if (page->call->staff->sender != NULL)
        nl_mailer_wake(page->call->staff->sender, 0);
    snprintf(path, sizeof path, "/issue/%lld", (long long)page->id);
    return nl_staff_redirect(page->call->staff, path, page->response, page->err);
}

void nl_issue_refuse(struct nl_issue_page *page, enum nl_status status) {
    if (page->err->text != NULL)
        nl_staff_explain(page->call, "problem", page->err);
    nl_error_free(page->err);
    page->response->status = status == NL_EXISTS ? 409 : 422;
}
