/* Mailchimp's Marketing API 3.0 (https://mailchimp.com/developer/marketing/api/): pages by offset.
 */
#include "service/remote_rows.h"

#include <stdio.h>
#include <string.h>

enum { PER_PAGE = 500, ISSUES_PER_PAGE = 100 };

static enum nl_status each(struct nl_remote_reading *reading, const char *path, const char *name,
                           int per_page, nl_remote_visit *visit, void *ctx, struct nl_error *err) {
    const struct nl_remote_walk walk = {
        .path = path, .per_page = per_page, .items = name, .total = "total_items"};
    return nl_remote_each(reading, &walk, visit, ctx, err);
}

static enum nl_status take_list(struct nl_remote_reading *reading, const json_t *item, void *ctx,
                                struct nl_error *err) {
    char id[64];
    const char *title = nl_remote_text(item, "name");
    (void)ctx;
    if (!nl_remote_id(item, "id", id) || title == NULL)
        return nl_error_set(err, NL_DATA, "an audience has no id or no name");
    return nl_remote_add_list(reading, id, title,
                              json_is_true(json_object_get(item, "double_optin")), err);
}

/* "cleaned" is an address that came back; "transactional" somebody who never subscribed. */
static const char *state_of(const char *status) {
    static const char *const words[][2] = {
        {"subscribed", "active"},     {"unsubscribed", "unsubscribed"},
        {"cleaned", "bounced"},       {"pending", "pending"},
        {"archived", "unsubscribed"}, {"transactional", "unsubscribed"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i][0], status) == 0)
            return words[i][1];
    return NULL;
}

static void set_text(json_t *row, const char *name, const char *value) {
    if (value != NULL)
        json_object_set_new(row, name, json_string(value));
}

/* Merge fields: FNAME and LNAME are the name, the others attributes; an address is an object. */
static void set_fields(json_t *row, json_t *fields, const json_t *tags) {
    json_t *attributes = json_object();
    json_t *names = json_array();
    const char *key = NULL;
    json_t *value = NULL;
    size_t at = 0;
    const json_t *tag = NULL;
    json_object_foreach(fields, key, value) {
        bool blank = json_is_string(value) && json_string_length(value) == 0;
        if (strcmp(key, "FNAME") == 0 || strcmp(key, "LNAME") == 0)
            set_text(row, key[0] == 'F' ? "first_name" : "last_name", nl_remote_text(fields, key));
        else if (!blank && !json_is_object(value) && !json_is_null(value))
            json_object_set(attributes, key, value);
    }
    json_array_foreach(tags, at, tag) {
        if (nl_remote_text(tag, "name") != NULL)
            json_array_append(names, json_object_get(tag, "name"));
    }
    if (json_array_size(names) > 0)
        json_object_set(attributes, "tags", names);
    json_decref(names);
    if (json_object_size(attributes) > 0)
        json_object_set(row, "attributes", attributes);
    json_decref(attributes);
}

static enum nl_status take_member(struct nl_remote_reading *reading, const json_t *member,
                                  void *ctx, struct nl_error *err) {
    const struct nl_remote_list *list = ctx;
    const char *address = nl_remote_text(member, "email_address");
    const char *word = nl_remote_text(member, "status");
    const char *state = word != NULL ? state_of(word) : NULL;
    if (address == NULL || word == NULL)
        return nl_error_set(err, NL_DATA, "a member has no email_address or no status");
    if (state == NULL)
        return nl_error_set(err, NL_DATA, "%s is '%s' there, which is not known here", address,
                            word);
    json_t *row =
        json_pack("{s:s, s:s, s:s}", "email", address, "list", list->name, "state", state);
    const char *at = nl_remote_text(member, "timestamp_opt");
    const char *ip = nl_remote_text(member, "ip_opt");
    set_text(row, "language", nl_remote_text(member, "language"));
    set_text(row, "consent_at", at != NULL ? at : nl_remote_text(member, "timestamp_signup"));
    set_text(row, "consent_ip", ip != NULL ? ip : nl_remote_text(member, "ip_signup"));
    set_fields(row, json_object_get(member, "merge_fields"), json_object_get(member, "tags"));
    reading->out->people++;
    return nl_remote_put_row(reading, row, err);
}

static enum nl_status take_issue(struct nl_remote_reading *reading, const json_t *item, void *ctx,
                                 struct nl_error *err) {
    const json_t *settings = json_object_get(item, "settings");
    struct nl_buf path = {0};
    json_t *content = NULL;
    char id[64];
    (void)ctx;
    if (!nl_remote_id(item, "id", id))
        return nl_error_set(err, NL_DATA, "a campaign has no id");
    nl_buf_addf(&path, "/3.0/campaigns/%s/content", id);
    enum nl_status status = nl_remote_get(reading->call, nl_buf_text(&path), &content, err);
    const struct nl_remote_issue issue = {.title = nl_remote_text(settings, "title"),
                                          .subject = nl_remote_text(settings, "subject_line"),
                                          .sent_at = nl_remote_text(item, "send_time"),
                                          .html = nl_remote_text(content, "html"),
                                          .text = nl_remote_text(content, "plain_text")};
    if (status == NL_OK)
        status = nl_remote_put_issue(reading, &issue, err);
    json_decref(content);
    nl_buf_free(&path);
    return status;
}

enum nl_status nl_remote_read_mailchimp(struct nl_remote_reading *reading, struct nl_error *err) {
    enum nl_status status = each(reading, "/3.0/lists", "lists", 100, take_list, NULL, err);
    if (status == NL_OK)
        status = nl_remote_check_lists(reading, err);
    for (size_t i = 0; status == NL_OK && i < reading->list_count; i++) {
        struct nl_buf path = {0};
        nl_buf_addf(&path, "/3.0/lists/%s/members", reading->lists[i].id);
        status = each(reading, nl_buf_text(&path), "members", PER_PAGE, take_member,
                      &reading->lists[i], err);
        nl_buf_free(&path);
    }
    if (status == NL_OK && reading->source->issues != NULL)
        status = each(reading, "/3.0/campaigns?status=sent", "campaigns", ISSUES_PER_PAGE,
                      take_issue, NULL, err);
    return status;
}
