#include "bulletin/mail_data.h"

#include "newsletter/base/language.h"
#include "newsletter/base/picture.h"
#include "newsletter/template/data.h"

#include <stdlib.h>
#include <string.h>

enum { LOGO_WIDTH = 240, LOGO_HEIGHT = 90 };

/* The width at which a logo is shown: whole, within bounds; 0 if its size is not known. */
static int shown_width(struct nl_picture_size size) {
    int width = size.width < LOGO_WIDTH ? size.width : LOGO_WIDTH;
    if (size.height > 0 && width * size.height / size.width > LOGO_HEIGHT)
        width = LOGO_HEIGHT * size.width / size.height;
    return size.width > 0 && width == 0 ? 1 : width;
}

static enum nl_status enclose_logo(const char *path, const char *name,
                                   struct nl_enclosures *enclosures, json_t *logo, const char *key,
                                   struct nl_error *err) {
    struct nl_buf data = {0};
    struct nl_buf address = {0};
    const char *type = NULL;
    enum nl_status status = nl_identity_logo(path, &data, &type, err);
    if (status == NL_OK) {
        json_object_set_new(logo, "width", json_integer(shown_width(nl_picture_size(&data))));
        nl_enclosures_picture(enclosures, name, type, &data, &address);
    }
    nl_data_set(logo, key, nl_buf_text(&address));
    nl_buf_free(&data);
    nl_buf_free(&address);
    return status;
}

/* The letterhead is white, or dark in dark mode. Other mastheads have the accent colour in both. */
static enum nl_status add_logo(const struct nl_identity *identity, struct nl_enclosures *enclosures,
                               json_t *data, struct nl_error *err) {
    json_t *logo = json_object();
    bool letter = identity->design == NL_DESIGN_LETTER;
    bool dark = !letter && strcmp(identity->palette.on_accent, "#ffffff") == 0;
    bool fits = !dark || identity->logo_dark != NULL;
    const char *path = dark && fits ? identity->logo_dark : identity->logo;
    enum nl_status status = NL_OK;
    nl_data_set(logo, "src", NULL);
    nl_data_set(logo, "dark", NULL);
    json_object_set_new(logo, "width", json_integer(0));
    json_object_set_new(logo, "plate", json_boolean(!fits));
    if (path != NULL)
        status = enclose_logo(path, "logo", enclosures, logo, "src", err);
    if (status == NL_OK && letter && identity->logo_dark != NULL)
        status = enclose_logo(identity->logo_dark, "logo-dark", enclosures, logo, "dark", err);
    json_object_set_new(data, "logo", logo);
    return status;
}

void nl_mail_archive_url(const struct nl_config *config, const struct nl_list *list,
                         struct nl_buf *out) {
    if (list->archive_url != NULL)
        nl_buf_adds(out, list->archive_url);
    else if (config->serve.url != NULL && !list->is_private)
        nl_buf_addf(out, "%s/archive/%s/", config->serve.url, list->name);
}

void nl_mail_issue_url(const struct nl_config *config, const struct nl_list *list, const char *slug,
                       const char *language, struct nl_buf *out) {
    if (config->serve.url == NULL || list->is_private)
        return;
    nl_buf_addf(out, "%s/archive/%s/issue/%s/", config->serve.url, list->name, slug);
    if (language != NULL)
        nl_buf_addf(out, "%s/", language);
}

static void add_addresses(const struct nl_config *config, const struct nl_list *list,
                          json_t *data) {
    struct nl_buf archive = {0};
    struct nl_buf join = {0};
    struct nl_buf calendar = {0};
    const char *rest = config->serve.url != NULL ? strstr(config->serve.url, "://") : NULL;
    nl_mail_archive_url(config, list, &archive);
    if (list->subscribe_url != NULL)
        nl_buf_adds(&join, list->subscribe_url);
    else if (config->serve.url != NULL && !list->is_private)
        nl_buf_addf(&join, "%s/join?list=%s", config->serve.url, list->name);
    if (rest != NULL && !list->is_private)
        nl_buf_addf(&calendar, "webcal%s/archive/%s/events.ics", rest, list->name);
    nl_data_set(json_object_get(data, "list"), "archive_url", nl_buf_text(&archive));
    nl_data_set(data, "join_url", nl_buf_text(&join));
    nl_data_set(data, "webcal_url", nl_buf_text(&calendar));
    nl_buf_free(&archive);
    nl_buf_free(&join);
    nl_buf_free(&calendar);
}

enum nl_status nl_mail_data(const struct nl_config *config, const struct nl_list *list,
                            const struct nl_identity *identity, const char *language,
                            struct nl_enclosures *enclosures, json_t *data, struct nl_error *err) {
    bool rtl = nl_language_is_rtl(language);
    const char *postal =
        list->postal_address != NULL ? list->postal_address : identity->postal_address;
    nl_data_identity(data, identity, NULL, NULL);
    bool links = json_is_true(json_object_get(json_object_get(data, "organisation"), "links"));
    nl_data_set(data, "masthead_title", list->title);
    nl_data_set(data, "align", identity->centred ? "center" : rtl ? "right" : "left");
    nl_data_set(data, "postal_address", postal);
    json_object_set_new(data, "foot", json_boolean(links || postal[0] != '\0'));
    json_object_set_new(data, "letter", json_boolean(identity->design == NL_DESIGN_LETTER));
    nl_data_set(data, "web_url", NULL);
    add_addresses(config, list, data);
    return add_logo(identity, enclosures, data, err);
}
