/* listmonk's API (https://listmonk.app/docs/apis/): pages of objects within "data". */
#include "service/remote_rows.h"

#include <stdio.h>
#include <string.h>

enum { PER_PAGE = 500, ISSUES_PER_PAGE = 20 };

static enum nl_status each(struct nl_remote_reading *reading, const char *path, int per_page,
                           nl_remote_visit *visit, struct nl_error *err) {
    const struct nl_remote_walk walk = {.path = path,
                                        .numbered = true,
                                        .may_be_null = true,
                                        .per_page = per_page,
                                        .inside = "data",
                                        .items = "results",
                                        .total = "total"};
    return nl_remote_each(reading, &walk, visit, NULL, err);
}

static enum nl_status take_list(struct nl_remote_reading *reading, const json_t *item, void *ctx,
                                struct nl_error *err) {
    (void)ctx;
    char id[64];
    const char *title = nl_remote_text(item, "name");
    const char *optin = nl_remote_text(item, "optin");
    if (!nl_remote_id(item, "id", id) || title == NULL)
        return nl_error_set(err, NL_DATA, "a list has no id or no name");
    return nl_remote_add_list(reading, id, title, optin != NULL && strcmp(optin, "double") == 0,
                              err);
}

/* The state of somebody on a list of theirs, in our words. A person is disabled or blocked as a
 * whole. People who have not confirmed are pending here, also where nobody asked them to: nothing
 * says that they signed up themselves. */
static const char *state_of(const char *status, const char *subscription) {
    if (strcmp(status, "blocklisted") == 0)
        return "blocked";
    if (strcmp(status, "disabled") == 0)
        return "unsubscribed";
    if (strcmp(status, "enabled") != 0)
        return NULL;
    return strcmp(subscription, "confirmed") == 0      ? "active"
           : strcmp(subscription, "unconfirmed") == 0  ? "pending"
           : strcmp(subscription, "unsubscribed") == 0 ? "unsubscribed"
                                                       : NULL;
}

static enum nl_status put(struct nl_remote_reading *reading, const json_t *person, const char *list,
                          const char *state, struct nl_error *err) {
    json_t *row = json_pack("{s:s, s:s, s:s}", "email", nl_remote_text(person, "email"), "list",
                            list, "state", state);
    const char *name = nl_remote_text(person, "name");
    const char *created = nl_remote_text(person, "created_at");
    json_t *attributes = json_object_get(person, "attribs");
    if (name != NULL)
        json_object_set_new(row, "name", json_string(name));
    if (created != NULL)
        json_object_set_new(row, "created_at", json_string(created));
    if (json_object_size(attributes) > 0)
        json_object_set(row, "attributes", attributes);
    return nl_remote_put_row(reading, row, err);
}

static enum nl_status take_person(struct nl_remote_reading *reading, const json_t *person,
                                  void *ctx, struct nl_error *err) {
    (void)ctx;
    const char *status_word = nl_remote_text(person, "status");
    const json_t *list = NULL;
    size_t at = 0;
    size_t lists = 0;
    char id[64];
    enum nl_status status = NL_OK;
    if (nl_remote_text(person, "email") == NULL || status_word == NULL)
        return nl_error_set(err, NL_DATA, "a subscriber has no email or no status");
    reading->out->people++;
    json_array_foreach(json_object_get(person, "lists"), at, list) {
        const char *subscription = nl_remote_text(list, "subscription_status");
        const struct nl_remote_list *found =
            nl_remote_id(list, "id", id) ? nl_remote_find_list(reading, id) : NULL;
        if (status != NL_OK || found == NULL)
            continue;
        const char *state = state_of(status_word, subscription != NULL ? subscription : "");
        status = state == NULL ? nl_error_set(err, NL_DATA,
                                              "%s is '%s', '%s' there, which is "
                                              "not known here",
                                              nl_remote_text(person, "email"), status_word,
                                              subscription != NULL ? subscription : "")
                               : put(reading, person, found->name, state, err);
        lists++;
    }
    reading->out->nowhere += lists == 0;
    /* Somebody whom they must not mail is not mailed here either. */
    return status == NL_OK && lists == 0 && strcmp(status_word, "blocklisted") == 0
               ? put(reading, person, reading->lists[0].name, "blocked", err)
               : status;
}

static enum nl_status take_issue(struct nl_remote_reading *reading, const json_t *item, void *ctx,
                                 struct nl_error *err) {
    (void)ctx;
    const char *kind = nl_remote_text(item, "content_type");
    bool plain = kind != NULL && (strcmp(kind, "markdown") == 0 || strcmp(kind, "plain") == 0);
    const char *body = nl_remote_text(item, "body");
    const char *sent = nl_remote_text(item, "started_at");
    const struct nl_remote_issue issue = {.title = nl_remote_text(item, "name"),
                                          .subject = nl_remote_text(item, "subject"),
                                          .sent_at =
                                              sent != NULL ? sent : nl_remote_text(item, "send_at"),
                                          .html = plain ? NULL : body,
                                          .text = body};
    return nl_remote_put_issue(reading, &issue, err);
}

enum nl_status nl_remote_read_listmonk(struct nl_remote_reading *reading, struct nl_error *err) {
    enum nl_status status = each(reading, "/api/lists?order_by=id&order=asc", 100, take_list, err);
    if (status == NL_OK)
        status = nl_remote_check_lists(reading, err);
    if (status == NL_OK)
        status =
            each(reading, "/api/subscribers?order_by=id&order=asc", PER_PAGE, take_person, err);
    if (status == NL_OK && reading->source->issues != NULL)
        status = each(reading, "/api/campaigns?status=finished&order_by=created_at&order=asc",
                      ISSUES_PER_PAGE, take_issue, err);
    return status;
}
