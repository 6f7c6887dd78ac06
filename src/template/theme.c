#include "newsletter/template/theme.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/embedded.h"
#include "newsletter/base/file.h"
#include "newsletter/base/language.h"
#include "newsletter/base/text.h"
#include "newsletter/template/data.h"
#include "newsletter/template/wrap.h"
#include "template/mustache.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 20 };

static enum nl_status read_builtin(const char *file, struct nl_buf *out) {
    for (const struct nl_embedded *entry = nl_embedded_templates; entry->name != NULL; entry++) {
        if (strcmp(entry->name, file) != 0)
            continue;
        nl_buf_add(out, entry->data, entry->len);
        return NL_OK;
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
        return read_builtin(file, out);
    }
    enum nl_status status = nl_file_read(nl_buf_text(where), FILE_LIMIT, out, err);
    return status == NL_OK ? nl_text_check_body(nl_buf_text(out), out->len, nl_buf_text(where), err)
                           : status;
}

/* Reads styles.yaml of the user's folder, if there is one. */
static enum nl_status read_styles(const char *folder, struct nl_yaml *out, struct nl_error *err) {
    struct nl_buf text = {0};
    struct nl_buf where = {0};
    nl_buf_addf(&where, "%s/styles.yaml", folder);
    bool exists = access(nl_buf_text(&where), F_OK) == 0;
    nl_buf_clear(&where);
    enum nl_status status = exists ? read_file(folder, "styles.yaml", &where, &text, err) : NL_OK;
    if (status == NL_OK && exists)
        status = nl_yaml_read(nl_buf_text(&text), text.len, nl_buf_text(&where), 1, out, err);
    nl_buf_free(&text);
    nl_buf_free(&where);
    return status;
}

/* Copies the built-in styles, which colours and a direction will change. */
static void copy_styles(struct nl_theme *theme) {
    size_t count = 0;
    while (nl_embedded_styles[count].name != NULL)
        count++;
    theme->styles = nl_calloc(count + 1, sizeof *theme->styles);
    for (size_t i = 0; i < count; i++, theme->style_count++)
        theme->styles[i] = (struct nl_style){.name = nl_embedded_styles[i].name,
                                             .value = nl_strdup(nl_embedded_styles[i].value)};
}

enum nl_status nl_theme_open(const char *folder, const char *language, struct nl_theme *out,
                             struct nl_error *err) {
    *out = (struct nl_theme){.folder = folder, .palette = nl_palette_built_in};
    if (folder != NULL && access(folder, R_OK | X_OK) != 0)
        return nl_error_set(err, NL_CONFIG,
                            "the templates folder %s cannot be read: check the setting 'templates'",
                            folder);
    enum nl_status status = NL_OK;
    copy_styles(out);
    if (folder != NULL)
        status = read_styles(folder, &out->own_styles, err);
    return status == NL_OK ? nl_catalog_open(folder, language, &out->catalog, err) : status;
}

/* The value of a name after "$"; NULL if it is unknown. *len is the length of the name. */
static const char *token_value(const struct nl_theme *theme, const char *name, size_t *len) {
    const struct {
        const char *name, *value;
    } tokens[] = {{"accent", theme->palette.accent},
                  {"on_accent", theme->palette.on_accent},
                  {"on_accent_soft", theme->palette.on_accent_soft},
                  {"heading", theme->palette.heading},
                  {"link", theme->palette.link},
                  /* Arabic and Hebrew have no slanted letters. */
                  {"italic", theme->rtl ? "normal" : "italic"},
                  {"emphasis", theme->rtl ? "font-style:normal;font-weight:bold" : ""},
                  {"start", theme->rtl ? "right" : "left"},
                  {"end", theme->rtl ? "left" : "right"}};
    *len = strspn(name, "abcdefghijklmnopqrstuvwxyz_");
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        if (strlen(tokens[i].name) == *len && strncmp(tokens[i].name, name, *len) == 0)
            return tokens[i].value;
    return NULL;
}

static void dress_style(const struct nl_theme *theme, char **style) {
    struct nl_buf out = {0};
    const char *at = *style;
    for (const char *sign = strchr(at, '$'); sign != NULL; sign = strchr(at, '$')) {
        size_t len = 0;
        const char *value = token_value(theme, sign + 1, &len);
        nl_buf_add(&out, at, (size_t)(sign - at));
        if (value != NULL)
            nl_buf_adds(&out, value);
        else
            nl_buf_add(&out, sign, len + 1);
        at = sign + 1 + len;
    }
    if (at == *style)
        return;
    nl_buf_adds(&out, at);
    free(*style);
    *style = nl_buf_take(&out);
}

void nl_theme_dress(struct nl_theme *theme, const struct nl_palette *palette, bool rtl) {
    theme->palette = *palette;
    theme->rtl = rtl;
    for (size_t i = 0; i < theme->style_count; i++)
        dress_style(theme, &theme->styles[i].value);
    for (size_t i = 0; i < theme->own_styles.count; i++)
        dress_style(theme, &theme->own_styles.entries[i].value);
}

const char *nl_theme_style(const struct nl_theme *theme, const char *element) {
    const char *style = nl_yaml_get(&theme->own_styles, element);
    for (size_t i = 0; style == NULL && i < theme->style_count; i++)
        if (strcmp(theme->styles[i].name, element) == 0)
            style = theme->styles[i].value;
    return style != NULL ? style : "";
}

