#include "bulletin/issue_data.h"

#include "bulletin/event_links.h"
#include "bulletin/mail_data.h"
#include "newsletter/base/picture.h"
#include "newsletter/base/zone.h"
#include "newsletter/bulletin/genuine.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"
#include "newsletter/template/size.h"
#include "newsletter/transfer/qr_picture.h"

enum { CODE_SCALE = 4 };

static json_t *file_data(const struct nl_theme *theme, const struct nl_enclosure *item,
                         bool first) {
    struct nl_buf size = {0};
    json_t *file = json_object();
    nl_size_words(theme, item->data.len, &size);
    nl_data_set(file, "name", item->name);
    nl_data_set(file, "size", nl_buf_text(&size));
    json_object_set_new(file, "first", json_boolean(first));
    nl_buf_free(&size);
    return file;
}

/* The files that readers find below the text; pictures stand in it. */
static json_t *attachment_data(const struct nl_theme *theme,
                               const struct nl_enclosures *enclosures) {
    json_t *files = json_array();
    for (size_t i = 0; i < enclosures->count; i++)
        if (enclosures->items[i].content_id == NULL)
            json_array_append_new(
                files, file_data(theme, &enclosures->items[i], json_array_size(files) == 0));
    if (json_array_size(files) > 0)
        return json_pack("{s:o}", "files", files);
    json_decref(files);
    return json_null();
}

/* "14 September 2026, 09:00 (Asia/Almaty)"; empty without an embargo. */
static void add_embargo(const struct nl_issue_parts *parts, json_t *data) {
    const struct nl_frontmatter *front = parts->front;
    struct nl_buf day = {0};
    struct nl_buf words = {0};
    struct nl_buf text = {0};
    if (front->embargo != NULL) {
        nl_buf_add(&day, front->embargo, NL_DAY_LEN);
        nl_date_long(parts->theme, nl_buf_text(&day), &words);
        nl_date_time(parts->theme, nl_buf_text(&words), front->embargo + NL_DAY_LEN + 1, &text);
        nl_buf_addf(&text, " (%s)", front->timezone != NULL ? front->timezone : "UTC");
    }
    nl_data_set(data, "embargo", nl_buf_text(&text));
    nl_buf_free(&day);
    nl_buf_free(&words);
    nl_buf_free(&text);
}

static void add_texts(const struct nl_issue_parts *parts, json_t *data) {
    const struct nl_frontmatter *front = parts->front;
    struct nl_buf date = {0};
    nl_date_long(parts->theme, front->date, &date);
    nl_data_set(data, "series", front->series);
    if (front->series != NULL)
        nl_data_set(data, "masthead_title", front->series);
    nl_data_set(data, "number", front->number);
    nl_data_set(data, "title", front->title);
    nl_data_set(data, "subject", parts->subject);
    nl_data_set(data, "category", front->category);
    nl_data_set(data, "posted_by", front->posted_by);
    nl_data_set(data, "preheader", parts->preheader);
    nl_data_set(data, "date", nl_buf_text(&date));
    nl_data_set(data, "iso_date", front->date);
    nl_data_set(data, "web_url", parts->web_url);
    nl_buf_free(&date);
}

static enum nl_status add_links(const struct nl_config *config, struct nl_slots *slots,
                                json_t *data, struct nl_error *err) {
    struct nl_buf url = {0};
    struct nl_buf preferences = {0};
    enum nl_status status =
        nl_slots_url(slots, config->unsubscribe_url, NL_SLOT_UNSUBSCRIBE, &url, err);
    if (status == NL_OK && config->preferences_url != NULL)
        status =
            nl_slots_url(slots, config->preferences_url, NL_SLOT_UNSUBSCRIBE, &preferences, err);
    nl_data_set(data, "unsubscribe_url", nl_buf_text(&url));
    nl_data_set(data, "preferences_url", nl_buf_text(&preferences));
    nl_buf_free(&preferences);
    nl_buf_free(&url);
    return status;
}

