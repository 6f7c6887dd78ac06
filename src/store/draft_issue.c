#include "newsletter/store/draft_issue.h"

#include "newsletter/base/zone.h"
#include "newsletter/db/sql.h"
#include "store/issue_insert.h"

#include <stdio.h>

/* ---- the seal ---- */

/* Lengths stand before texts, so that no two drafts write the same. */
static enum nl_status add_text(const struct nl_draft_version *version, void *ctx,
                               struct nl_error *err) {
    struct nl_buf *all = ctx;
    char hex[NL_HEX_LEN];
    nl_digest_hex(version->source, strlen(version->source), hex);
    nl_buf_addf(all, "text %zu %s %s\n", strlen(version->language), version->language, hex);
    return all->failed ? nl_error_nomem(err) : NL_OK;
}

static enum nl_status add_file(const struct nl_draft_file *file, void *ctx, struct nl_error *err) {
    struct nl_buf *all = ctx;
    char hex[NL_HEX_LEN];
    nl_digest_hex(file->data != NULL ? file->data : "", file->size, hex);
    nl_buf_addf(all, "file %zu %s %s\n", strlen(file->name), file->name, hex);
    return all->failed ? nl_error_nomem(err) : NL_OK;
}

enum nl_status nl_draft_seal(struct nl_store *store, int64_t draft, struct nl_draft_seal *out,
                             struct nl_error *err) {
    struct nl_draft found = {0};
    struct nl_buf all = {0};
    enum nl_status status = nl_draft_get(store, draft, &found, err);
    if (status == NL_OK) {
        nl_buf_addf(&all, "list %lld\n", (long long)found.list);
        status = nl_draft_texts(store, draft, add_text, &all, err);
    }
    if (status == NL_OK)
        status = nl_draft_files(store, draft, true, add_file, &all, err);
    nl_digest_hex(nl_buf_text(&all), all.len, out->text);
    nl_buf_free(&all);
    nl_draft_free(&found);
    return status;
}

/* ---- the issue ---- */

/* The draft's row is written first: nobody saves to it before this transaction ends. */
static enum nl_status take_draft(struct nl_store *store, const struct nl_draft_issue *request,
                                 struct nl_error *err) {
    struct nl_draft_seal present;
    enum nl_status status =
        nl_sql_run(store, err, "UPDATE draft SET issue = issue WHERE id = ? AND issue IS NULL",
                   NL_VALUES(NL_INT(request->draft)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_EXISTS, "somebody else has sent or removed this draft");
    if (status == NL_OK)
        status = nl_draft_seal(store, request->draft, &present, err);
    return status == NL_OK && strcmp(present.text, request->seal->text) != 0
               ? nl_error_set(err, NL_EXISTS,
                              "the issue has changed since you looked at it: look again")
               : status;
}

static enum nl_status note(struct nl_store *store, const struct nl_draft_issue *request,
                           struct nl_error *err) {
    char object[32];
    char when[NL_ZONE_TEXT_LEN];
    struct nl_buf detail = {0};
    snprintf(object, sizeof object, "draft %lld", (long long)request->draft);
    nl_zone_text(request->issue->scheduled_at, "UTC", when);
    nl_buf_addf(&detail, "issue %lld, %s", (long long)request->issue->id, when);
    enum nl_status status =
        nl_audit_note(store, request->by, "draft send", object, nl_buf_text(&detail), err);
    nl_buf_free(&detail);
    return status;
}

static enum nl_status make(struct nl_store *store, void *context, struct nl_error *err) {
    const struct nl_draft_issue *request = context;
    enum nl_status status = take_draft(store, request, err);
    if (status == NL_OK)
        status = nl_issue_insert_scheduled(store, request->issue, err);
    if (status == NL_OK)
        status = nl_draft_set_issue(store, request->draft, request->issue->id, err);
    return status == NL_OK ? note(store, request, err) : status;
}

enum nl_status nl_draft_make_issue(struct nl_store *store, const struct nl_draft_issue *request,
                                   struct nl_error *err) {
    struct nl_draft_issue copy = *request;
    return nl_sql_exclusive(store, make, &copy, err);
}
