#include "bulletin/theme.h"

#include "base/embedded.h"
#include "bulletin/template.h"
#include "newsletter/file.h"
#include "newsletter/text.h"

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
    return nl_error_set(err, NL_INTERNAL, "there is no template %s", file);
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

enum nl_status nl_theme_open(const char *folder, struct nl_theme *out, struct nl_error *err) {
    struct nl_buf text = {0};
    struct nl_buf where = {0};
    *out = (struct nl_theme){.folder = folder};
    if (folder != NULL && access(folder, R_OK | X_OK) != 0)
        return nl_error_set(err, NL_CONFIG,
                            "the templates folder %s cannot be read: check the setting 'templates'",
                            folder);
    enum nl_status status = read_file(folder, "styles.yaml", &where, &text, err);
    if (status == NL_OK)
        status =
            nl_yaml_read(nl_buf_text(&text), text.len, nl_buf_text(&where), 1, &out->styles, err);
    nl_buf_free(&text);
    nl_buf_free(&where);
    return status;
}

const char *nl_theme_style(const struct nl_theme *theme, const char *element) {
    const char *style = nl_yaml_get(&theme->styles, element);
    return style != NULL ? style : "";
}

static json_t *styles_object(const struct nl_theme *theme) {
    json_t *object = json_object();
    for (size_t i = 0; object != NULL && i < theme->styles.count; i++)
        json_object_set_new(object, theme->styles.entries[i].path,
                            json_string(theme->styles.entries[i].value));
    return object;
}

enum nl_status nl_theme_render(const struct nl_theme *theme, const char *file, json_t *data,
                               struct nl_buf *out, struct nl_error *err) {
    struct nl_buf text = {0};
    struct nl_buf where = {0};
    const char *dot = strrchr(file, '.');
    bool html = dot != NULL && strcmp(dot, ".html") == 0;
    enum nl_status status = read_file(theme->folder, file, &where, &text, err);
    if (status == NL_OK && json_object_set_new(data, "styles", styles_object(theme)) != 0)
        status = nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_template_render(nl_buf_text(&text), nl_buf_text(&where), html, data, out, err);
    nl_buf_free(&text);
    nl_buf_free(&where);
    return status;
}

void nl_theme_free(struct nl_theme *theme) {
    nl_yaml_free(&theme->styles);
}
