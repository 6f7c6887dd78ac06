#include "newsletter/bulletin/transactional_message.h"
#include "newsletter/base/memory.h"

#include "bulletin/fields.h"
#include "bulletin/mail_data.h"
#include "bulletin/message_input.h"
#include "bulletin/pack.h"
#include "newsletter/base/language.h"
#include "newsletter/base/text.h"
#include "newsletter/template/data.h"
#include "newsletter/template/theme.h"

#include <stdlib.h>
#include <string.h>

enum { RENDERED_LIMIT = 1 << 20, FILE_NAME = NL_MESSAGE_TEMPLATE + 16 };

/* A message while it is composed. */
struct composing {
    const struct nl_config *config;
    const struct nl_list *list;
    const struct nl_message_order *order;
    struct nl_theme theme;
    struct nl_identity identity;
    struct nl_enclosures enclosures; /* the logo, and the attachments */
    struct nl_slots slots;
    struct nl_buf subject, text, html;
    json_t *data;
};

void nl_message_copy_free(struct nl_message_copy *copy) {
    nl_buf_free(&copy->packed);
    free(copy->subject);
    free(copy->language);
    *copy = (struct nl_message_copy){0};
}

static enum nl_status open_theme(struct composing *composing, struct nl_error *err) {
    const struct nl_config *config = composing->config;
    const char *language =
        composing->order->language != NULL ? composing->order->language : composing->list->language;
    if (!nl_language_is_tag(language))
        return nl_error_set(err, NL_DATA, "'%.40s' is not a language: write en, or pt-BR",
                            language);
    enum nl_status status = nl_theme_open(config->templates, language, &composing->theme, err);
    if (status != NL_OK)
        return status;
    const char *spoken = nl_catalog_language(composing->theme.catalog);
    nl_identity_of(config, composing->list->name, spoken, &composing->identity);
    nl_theme_dress(&composing->theme, &composing->identity.palette, nl_language_is_rtl(spoken));
    return NL_OK;
}

static enum nl_status find_template(const struct composing *composing, char text[FILE_NAME],
                                    char html[FILE_NAME], struct nl_error *err) {
    const char *name = composing->order->template;
    const char *folder = composing->config->templates;
    if (!nl_text_is_name(name, "_-", NL_MESSAGE_TEMPLATE))
        return nl_error_set(
            err, NL_DATA, "'%.64s' is not the name of a template: use letters, digits, '_' and '-'",
            name);
    snprintf(text, FILE_NAME, "message-%s.txt", name);
    snprintf(html, FILE_NAME, "message-%s.html", name);
    if (!nl_theme_has(&composing->theme, text))
        return nl_error_set(err, NL_DATA, "there is no template '%s': put %s into %s", name, text,
                            folder != NULL ? folder
                                           : "the folder that the setting 'templates' names");
    if (!nl_theme_has(&composing->theme, html))
        snprintf(html, FILE_NAME, "message.html");
    return NL_OK;
}

/* ---- the text as paragraphs, for the built-in HTML ---- */

static void add_line(json_t *lines, const char *text, size_t len) {
    json_array_append_new(
        lines, json_pack("{s:s%, s:b}", "text", text, len, "first", json_array_size(lines) == 0));
}

/* A line "-- " begins what the template of the foot adds. */
static json_t *paragraphs_of(const char *text) {
    json_t *paragraphs = json_array();
    json_t *lines = NULL;
    while (*text != '\0' && strncmp(text, "-- \n", 4) != 0) {
        size_t len = strcspn(text, "\n");
        if (len > 0 && lines == NULL) {
            lines = json_array();
            json_array_append_new(paragraphs, json_pack("{s:o}", "lines", lines));
        }
        if (len > 0)
            add_line(lines, text, len);
        else
            lines = NULL;
        text += len + (text[len] == '\n');
    }
    return paragraphs;
}

/* ---- rendering ---- */

