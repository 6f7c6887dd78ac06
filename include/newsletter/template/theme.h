/* The look and the language of pages and mails: templates, styles and translations. Files in the
 * user's folder replace the built-in ones. */
#ifndef NEWSLETTER_TEMPLATE_THEME_H
#define NEWSLETTER_TEMPLATE_THEME_H

#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/error.h"
#include "newsletter/base/yaml.h"
#include "newsletter/config/identity.h"

#include <jansson.h>

/* CSS declarations for an element or a part of a layout. */
struct nl_style {
    const char *name;
    char *value;
};

struct nl_theme {
    const char *folder;      /* NULL for built-in only; borrowed */
    struct nl_style *styles; /* the built-in ones */
    size_t style_count;
    struct nl_yaml own_styles; /* the user's, which replace those of the same name */
    struct nl_palette palette;
    bool rtl; /* what is written is, from right to left */
    struct nl_catalog *catalog;
};

/* Reads styles.yaml and the catalog of `language`. Free with nl_theme_free, also after a failure.
 */
NL_CHECKED enum nl_status nl_theme_open(const char *folder, const char *language,
                                        struct nl_theme *out, struct nl_error *err)
    NL_NONNULL(2, 3, 4);

/* Gives the styles their colours and their direction: "$accent" and the other names of a palette
 * become colours, "$start" and "$end" become left and right, or the reverse. Mail programs know
 * neither variables of CSS nor its logical properties. Styles that were not dressed keep the names.
 */
void nl_theme_dress(struct nl_theme *theme, const struct nl_palette *palette,
                    bool rtl) NL_ALL_NONNULL;

/* The declarations for `element` or a named style, "" if none. */
const char *nl_theme_style(const struct nl_theme *theme, const char *element) NL_ALL_NONNULL;

/* Renders NAME.html or NAME.txt over `data`. A page also has "styles", and unless `data` has them
 * "colours": the palette. */
NL_CHECKED enum nl_status nl_theme_render(const struct nl_theme *theme, const char *file,
                                          json_t *data, struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(1, 2, 4, 5);

/* Renders NAME.txt of a mail, whose first line is "Subject: ...". The line is a template of its
 * own: a value with a line break cannot end it. Without that line it is NL_DATA. `subject` is not
 * encoded yet; what follows the blank lines after it goes into `text`. */
NL_CHECKED enum nl_status nl_theme_render_mail(const struct nl_theme *theme, const char *file,
                                               const json_t *data, struct nl_buf *subject,
                                               struct nl_buf *text,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Whether there is a file of that name, in the user's folder or built in. */
bool nl_theme_has(const struct nl_theme *theme, const char *file) NL_ALL_NONNULL;

/* Renders one translatable text over `data`, as plain text. Appends. */
NL_CHECKED enum nl_status nl_theme_text(const struct nl_theme *theme, const char *context,
                                        const char *text, const json_t *data, struct nl_buf *out,
                                        struct nl_error *err) NL_NONNULL(1, 3, 5, 6);

/* The same for a text with a number `n`: `one` and `many` are its English for 1 and for any other
 * number (NL_TEXTS). */
NL_CHECKED enum nl_status nl_theme_count(const struct nl_theme *theme, const char *one,
                                         const char *many, unsigned long n, const json_t *data,
                                         struct nl_buf *out, struct nl_error *err) NL_ALL_NONNULL;

void nl_theme_free(struct nl_theme *theme);

#endif
