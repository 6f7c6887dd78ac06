#include "newsletter/archive/archive.h"

#include "newsletter/base/picture.h"
#include "newsletter/template/data.h"

#include <string.h>

bool nl_look_is_own(const struct nl_config *config, const char *list) {
    for (size_t i = 0; list != NULL && i < config->look_count; i++)
        if (strcmp(config->looks[i].list, list) == 0)
            return true;
    return false;
}

enum nl_status nl_look_style(const struct nl_config *config, const char *list,
                             const struct nl_theme *theme, struct nl_buf *out,
                             struct nl_error *err) {
    struct nl_identity identity = {0};
    json_t *data = json_object();
    nl_identity_of(config, list, nl_catalog_language(theme->catalog), &identity);
    nl_data_identity(data, &identity, NULL, NULL);
    enum nl_status status = nl_theme_render(theme, "style.css", data, out, err);
    json_decref(data);
    return status;
}

/* The name of a logo in paths; its ending tells any web server what it is. Nothing without one. */
static void add_name(const char *path, const char *name, struct nl_buf *out) {
    const char *dot = path != NULL ? strrchr(path, '.') : NULL;
    if (dot != NULL)
        nl_buf_addf(out, "%s.%s", name,
                    strcasecmp(dot, ".png") == 0   ? "png"
                    : strcasecmp(dot, ".gif") == 0 ? "gif"
                                                   : "jpg");
}

enum nl_status nl_look_logo(const struct nl_config *config, const char *list, const char *name,
                            bool *found, struct nl_buf *out, const char **type,
                            struct nl_error *err) {
    struct nl_identity identity = {0};
    enum nl_status status = NL_OK;
    *found = false;
    nl_identity_of(config, list, "en", &identity);
    const char *const paths[] = {identity.logo, identity.logo_dark};
    for (size_t i = 0; status == NL_OK && !*found && i < 2; i++) {
        struct nl_buf own = {0};
        add_name(paths[i], i == 0 ? "logo" : "logo-dark", &own);
        *found = own.len > 0 && strcmp(nl_buf_text(&own), name) == 0;
        if (*found)
            status = nl_identity_logo(paths[i], out, type, err);
        nl_buf_free(&own);
    }
    return status;
}

static void add_address(const char *base, const char *path, const char *name, struct nl_buf *out) {
    struct nl_buf file = {0};
    add_name(path, name, &file);
    if (file.len > 0)
        nl_buf_addf(out, "%s%s", base, nl_buf_text(&file));
    nl_buf_free(&file);
}

void nl_look_add(const struct nl_config *config, const char *list, const char *home,
                 const char *root, json_t *data) {
    struct nl_identity identity = {0};
    struct nl_buf logo = {0};
    struct nl_buf dark = {0};
    struct nl_buf style = {0};
    const char *base = nl_look_is_own(config, list) ? root : home;
    nl_identity_of(config, list, json_string_value(json_object_get(data, "language")), &identity);
    add_address(base, identity.logo, "logo", &logo);
    add_address(base, identity.logo_dark, "logo-dark", &dark);
    nl_data_identity(data, &identity, nl_buf_text(&logo), nl_buf_text(&dark));
    nl_buf_addf(&style, "%sstyle.css", base);
    nl_data_set(data, "stylesheet", nl_buf_text(&style));
    nl_buf_free(&logo);
    nl_buf_free(&dark);
    nl_buf_free(&style);
}