static enum nl_status check_subject(const struct composing *composing, const char *file,
                                    struct nl_error *err) {
    const char *subject = nl_buf_text(&composing->subject);
    enum nl_status status = nl_text_check_line(subject, "the subject", err);
    if (status == NL_OK && (subject[strspn(subject, " ")] == '\0' || strlen(subject) > 900))
        status =
            nl_error_set(err, NL_DATA, "%s: the subject is empty, or longer than 900 bytes", file);
    return status;
}

static enum nl_status render(struct composing *composing, struct nl_error *err) {
    char text[FILE_NAME];
    char html[FILE_NAME];
    const char *language = nl_catalog_language(composing->theme.catalog);
    composing->data = nl_data_new(composing->list, language);
    enum nl_status status = find_template(composing, text, html, err);
    if (status == NL_OK)
        status = nl_mail_data(composing->config, composing->list, &composing->identity, language,
                              &composing->enclosures, composing->data, err);
    json_object_set_new(composing->data, "data",
                        composing->order->data != NULL
                            ? json_incref((json_t *)composing->order->data)
                            : json_object());
    if (status == NL_OK)
        status = nl_theme_render_mail(&composing->theme, text, composing->data, &composing->subject,
                                      &composing->text, err);
    if (status == NL_OK)
        status = check_subject(composing, text, err);
    nl_data_set(composing->data, "subject", nl_buf_text(&composing->subject));
    json_object_set_new(composing->data, "paragraphs",
                        paragraphs_of(nl_buf_text(&composing->text)));
    if (status == NL_OK)
        status = nl_theme_render(&composing->theme, html, composing->data, &composing->html, err);
    if (status == NL_OK && composing->text.len + composing->html.len > RENDERED_LIMIT)
        status = nl_error_set(err, NL_DATA, "the message has more than %d MiB without attachments",
                              RENDERED_LIMIT >> 20);
    return status;
}

/* No fields of a mailing list: its reader has not subscribed to this. RFC 3834 section 5. */
static enum nl_status pack(struct composing *composing, struct nl_buf *out, struct nl_error *err) {
    struct nl_fields fields = {0};
    struct nl_buf message = {0};
    struct nl_buf value = {0};
    enum nl_status status = nl_fields_common(composing->list, nl_buf_text(&composing->subject),
                                             nl_catalog_language(composing->theme.catalog),
                                             &composing->slots, &fields, err);
    nl_buf_adds(&value, "auto-generated");
    nl_fields_add(&fields, "Auto-Submitted", &value);
    if (status == NL_OK)
        status = nl_mime_compose(&fields, &composing->text, &composing->html,
                                 &composing->enclosures, &message, err);
    if (status == NL_OK)
        nl_message_pack(&composing->slots, &message, out);
    nl_fields_free(&fields);
    nl_buf_free(&message);
    return status;
}

enum nl_status nl_message_order_compose(const struct nl_config *config, const struct nl_list *list,
                                        const struct nl_message_order *order,
                                        struct nl_message_copy *out, struct nl_error *err) {
    struct composing composing = {.config = config, .list = list, .order = order};
    *out = (struct nl_message_copy){0};
    enum nl_status status = nl_message_check_data(order->data, err);
    if (status == NL_OK)
        status = open_theme(&composing, err);
    if (status == NL_OK)
        status = render(&composing, err);
    if (status == NL_OK)
        status = nl_message_take_files(order, &composing.enclosures, err);
    if (status == NL_OK)
        status = pack(&composing, &out->packed, err);
    if (status == NL_OK) {
        out->subject = nl_strdup(nl_buf_text(&composing.subject));
        out->language = nl_strdup(nl_catalog_language(composing.theme.catalog));
    }
    json_decref(composing.data);
    nl_theme_free(&composing.theme);
    nl_enclosures_free(&composing.enclosures);
    nl_slots_free(&composing.slots);
    nl_buf_free(&composing.subject);
    nl_buf_free(&composing.text);
    nl_buf_free(&composing.html);
    return status;
}
