#include "newsletter/base/zone.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/archive_shown.h"
#include "web/api.h"

#include <string.h>

/* POST issues/NUMBER/publish and issues/NUMBER/withdraw: the public archive. */
enum nl_status nl_api_set_archive(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"at", 's'}, {"zone", 's'}, {0}};
    bool publish = strcmp(call->words[2], "publish") == 0;
    int64_t at = 0;
    bool shown = false;
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    const char *when = nl_api_text(call->body, "at");
    if (when != NULL)
        status = nl_zone_read(when, nl_api_text(call->body, "zone"), &at, err);
    if (status == NL_OK)
        status = (publish ? nl_office_archive_publish
                          : nl_office_archive_withdraw)(&call->office, call->id, at, err);
    if (status == NL_OK)
        status = nl_office_archive_shows(&call->office, call->id, &shown, err);
    return status == NL_OK
               ? nl_api_answer(call, 200,
                               json_pack("{s:I, s:b, s:o}", "issue", (json_int_t)call->id, "shown",
                                         (int)shown, "at", nl_facts_time(at)),
                               err)
               : nl_api_failed(call, status, err);
}
