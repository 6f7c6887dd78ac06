/* The identity that readers see: the section `organisation` of the configuration. Mails, notices,
 * the website, the dashboard and reports take it from here, with nl_identity_of. */
#ifndef NEWSLETTER_CONFIG_IDENTITY_H
#define NEWSLETTER_CONFIG_IDENTITY_H

#include "newsletter/base/buf.h"
#include "newsletter/base/colour.h"
#include "newsletter/base/error.h"
#include "newsletter/base/form_field.h"

#include <stdbool.h>
#include <stdint.h>

struct nl_config;

/* The contact for readers. Unset lines are NULL. */
struct nl_contact {
    char *person;
    char *phone;
    char *fax;
    char *email;
    char *web;
};

/* Whether any line is set. */
bool nl_contact_is_set(const struct nl_contact *contact) NL_ALL_NONNULL;

/* How an issue is laid out, and their names, NULL at the end. */
enum nl_design { NL_DESIGN_BULLETIN, NL_DESIGN_LETTER, NL_DESIGN_MAGAZINE };
extern const char *const nl_design_names[];
bool nl_design_parse(const char *name, enum nl_design *out) NL_ALL_NONNULL;

enum nl_masthead { NL_MASTHEAD_CENTRED, NL_MASTHEAD_LEFT };

/* A page of the organisation elsewhere. */
struct nl_social {
    char *name; /* what readers see, such as "Telegram" */
    char *url;
};

enum { NL_SOCIAL = 12, NL_LOOKS = 64 };

/* The settings of the organisation, or those in which a list differs from it. */
struct nl_organisation {
    char *list;                /* the list's name; NULL for the organisation itself */
    struct nl_form_label name; /* texts may differ by language */
    struct nl_form_label released_by;
    struct nl_form_label postal_address;
    char *logo, *logo_dark; /* pictures: PNG, JPEG or GIF */
    bool has_accent, has_masthead, has_design;
    uint32_t accent;
    int64_t masthead; /* enum nl_masthead */
    int64_t design;   /* enum nl_design */
    struct nl_contact contact;
    char *imprint, *privacy; /* web addresses */
    struct {
        char *reviewed; /* the date of the accessibility statement; NULL: there is none */
        struct nl_form_label limits; /* which limits it names */
    } accessibility;
    struct nl_social social[NL_SOCIAL];
    size_t social_count;
};

/* The colours of a look, as "#rrggbb". Each text colour can be read on its grounds: 4.5 or more. */
struct nl_palette {
    char accent[NL_COLOUR_TEXT];         /* the ground of mastheads and buttons */
    char on_accent[NL_COLOUR_TEXT];      /* text on it */
    char on_accent_soft[NL_COLOUR_TEXT]; /* lighter text on it */
    char heading[NL_COLOUR_TEXT];        /* on white and on the pale grounds of pages */
    char link[NL_COLOUR_TEXT];           /* likewise */
    char dark_accent[NL_COLOUR_TEXT];    /* the ground of buttons on dark pages */
    char dark_on_accent[NL_COLOUR_TEXT];
    char dark_heading[NL_COLOUR_TEXT]; /* on dark pages */
    char dark_link[NL_COLOUR_TEXT];
};

/* The look without an accent of one's own. */
extern const struct nl_palette nl_palette_built_in;

/* The identity of one list in one language. All texts are borrowed from the configuration. */
struct nl_identity {
    const char *name;           /* "" if unset, as the next two */
    const char *released_by;    /* a line such as "Released by the Embassy of ..." */
    const char *postal_address; /* for lists that have none of their own */
    const char *logo;           /* the path of a picture, or NULL */
    const char *logo_dark;      /* another one for dark grounds, or NULL */
    bool centred;               /* the masthead */
    enum nl_design design;      /* of issues that choose no other */
    const struct nl_contact *contact;
    const char *imprint, *privacy; /* NULL if unset */
    const char *reviewed;          /* YYYY-MM-DD: of the accessibility statement; NULL: none */
    const char *limits;            /* that it names; "" for none */
    const struct nl_social *social;
    size_t social_count;
    struct nl_palette palette;
};

/* The identity of the list with this name, NULL for the organisation as a whole. The settings of
 * a list stand before those of the organisation; it replaces a contact and social links as a whole.
 */
void nl_identity_of(const struct nl_config *config, const char *list, const char *language,
                    struct nl_identity *out) NL_NONNULL(1, 3, 4);

/* Reads a logo. NL_CONFIG says what is wrong with the file: no picture, or larger than 200 KiB.
 * *type is its media type, a constant. */
NL_CHECKED enum nl_status nl_identity_logo(const char *path, struct nl_buf *out, const char **type,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
