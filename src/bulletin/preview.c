#include "newsletter/bulletin/preview.h"

#include "newsletter/bulletin/check.h"
#include "newsletter/template/data.h"
#include "newsletter/template/theme.h"

#include <string.h>
#include <unistr.h>

/* Replaces the condition by one that is always or never true. */
void nl_preview_scheme(const char *page, bool dark, struct nl_buf *out) {
    static const char condition[] = "(prefers-color-scheme:";
    for (const char *at = NULL; (at = strstr(page, condition)) != NULL;) {
        const char *end = strchr(at, ')');
        if (end == NULL)
            break;
        bool asks_dark = memmem(at, (size_t)(end - at), "dark", 4) != NULL;
        nl_buf_add(out, page, (size_t)(at - page));
        nl_buf_adds(out, asks_dark == dark ? "(min-width:0)" : "(max-width:0)");
        page = end + 1;
    }
    nl_buf_adds(out, page);
}

static json_t *frames_of(const char *page) {
    static const struct {
        const char *name;
        int width;
        bool dark;
    } kinds[] = {{"Phone", 375, false},
                 {"Phone, dark", 375, true},
                 {"Desktop", 700, false},
                 {"Desktop, dark", 700, true}};
    json_t *array = json_array();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct nl_buf settled = {0};
        nl_preview_scheme(page, kinds[i].dark, &settled);
        json_array_append_new(array, json_pack("{s:s, s:i, s:s}", "name", kinds[i].name, "width",
                                               kinds[i].width, "page", nl_buf_text(&settled)));
        nl_buf_free(&settled);
    }
    return array;
}

static json_t *edition_data(const struct nl_edition *edition, const struct nl_view *view,
                            const struct nl_sample *sample) {
    json_t *data = json_object();
    const char *end = strstr(sample->message, "\r\n\r\n");
    size_t len = end != NULL ? (size_t)(end - sample->message) : strlen(sample->message);
    size_t characters = u8_mbsnlen((const uint8_t *)edition->subject, strlen(edition->subject));
    nl_data_set(data, "language", edition->language);
    nl_data_set(data, "subject", edition->subject);
    nl_data_set(data, "path", view->path);
    nl_data_set(data, "text", sample->text);
    json_object_set_new(data, "subject_length", json_integer((json_int_t)characters));
    json_object_set_new(data, "html_size", json_integer((json_int_t)strlen(sample->html)));
    json_object_set_new(data, "clipped", json_boolean(strlen(sample->html) > NL_CLIP_SIZE));
    json_object_set_new(data, "message_size", json_integer((json_int_t)strlen(sample->message)));
    json_object_set_new(data, "headers", json_stringn(sample->message, len));
    json_object_set_new(data, "frames", frames_of(sample->page));
    return data;
}

enum nl_status nl_preview_compose(const char *name, const struct nl_bulletin *bulletin,
                                  const struct nl_sample *samples, const struct nl_config *config,
                                  struct nl_buf *out, struct nl_error *err) {
    struct nl_theme theme = {0};
    json_t *editions = json_array();
    json_t *data = json_pack("{s:s, s:o}", "name", name, "editions", editions);
    for (size_t i = 0; i < bulletin->view_count; i++) {
        const struct nl_edition edition = nl_bulletin_edition(bulletin, i);
        json_array_append_new(editions, edition_data(&edition, &bulletin->views[i], &samples[i]));
    }
    enum nl_status status = nl_theme_open(config->templates, "en", &theme, err);
    if (status == NL_OK)
        status = nl_theme_render(&theme, "preview.html", data, out, err);
    json_decref(data);
    nl_theme_free(&theme);
    return status;
}
