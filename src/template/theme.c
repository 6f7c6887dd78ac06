#include "newsletter/template/theme.h"

#include "newsletter/base/embedded.h"
#include "newsletter/base/file.h"
#include "newsletter/base/language.h"
#include "newsletter/base/text.h"
#include "newsletter/template/wrap.h"
#include "template/mustache.h"

#include <string.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 20 };

static enum nl_status read_builtin(const char *file, struct nl_buf *out, struct nl_error *err) {
    for (const struct nl_embedded *entry = nl_embedded_templates; entry->name != NULL; entry++) {
        if (strcmp(entry->name, file) != 0)
            continue;
        nl_buf_add(out, entry->data, entry->len);
        return out->failed ? nl_error_nomem(err) : NL_OK;
    }
    return NL_NOTFOUND;
}

/* Reads one file of the theme; `where` gets its path, for messages. */
static enum nl_status read_file(const char *folder, const char *file, struct nl_buf *where,
                                struct nl_buf *out, struct nl_error *err) {
    if (folder != NULL)
        nl_buf_addf(where, "%s/%s", folder, file);
    if (folder == NULL || access(nl_buf_text(where), F_OK) != 0) {
        nl_buf_clear(where);
        nl_buf_addf(where, "built-in %s", file);
        return read_builtin(file, out, err);
    }
    enum nl_status status = nl_file_read(nl_buf_text(where), FILE_LIMIT, out, err);
    return status == NL_OK ? nl_text_check_body(nl_buf_text(out), out->len, nl_buf_text(where), err)
                           : status;
}

/* Reads styles.yaml of one folder, or the built-in one. */
static enum nl_status read_styles(const char *folder, struct nl_yaml *out, struct nl_error *err) {
    struct nl_buf text = {0};
    struct nl_buf where = {0};
    enum nl_status status = read_file(folder, "styles.yaml", &where, &text, err);
    if (status == NL_OK)
        status = nl_yaml_read(nl_buf_text(&text), text.len, nl_buf_text(&where), 1, out, err);
    nl_buf_free(&text);
    nl_buf_free(&where);
    return status;
}

enum nl_status nl_theme_open(const char *folder, const char *language, struct nl_theme *out,
                             struct nl_error *err) {
    *out = (struct nl_theme){.folder = folder};
    if (folder != NULL && access(folder, R_OK | X_OK) != 0)
        return nl_error_set(err, NL_CONFIG,
                            "the templates folder %s cannot be read: check the setting 'templates'",
                            folder);
    enum nl_status status = read_styles(NULL, &out->styles, err);
    if (status == NL_OK && folder != NULL)
        status = read_styles(folder, &out->own_styles, err);
    return status == NL_OK ? nl_catalog_open(folder, language, &out->catalog, err) : status;
}

const char *nl_theme_style(const struct nl_theme *theme, const char *element) {
    const char *style = nl_yaml_get(&theme->own_styles, element);
    if (style == NULL)
        style = nl_yaml_get(&theme->styles, element);
    return style != NULL ? style : "";
}

static json_t *styles_object(const struct nl_theme *theme) {
    const struct nl_yaml *layers[] = {&theme->styles, &theme->own_styles};
    json_t *object = json_object();
    for (size_t layer = 0; layer < 2; layer++)
        for (size_t i = 0; i < layers[layer]->count; i++)
            json_object_set_new(object, layers[layer]->entries[i].path,
                                json_string(layers[layer]->entries[i].value));
    return object;
}

static enum nl_status read_partial(void *ctx, const char *name, struct nl_buf *out,
                                   struct nl_error *err) {
    const struct nl_theme *theme = ctx;
    struct nl_buf where = {0};
    enum nl_status status =
        strchr(name, '/') != NULL ? NL_NOTFOUND : read_file(theme->folder, name, &where, out, err);
    nl_buf_free(&where);
    return status;
}

static const char *translate_text(void *ctx, const char *text) {
    const struct nl_theme *theme = ctx;
    return nl_catalog_text(theme->catalog, NULL, text);
}

static const char *translate_plural(void *ctx, const char *one, const char *many, unsigned long n) {
    const struct nl_theme *theme = ctx;
    return nl_catalog_plural(theme->catalog, one, many, n);
}

static void wrap_text(struct nl_buf *out, const char *text) {
    nl_plain_wrap(out, text, "", "");
}

/* A style sheet or a script is rendered without a catalog. */
static struct nl_template_host host_of(const struct nl_theme *theme, bool html) {
    bool rtl = theme->catalog != NULL && nl_language_is_rtl(nl_catalog_language(theme->catalog));
    return (struct nl_template_host){.html = html,
                                     .rtl = rtl,
                                     .ctx = (void *)theme,
                                     .partial = read_partial,
                                     .translate = translate_text,
                                     .translate_plural = translate_plural,
                                     .wrap = wrap_text};
}

enum nl_status nl_theme_render(const struct nl_theme *theme, const char *file, json_t *data,
                               struct nl_buf *out, struct nl_error *err) {
    struct nl_buf text = {0};
    struct nl_buf where = {0};
    const char *dot = strrchr(file, '.');
    bool html = dot != NULL && (strcmp(dot, ".html") == 0 || strcmp(dot, ".xml") == 0);
    enum nl_status status = read_file(theme->folder, file, &where, &text, err);
    if (status == NL_NOTFOUND)
        status = nl_error_set(err, NL_INTERNAL, "there is no template %s", file);
    if (status == NL_OK && json_object_set_new(data, "styles", styles_object(theme)) != 0)
        status = nl_error_nomem(err);
    const struct nl_template_host host = host_of(theme, html);
    if (status == NL_OK)
        status = nl_template_render(nl_buf_text(&text), nl_buf_text(&where), &host, data, out, err);
    nl_buf_free(&text);
    nl_buf_free(&where);
    return status;
}

enum nl_status nl_theme_text(const struct nl_theme *theme, const char *context, const char *text,
                             const json_t *data, struct nl_buf *out, struct nl_error *err) {
    struct nl_template_host host = host_of(theme, false);
    host.sentence = true;
    return nl_template_render(nl_catalog_text(theme->catalog, context, text), text, &host, data,
                              out, err);
}

enum nl_status nl_theme_count(const struct nl_theme *theme, const char *one, const char *many,
                              unsigned long n, const json_t *data, struct nl_buf *out,
                              struct nl_error *err) {
    struct nl_template_host host = host_of(theme, false);
    host.sentence = true;
    return nl_template_render(nl_catalog_plural(theme->catalog, one, many, n), one, &host, data,
                              out, err);
}

void nl_theme_free(struct nl_theme *theme) {
    nl_yaml_free(&theme->styles);
    nl_yaml_free(&theme->own_styles);
    nl_catalog_free(theme->catalog);
    *theme = (struct nl_theme){0};
}