static json_t *styles_object(const struct nl_theme *theme) {
    json_t *object = json_object();
    for (size_t i = 0; i < theme->style_count; i++)
        json_object_set_new(object, theme->styles[i].name, json_string(theme->styles[i].value));
    for (size_t i = 0; i < theme->own_styles.count; i++)
        json_object_set_new(object, theme->own_styles.entries[i].path,
                            json_string(theme->own_styles.entries[i].value));
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

/* Underlines the last of its lines as wide as the widest of them. */
static void underline_text(struct nl_buf *out, const char *text, char sign) {
    struct nl_buf lines = {0};
    size_t width = 0;
    nl_plain_wrap(&lines, text, "", "");
    for (char *rest = lines.data; rest != NULL && *rest != '\0';) {
        const char *line = strsep(&rest, "\n");
        size_t this = nl_text_width(line);
        width = this > width ? this : width;
        nl_buf_addf(out, "%s\n", line);
    }
    while (width-- > 0)
        nl_buf_addc(out, sign);
    nl_buf_addc(out, '\n');
    nl_buf_free(&lines);
}

static void underline_title(struct nl_buf *out, const char *text) {
    underline_text(out, text, '=');
}

static void underline_heading(struct nl_buf *out, const char *text) {
    underline_text(out, text, '-');
}

static void wrap_item(struct nl_buf *out, const char *text) {
    nl_plain_wrap(out, text, "* ", "  ");
}

static void wrap_indented(struct nl_buf *out, const char *text) {
    nl_plain_wrap(out, text, "  ", "  ");
}

static const struct nl_template_block blocks[] = {{"wrap", wrap_text},
                                                  {"title_lines", underline_title},
                                                  {"heading_lines", underline_heading},
                                                  {"event_lines", wrap_item},
                                                  {"item_lines", wrap_indented},
                                                  {NULL, NULL}};

/* A style sheet or a script is rendered without a catalog. */
static struct nl_template_host host_of(const struct nl_theme *theme, bool html) {
    bool rtl = theme->rtl ||
               (theme->catalog != NULL && nl_language_is_rtl(nl_catalog_language(theme->catalog)));
    return (struct nl_template_host){.html = html,
                                     .rtl = rtl,
                                     .ctx = (void *)theme,
                                     .partial = read_partial,
                                     .translate = translate_text,
                                     .translate_plural = translate_plural,
                                     .blocks = blocks};
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
    if (status == NL_OK && html && json_object_set_new(data, "styles", styles_object(theme)) != 0)
        status = nl_error_nomem(err);
    if (html && json_object_get(data, "colours") == NULL)
        json_object_set_new(data, "colours", nl_data_palette(&theme->palette));
    struct nl_template_host host = host_of(theme, html);
    /* A style sheet has no direction, and isolates would spoil its colours. */
    host.rtl = host.rtl && (html || (dot != NULL && strcmp(dot, ".txt") == 0));
    if (status == NL_OK)
        status = nl_template_render(nl_buf_text(&text), nl_buf_text(&where), &host, data, out, err);
    nl_buf_free(&text);
    nl_buf_free(&where);
    return status;
}

bool nl_theme_has(const struct nl_theme *theme, const char *file) {
    struct nl_buf path = {0};
    bool has = false;
    if (theme->folder != NULL)
        nl_buf_addf(&path, "%s/%s", theme->folder, file);
    has = theme->folder != NULL && access(nl_buf_text(&path), F_OK) == 0;
    nl_buf_free(&path);
    for (const struct nl_embedded *entry = nl_embedded_templates; !has && entry->name != NULL;
         entry++)
        has = strcmp(entry->name, file) == 0;
    return has;
}

enum nl_status nl_theme_render_mail(const struct nl_theme *theme, const char *file,
                                    const json_t *data, struct nl_buf *subject, struct nl_buf *text,
                                    struct nl_error *err) {
    static const char prefix[] = "Subject: ";
    struct nl_buf source = {0};
    struct nl_buf where = {0};
    struct nl_template_host host = host_of(theme, false);
    enum nl_status status = read_file(theme->folder, file, &where, &source, err);
    if (status == NL_NOTFOUND)
        status = nl_error_set(err, NL_INTERNAL, "there is no template %s", file);
    char *end = strchr(nl_buf_text(&source), '\n');
    if (status == NL_OK && (end == NULL || strncmp(source.data, prefix, sizeof prefix - 1) != 0))
        status = nl_error_set(err, NL_DATA, "%s: a mail must begin with a line 'Subject: ...'",
                              nl_buf_text(&where));
    if (status == NL_OK) {
        *end = '\0';
        status = nl_template_render(source.data + sizeof prefix - 1, nl_buf_text(&where), &host,
                                    data, subject, err);
    }
    if (status == NL_OK) {
        *end = '\n'; /* the line, empty, so that errors count lines as the file has them */
        status = nl_template_render(end, nl_buf_text(&where), &host, data, text, err);
    }
    if (status == NL_OK) {
        size_t blank = strspn(nl_buf_text(text), "\n");
        text->len -= blank;
        memmove(text->data, text->data + blank, text->len + 1);
    }
    nl_buf_free(&source);
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
    for (size_t i = 0; i < theme->style_count; i++)
        free(theme->styles[i].value);
    free(theme->styles);
    nl_yaml_free(&theme->own_styles);
    nl_catalog_free(theme->catalog);
    *theme = (struct nl_theme){0};
}
