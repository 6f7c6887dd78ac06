#include "web/desk.h"

#include "newsletter/base/catalog.h"
#include "newsletter/service/boilerplates.h"
#include "newsletter/service/draft_library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *field(const struct nl_desk *desk, const char *name) {
    return nl_site_field(desk->call->request, name);
}

/* ---- languages ---- */

/* A new language begins with the fields of the main text, which mostly stay: number, date, files.
 */
static enum nl_status add_language(struct nl_desk *desk) {
    const json_t *main_text = json_array_get(json_object_get(desk->draft, "texts"), 0);
    const char *source = json_string_value(json_object_get(main_text, "source"));
    const struct nl_revision none = {""};
    const char *language = field(desk, "language");
    bool stale = false;
    const struct nl_draft_text text = {language, source != NULL ? source : "---\n---\n", &none,
                                       true};
    enum nl_status status = nl_office_draft_save(&desk->office, desk->id, &text, &stale, desk->err);
    if (status != NL_OK)
        return nl_desk_failure(desk, status, false);
    desk->text = language; /* also where it is there already */
    return nl_desk_go(desk, "");
}

/* ---- dispatch ---- */

static enum nl_status bring_back(struct nl_desk *desk) {
    struct nl_buf source = {0};
    bool stale = false;
    enum nl_status status = nl_office_draft_version(
        &desk->office, desk->id, strtoll(field(desk, "version"), NULL, 10), &source, desk->err);
    const struct nl_draft_text text = {desk->text, nl_buf_text(&source), NULL, true};
    if (status == NL_OK)
        status = nl_office_draft_save(&desk->office, desk->id, &text, &stale, desk->err);
    nl_buf_free(&source);
    return status == NL_OK ? nl_desk_go(desk, "") : nl_desk_failure(desk, status, false);
}

static enum nl_status remove_draft(struct nl_desk *desk) {
    if (strcmp(field(desk, "sure"), "yes") != 0)
        return nl_desk_go(desk, "");
    enum nl_status status = nl_office_draft_remove(&desk->office, desk->id, desk->err);
    return status == NL_OK
               ? nl_staff_redirect(desk->call->staff, "/drafts", desk->response, desk->err)
               : nl_desk_failure(desk, status, false);
}

/* To a list on which the account may write, too. */
static enum nl_status move(const struct nl_desk *desk) {
    bool may = false;
    enum nl_status status = nl_staff_may(desk->call->staff, desk->call->session,
                                         field(desk, "list"), NL_POWER_WRITE, &may, desk->err);
    if (status == NL_OK && !may)
        status = nl_error_set(desk->err, NL_DATA, "%s",
                              nl_staff_text(desk->call, NL_TEXT("Your account may not do this. "
                                                                "Ask an administrator.")));
    return status == NL_OK
               ? nl_office_draft_move(&desk->office, desk->id, field(desk, "list"), desk->err)
               : status;
}

/* From another draft to whose list the account may write. */
static enum nl_status take_file(const struct nl_desk *desk) {
    json_t *other = NULL;
    bool may = false;
    int64_t from = strtoll(field(desk, "from"), NULL, 10);
    enum nl_status status = nl_office_draft_read(&desk->office, from, &other, desk->err);
    if (status == NL_OK)
        status = nl_staff_may(desk->call->staff, desk->call->session,
                              json_string_value(json_object_get(other, "list")), NL_POWER_WRITE,
                              &may, desk->err);
    if (status == NL_OK && !may)
        status = nl_error_set(desk->err, NL_NOTFOUND,
                              NL_TEXT("there is no such draft: somebody may have removed it"));
    json_decref(other);
    return status == NL_OK ? nl_office_draft_file_take(&desk->office, desk->id, from,
                                                       field(desk, "name"), desk->err)
                           : status;
}

enum nl_status nl_desk_act(struct nl_desk *desk) {
    const char *action = field(desk, "action");
    enum nl_status status = NL_OK;
    if (strcmp(action, "picture") == 0 || strcmp(action, "attachment") == 0)
        return nl_desk_upload(desk);
    if (strcmp(action, "document") == 0)
        return nl_desk_document(desk);
    if (strcmp(action, "language") == 0)
        return add_language(desk);
    if (strcmp(action, "bring-back") == 0)
        return bring_back(desk);
    if (strcmp(action, "remove") == 0)
        return remove_draft(desk);
    if (strcmp(action, "remove-language") == 0 && strcmp(field(desk, "sure"), "yes") == 0)
        status = nl_office_draft_language_remove(&desk->office, desk->id, desk->text, desk->err);
    else if (strcmp(action, "take") == 0)
        status = take_file(desk);
    else if (strcmp(action, "template") == 0)
        status =
            nl_office_boilerplate_of_draft(&desk->office, desk->id, field(desk, "name"), desk->err);
    else if (strcmp(action, "move") == 0)
        status = move(desk);
    else if (strcmp(action, "remove-file") == 0)
        status =
            nl_office_draft_file_remove(&desk->office, desk->id, field(desk, "name"), desk->err);
    else
        return nl_desk_save(desk,
                            strcmp(action, "mine") == 0     ? NL_MERGE_MINE
                            : strcmp(action, "theirs") == 0 ? NL_MERGE_THEIRS
                                                            : NL_MERGE_ASK,
                            strcmp(action, "keep") == 0);
    return status == NL_OK ? nl_desk_go(desk, "") : nl_desk_failure(desk, status, false);
}
