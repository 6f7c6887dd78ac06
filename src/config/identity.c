#include "newsletter/config/identity.h"

#include "newsletter/base/file.h"
#include "newsletter/base/picture.h"
#include "newsletter/config/config.h"

#include <string.h>

enum { LOGO_LIMIT = 200 << 10 };

/* The darkest of the light grounds, and the lightest of the dark ones, that texts stand on. The
 * templates have them too: page.css, dark.css and styles.yaml. */
enum { LIGHT_GROUND = 0xeef1f4, DARK_GROUND = 0x2a333c, DARK_SHEET = 0x1f262d };

/* Text needs 4.5 (WCAG 2.2, 1.4.3); an area that can be seen as one needs less. */
static const double text_contrast = 4.5, heading_contrast = 5.5, area_contrast = 1.6;

bool nl_contact_is_set(const struct nl_contact *contact) {
    return contact->person != NULL || contact->phone != NULL || contact->fax != NULL ||
           contact->email != NULL || contact->web != NULL;
}

const struct nl_palette nl_palette_built_in = {.accent = "#12344d",
                                               .on_accent = "#ffffff",
                                               .on_accent_soft = "#e3ebf2",
                                               .heading = "#12344d",
                                               .link = "#0b5394",
                                               .dark_accent = "#2f6299",
                                               .dark_on_accent = "#ffffff",
                                               .dark_heading = "#a9cdf0",
                                               .dark_link = "#8ec3f5"};

static void make_palette(uint32_t accent, struct nl_palette *out) {
    uint32_t on = nl_colour_on(accent);
    uint32_t soft = nl_colour_readable(nl_colour_mix(on, accent, 0.85), accent, text_contrast);
    uint32_t dark = nl_colour_readable(accent, DARK_SHEET, area_contrast);
    nl_colour_text(accent, out->accent);
    nl_colour_text(on, out->on_accent);
    nl_colour_text(soft, out->on_accent_soft);
    nl_colour_text(nl_colour_readable(accent, LIGHT_GROUND, heading_contrast), out->heading);
    nl_colour_text(nl_colour_readable(accent, LIGHT_GROUND, text_contrast), out->link);
    nl_colour_text(dark, out->dark_accent);
    nl_colour_text(nl_colour_on(dark), out->dark_on_accent);
    nl_colour_text(nl_colour_readable(accent, DARK_GROUND, heading_contrast), out->dark_heading);
    nl_colour_text(nl_colour_readable(accent, DARK_GROUND, text_contrast), out->dark_link);
}

static const char *label_of(const struct nl_form_label *label, const char *language,
                            const char *fallback) {
    return label->count > 0 ? nl_form_label_text(label, language, fallback) : fallback;
}

bool nl_design_parse(const char *name, enum nl_design *out) {
    for (int i = 0; nl_design_names[i] != NULL; i++) {
        if (strcmp(nl_design_names[i], name) == 0) {
            *out = (enum nl_design)i;
            return true;
        }
    }
    return false;
}

/* Lays the settings of an organisation, or of a list, over what is there. */
static void lay_over(const struct nl_organisation *from, const char *language,
                     struct nl_identity *out) {
    out->name = label_of(&from->name, language, out->name);
    out->released_by = label_of(&from->released_by, language, out->released_by);
    out->postal_address = label_of(&from->postal_address, language, out->postal_address);
    if (from->logo != NULL) { /* the dark one belongs to it */
        out->logo = from->logo;
        out->logo_dark = from->logo_dark;
    }
    if (from->has_accent)
        make_palette(from->accent, &out->palette);
    if (from->has_masthead)
        out->centred = from->masthead == NL_MASTHEAD_CENTRED;
    if (from->has_design)
        out->design = (enum nl_design)from->design;
    if (nl_contact_is_set(&from->contact))
        out->contact = &from->contact;
    if (from->imprint != NULL)
        out->imprint = from->imprint;
    if (from->privacy != NULL)
        out->privacy = from->privacy;
    if (from->accessibility.reviewed != NULL)
        out->reviewed = from->accessibility.reviewed;
    out->limits = label_of(&from->accessibility.limits, language, out->limits);
    if (from->social_count > 0) {
        out->social = from->social;
        out->social_count = from->social_count;
    }
}

void nl_identity_of(const struct nl_config *config, const char *list, const char *language,
                    struct nl_identity *out) {
    *out = (struct nl_identity){.name = "",
                                .released_by = "",
                                .postal_address = "",
                                .limits = "",
                                .centred = true,
                                .contact = &config->organisation.contact,
                                .palette = nl_palette_built_in};
    lay_over(&config->organisation, language, out);
    for (size_t i = 0; list != NULL && i < config->look_count; i++)
        if (strcmp(config->looks[i].list, list) == 0)
            lay_over(&config->looks[i], language, out);
}

enum nl_status nl_identity_logo(const char *path, struct nl_buf *out, const char **type,
                                struct nl_error *err) {
    enum nl_status status = nl_file_read(path, LOGO_LIMIT, out, err);
    *type = status == NL_OK ? nl_picture_type(out) : NULL;
    if (status == NL_OK && *type == NULL)
        status = nl_error_set(err, NL_CONFIG, "%s is not a PNG, JPEG or GIF", path);
    return status == NL_OK ? NL_OK : nl_error_context(err, "organisation.logo");
}