/* Recordings are heard on the issue's page, or where they are on the web. */
static json_t *media_data(const struct nl_issue_parts *parts) {
    const struct nl_media *media = &parts->front->media;
    json_t *list = json_array();
    for (size_t i = 0; i < media->count; i++) {
        struct nl_buf url = {0};
        json_t *item = json_object();
        if (media->items[i].url != NULL)
            nl_buf_adds(&url, media->items[i].url);
        else if (parts->web_url[0] != '\0')
            nl_buf_addf(&url, "%s#listen", parts->web_url);
        nl_data_set(item, "title", media->items[i].title);
        nl_data_set(item, "duration", media->items[i].duration);
        nl_data_set(item, "url", nl_buf_text(&url));
        if (url.len > 0)
            json_array_append(list, item);
        json_decref(item);
        nl_buf_free(&url);
    }
    return list;
}

/* The picture of the code is small: the few words of the address at four pixels for each module. It
 * is shown at half of that, so that fine screens and paper have it sharp. */
static enum nl_status add_code(const char *url, struct nl_enclosures *enclosures, json_t *data,
                               struct nl_error *err) {
    struct nl_buf picture = {0};
    struct nl_buf address = {0};
    enum nl_status status = nl_qr_png(url, CODE_SCALE, &picture, err);
    int width = status == NL_OK ? nl_picture_size(&picture).width / 2 : 0;
    if (status == NL_OK)
        nl_enclosures_picture(enclosures, "number", "image/png", &picture, &address);
    nl_data_set(data, "genuine_code", nl_buf_text(&address));
    json_object_set_new(data, "genuine_code_width", json_integer(width));
    nl_buf_free(&picture);
    nl_buf_free(&address);
    return status;
}

/* The number by which a reader asks whether the bulletin is ours, and the page for that. */
static enum nl_status add_reference(const struct nl_issue_parts *parts,
                                    struct nl_enclosures *enclosures, json_t *data,
                                    struct nl_error *err) {
    char reference[NL_REFERENCE_LEN + 1] = "";
    struct nl_buf url = {0};
    enum nl_status status = NL_OK;
    if (parts->config->signing.key_file != NULL)
        nl_reference(parts->list->list_id, parts->slug, reference);
    nl_reference_url(parts->config, reference, &url);
    nl_data_set(data, "reference", reference);
    nl_data_set(data, "genuine_url", nl_buf_text(&url));
    nl_data_set(data, "genuine_code", "");
    if (url.len > 0 && parts->config->signing.qr_code)
        status = add_code(nl_buf_text(&url), enclosures, data, err);
    nl_buf_free(&url);
    return status;
}

enum nl_status nl_issue_data(const struct nl_issue_parts *parts, struct nl_slots *slots,
                             struct nl_enclosures *enclosures, json_t **out, struct nl_error *err) {
    const struct nl_frontmatter *front = parts->front;
    json_t *data = *out = nl_data_new(parts->list, front->language);
    json_t *attachments = attachment_data(parts->theme, enclosures);
    enum nl_status status = nl_mail_data(parts->config, parts->list, parts->identity,
                                         front->language, enclosures, data, err);
    if (status == NL_OK)
        status = add_links(parts->config, slots, data, err);
    add_texts(parts, data);
    add_embargo(parts, data);
    if (status == NL_OK)
        status = add_reference(parts, enclosures, data, err);
    /* an issue that names somebody to ask replaces the whole block: half of each would mislead */
    const bool own = nl_contact_is_set(&front->contact);
    json_object_set_new(data, "contact",
                        nl_data_contact(own ? &front->contact : parts->identity->contact));
    json_object_set_new(data, "attachments", attachments);
    json_object_set_new(data, "media", media_data(parts));
    json_object_set_new(data, "calendar", nl_events_data(&front->events, parts->theme));
    nl_events_add_links(json_object_get(data, "calendar"), &front->events, front->timezone);
    return status;
}
