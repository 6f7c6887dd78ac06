#include "newsletter/base/base64.h"
#include "newsletter/service/drafts.h"
#include "web/api.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

/* A token that is good for some lists sees the drafts of these. */
enum nl_status nl_api_get_drafts(struct nl_api_call *call, struct nl_error *err) {
    json_t *all = NULL;
    json_t *own = json_array();
    size_t at = 0;
    json_t *draft = NULL;
    enum nl_status status = nl_office_drafts(&call->office, &all, err);
    json_array_foreach(all, at, draft) {
        if (nl_api_may_list(call, nl_api_text(draft, "list")))
            json_array_append(own, draft);
    }
    json_decref(all);
    return nl_api_answer_named(call, status, "drafts", own, err);
}

static enum nl_status answer_draft(const struct nl_api_call *call, int code, int64_t id,
                                   struct nl_error *err) {
    json_t *draft = NULL;
    enum nl_status status = nl_office_draft_read(&call->office, id, &draft, err);
    return status == NL_OK ? nl_api_answer(call, code, draft, err)
                           : nl_api_failed(call, status, err);
}

static enum nl_status answer_done(const struct nl_api_call *call, enum nl_status status,
                                  struct nl_error *err) {
    return status == NL_OK ? answer_draft(call, 200, call->id, err)
                           : nl_api_failed(call, status, err);
}

enum nl_status nl_api_get_draft(struct nl_api_call *call, struct nl_error *err) {
    return answer_draft(call, 200, call->id, err);
}

/* ---- files within JSON ---- */

/* Without line ends; false for what is not base64. A file may be empty. */
static bool read_base64(const char *text, struct nl_buf *out) {
    unsigned char *bytes = NULL;
    size_t len = 0;
    bool fine = text[0] == '\0' || (strpbrk(text, " \t\r\n") == NULL &&
                                    nl_base64_decode(text, strlen(text), SIZE_MAX, &bytes, &len));
    if (fine)
        nl_buf_add(out, bytes != NULL ? (const char *)bytes : "", len);
    free(bytes);
    return fine;
}

/* The member "content"; answers a problem where it is not valid. */
static bool read_content(const struct nl_api_call *call, struct nl_buf *out, enum nl_status *status,
                         struct nl_error *err) {
    const char *text = nl_api_text(call->body, "content");
    bool fine = text != NULL && read_base64(text, out);
    if (!fine)
        *status = nl_api_problem(call, 422, "Not acceptable content",
                                 "/content: it must be the file as base64.", err);
    return fine;
}

/* ---- beginning ---- */

enum nl_status nl_api_begin_draft(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"list", 's'},
                                                   {"title", 's'},
                                                   {"from_last", 'b'},
                                                   {"template", 's'},
                                                   {"file", 's'},
                                                   {"content", 's'},
                                                   {0}};
    struct nl_buf content = {0};
    int64_t id = 0;
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    const char *file = nl_api_text(call->body, "file");
    if (file != NULL && !read_content(call, &content, &status, err))
        return status;
    const struct nl_draft_start start = {
        .list = nl_api_text(call->body, "list"),
        .title = nl_api_text(call->body, "title"),
        .from_last = json_is_true(json_object_get(call->body, "from_last")),
        .template = nl_api_text(call->body, "template"),
        .name = file,
        .data = file != NULL ? nl_buf_text(&content) : NULL,
        .len = content.len,
    };
    status = nl_office_draft_begin(&call->office, &start, &id, err);
    nl_buf_free(&content);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    nl_api_locate_number(call, "drafts", id);
    return answer_draft(call, 201, id, err);
}

enum nl_status nl_api_remove_draft(struct nl_api_call *call, struct nl_error *err) {
    enum nl_status status = nl_office_draft_remove(&call->office, call->id, err);
    return status == NL_OK ? nl_api_answer_nothing(call) : nl_api_failed(call, status, err);
}

/* ---- texts ---- */

static enum nl_status answer_text(const struct nl_api_call *call, struct nl_error *err) {
    json_t *draft = NULL;
    json_t *found = NULL;
    json_t *text = NULL;
    size_t at = 0;
    struct nl_revision revision = {""};
    enum nl_status status = nl_office_draft_read(&call->office, call->id, &draft, err);
    json_array_foreach(json_object_get(draft, "texts"), at, text) {
        if (strcmp(nl_api_text(text, "language"), call->words[3]) == 0)
            found = text;
    }
    if (found != NULL)
        snprintf(revision.text, sizeof revision.text, "%s", nl_api_text(found, "revision"));
    if (status != NL_OK)
        status = nl_api_failed(call, status, err);
    else if (found == NULL)
        status = nl_api_not_found(call, err);
    else
        status = nl_api_answer_revised(call, 200, json_incref(found), &revision, err);
    json_decref(draft);
    return status;
}

enum nl_status nl_api_get_draft_text(struct nl_api_call *call, struct nl_error *err) {
    return answer_text(call, err);
}

/* Without If-Match it is saved in any case. */
enum nl_status nl_api_put_draft_text(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"source", 'S'}, {0}};
    struct nl_revision expected;
    bool stale = false;
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    nl_api_expected(call, &expected);
    const struct nl_draft_text text = {
        .language = call->words[3],
        .source = nl_api_text(call->body, "source"),
        .expected = expected.text[0] != '\0' ? &expected : NULL,
        .keep = true,
    };
    status = nl_office_draft_save(&call->office, call->id, &text, &stale, err);
    return status != NL_OK ? nl_api_failed(call, status, err)
           : stale         ? nl_api_stale(call, err)
                           : answer_text(call, err);
}

enum nl_status nl_api_remove_draft_text(struct nl_api_call *call, struct nl_error *err) {
    enum nl_status status =
        nl_office_draft_language_remove(&call->office, call->id, call->words[3], err);
    return status == NL_OK ? nl_api_answer_nothing(call) : nl_api_failed(call, status, err);
}

/* ---- pictures and attachments ---- */

enum nl_status nl_api_add_draft_file(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {
        {"name", 'S'}, {"content", 'S'}, {"picture", 'b'}, {0}};
    struct nl_buf content = {0};
    struct nl_buf name = {0};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err) ||
        !read_content(call, &content, &status, err))
        return status;
    const struct nl_draft_upload upload = {
        .name = nl_api_text(call->body, "name"),
        .data = nl_buf_text(&content),
        .len = content.len,
        .picture = json_is_true(json_object_get(call->body, "picture")),
    };
    status = nl_office_draft_file_add(&call->office, call->id, &upload, &name, err);
    status = status == NL_OK
                 ? nl_api_answer(call, 201, json_pack("{s:s}", "name", nl_buf_text(&name)), err)
                 : nl_api_failed(call, status, err);
    nl_buf_free(&content);
    nl_buf_free(&name);
    return status;
}

enum nl_status nl_api_remove_draft_file(struct nl_api_call *call, struct nl_error *err) {
    const char *name = nl_request_query(call->request, "name");
    if (name == NULL)
        return nl_api_bad_value(call, "name says which file.", err);
    return answer_done(call, nl_office_draft_file_remove(&call->office, call->id, name, err), err);
}
