#include "newsletter/service/archive_shown.h"
#include "newsletter/base/memory.h"

#include "newsletter/store/archived_issue.h"
#include "newsletter/store/issue.h"

#include <stdlib.h>
#include <string.h>

/* An issue, as far as the archive asks for it. */
struct place {
    int64_t list;
    char *slug;
};

static enum nl_status note_issue(const struct nl_issue_summary *issue, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    struct place *place = ctx;
    place->list = issue->list;
    free(place->slug);
    place->slug = nl_strdup(issue->slug);
    return NL_OK;
}

static enum nl_status find(const struct nl_office *office, int64_t id, struct place *out,
                           struct nl_error *err) {
    const struct nl_issue_filter filter = {.id = id};
    enum nl_status status = nl_issue_summaries(office->store, &filter, note_issue, out, err);
    return status == NL_OK && out->slug == NULL
               ? nl_error_set(err, NL_NOTFOUND, "there is no issue %lld", (long long)id)
               : status;
}

static enum nl_status change(const struct nl_office *office, int64_t id, int64_t at,
                             enum nl_status (*set)(struct nl_store *store, int64_t issue,
                                                   int64_t at, struct nl_error *err),
                             const char *action, struct nl_error *err) {
    struct place place = {0};
    bool open = false;
    enum nl_status status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = find(office, id, &place, err);
    if (status == NL_OK)
        status = set(office->store, id, at, err);
    if (status == NL_OK)
        status = nl_office_note(office, action, "issue", NULL, id, err);
    free(place.slug);
    return nl_office_end(office, open, status, err);
}

enum nl_status nl_office_archive_publish(const struct nl_office *office, int64_t issue, int64_t at,
                                         struct nl_error *err) {
    return change(office, issue, at, nl_archive_publish, "archive publish", err);
}

enum nl_status nl_office_archive_withdraw(const struct nl_office *office, int64_t issue, int64_t at,
                                          struct nl_error *err) {
    return change(office, issue, at, nl_archive_withdraw, "archive withdraw", err);
}

static enum nl_status note_entry(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    bool *shown = ctx;
    (void)entry;
    (void)err;
    *shown = true;
    return NL_OK;
}

enum nl_status nl_office_archive_shows(const struct nl_office *office, int64_t issue, bool *shown,
                                       struct nl_error *err) {
    struct place place = {0};
    *shown = false;
    enum nl_status status = find(office, issue, &place, err);
    const struct nl_filter filter = {.slug = place.slug, .limit = 1};
    if (status == NL_OK)
        status = nl_archive_each(office->store, place.list, &filter, note_entry, shown, err);
    free(place.slug);
    return status;
}
