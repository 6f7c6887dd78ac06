#include "web/desk.h"

#include <stdlib.h>

enum nl_status nl_desk_failure(struct nl_desk *desk, enum nl_status status, bool form) {
    if (status != NL_DATA && status != NL_EXISTS && status != NL_NOTFOUND && status != NL_USAGE)
        return status;
    int code = status == NL_EXISTS ? 409 : status == NL_NOTFOUND ? 404 : 422;
    char *why = nl_catalog_error(desk->call->theme->catalog, desk->err);
    nl_error_free(desk->err);
    if (nl_desk_wants_json(desk)) {
        status = nl_desk_json(desk, code, json_pack("{s:s}", "problem", why));
    } else {
        nl_desk_refuse(desk, code, why);
        status = nl_desk_page(desk, form);
    }
    free(why);
    return status;
}
