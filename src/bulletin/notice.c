#include "bulletin/bulletin.h"

#include "bulletin/pack.h"
#include "bulletin/theme.h"
#include "newsletter/bulletin.h"

#include <string.h>

/* The first line of a notice's text template is "Subject: ..."; the rest is the text. */
static enum nl_status split_subject(struct nl_buf *text, char **subject, struct nl_error *err) {
    static const char prefix[] = "Subject: ";
    char *end = strchr(nl_buf_text(text), '\n');
    if (end == NULL || strncmp(text->data, prefix, sizeof prefix - 1) != 0)
        return nl_error_set(err, NL_DATA,
                            "the text template of a notice must begin with a line 'Subject: ...'");
    *end = '\0';
    *subject = strdup(text->data + sizeof prefix - 1);
    char *body = end + 1 + strspn(end + 1, "\n");
    text->len -= (size_t)(body - text->data);
    memmove(text->data, body, text->len + 1);
    return *subject != NULL ? NL_OK : nl_error_nomem(err);
}

static enum nl_status render(const char *kind, const struct nl_list *list,
                             const struct nl_config *config, struct nl_slots *slots,
                             struct nl_buf *text, struct nl_buf *html, struct nl_error *err) {
    struct nl_theme theme = {0};
    struct nl_buf confirm = {0};
    struct nl_buf leave = {0};
    struct nl_buf file = {0};
    json_t *data = json_object();
    enum nl_status status = nl_theme_open(config->templates, &theme, err);
    if (status == NL_OK)
        status = nl_slots_url(slots, config->confirm_url, NL_SLOT_CONFIRM, &confirm, err);
    if (status == NL_OK)
        status = nl_slots_url(slots, config->unsubscribe_url, NL_SLOT_UNSUBSCRIBE, &leave, err);
    nl_data_set(data, "confirm_url", nl_buf_text(&confirm));
    nl_data_set(data, "unsubscribe_url", nl_buf_text(&leave));
    json_object_set_new(data, "days", json_integer((config->confirmation.expires + 86399) / 86400));
    json_object_set_new(data, "list", nl_list_data(list));
    if (status == NL_OK) {
        nl_buf_addf(&file, "%s.txt", kind);
        status = nl_theme_render(&theme, nl_buf_text(&file), data, text, err);
    }
    if (status == NL_OK) {
        nl_buf_clear(&file);
        nl_buf_addf(&file, "%s.html", kind);
        status = nl_theme_render(&theme, nl_buf_text(&file), data, html, err);
    }
    json_decref(data);
    nl_theme_free(&theme);
    nl_buf_free(&confirm);
    nl_buf_free(&leave);
    nl_buf_free(&file);
    return status;
}

/* RFC 3834 section 5: so that no vacation responder answers. */
static void add_notice_fields(const struct nl_list *list, struct nl_fields *fields) {
    struct nl_buf value = {0};
    nl_buf_adds(&value, "auto-generated");
    nl_fields_add(fields, "Auto-Submitted", &value);
    nl_buf_addf(&value, "<%s>", list->list_id);
    nl_fields_add(fields, "List-Id", &value);
}

enum nl_status nl_notice_compose(const char *kind, const struct nl_list *list,
                                 const struct nl_config *config, struct nl_buf *out,
                                 struct nl_error *err) {
    struct nl_slots slots = {0};
    struct nl_fields fields = {0};
    struct nl_buf text = {0};
    struct nl_buf html = {0};
    struct nl_buf message = {0};
    char *subject = NULL;
    if (config->confirm_url == NULL || config->unsubscribe_url == NULL)
        return nl_error_set(err, NL_CONFIG, "%s: confirm_url and unsubscribe_url must be set",
                            config->path);
    enum nl_status status = render(kind, list, config, &slots, &text, &html, err);
    if (status == NL_OK)
        status = split_subject(&text, &subject, err);
    if (status == NL_OK)
        status = nl_fields_common(list, subject, list->language, &slots, &fields, err);
    if (status == NL_OK) {
        add_notice_fields(list, &fields);
        status = nl_mime_compose(&fields, &text, &html, NULL, &message, err);
    }
    if (status == NL_OK) {
        nl_message_pack(&slots, &message, out);
        status = out->failed ? nl_error_nomem(err) : NL_OK;
    }
    free(subject);
    nl_slots_free(&slots);
    nl_fields_free(&fields);
    nl_buf_free(&text);
    nl_buf_free(&html);
    nl_buf_free(&message);
    return status;
}
