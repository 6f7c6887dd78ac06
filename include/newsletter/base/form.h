/* The sign-up form as a visitor filled it in. */
#ifndef NEWSLETTER_BASE_FORM_H
#define NEWSLETTER_BASE_FORM_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"
#include "newsletter/base/form_field.h"

#include <stdio.h>

/* Zero-initialise it, then set `fields`; free with nl_form_free. Fields that were not given are
 * NULL. */
struct nl_form {
    const struct nl_form_fields *fields; /* the attributes that it may set; NULL: none. Borrowed */
    char *address, *name, *language;
    char **lists; /* each once, in the order in which they were given */
    size_t list_count;
    char *attributes;      /* a JSON object */
    struct nl_buf ignored; /* the names of attributes that it may not set, for the log */
};

/* Reads a form, URL-encoded or as a JSON object, from `in`. `fields` as in struct nl_form. */
NL_CHECKED enum nl_status nl_form_read(FILE *in, const struct nl_form_fields *fields,
                                       struct nl_form *out, struct nl_error *err)
    NL_NONNULL(1, 2, 3);

/* Takes one field: email (or address), name, list (which may come several times), language,
 * attribute.KEY. Other fields (a button, a honeypot) are passed over. The visitor's IP and the
 * source come from the hook, never from the form. An attribute that is not among `fields` is left
 * out and noted; a value of the wrong type is NL_DATA. */
NL_CHECKED enum nl_status nl_form_take(struct nl_form *form, const char *key, const char *value,
                                       struct nl_error *err) NL_NONNULL(1, 2, 3);

/* Adds "key=value" to a JSON object in text form, replacing *attributes. */
NL_CHECKED enum nl_status nl_form_attribute(char **attributes, const char *pair,
                                            struct nl_error *err) NL_NONNULL(1, 2);

/* Checks that name and language fit a header field, have an acceptable length, and that the
 * language is a valid tag. */
NL_CHECKED enum nl_status nl_form_check(const struct nl_form *form, struct nl_error *err)
    NL_NONNULL(1);

void nl_form_free(struct nl_form *form);

#endif
