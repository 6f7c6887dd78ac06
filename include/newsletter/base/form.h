/* The sign-up form as a visitor filled it in. */
#ifndef NEWSLETTER_BASE_FORM_H
#define NEWSLETTER_BASE_FORM_H

#include "newsletter/base/error.h"

#include <stdio.h>

/* Zero-initialise it; free with nl_form_free. Fields that were not given are NULL. */
struct nl_form {
    char *address, *name, *list, *language;
    char *attributes; /* a JSON object */
};

/* Reads a form, URL-encoded or as a JSON object, from `in`. */
enum nl_status nl_form_read(FILE *in, struct nl_form *out, struct nl_error *err);

/* Takes one field: email (or address), name, list, language, attribute.KEY. Other fields (a
 * button, a honeypot) are passed over. The visitor's IP and the source come from the hook, never
 * from the form. */
enum nl_status nl_form_take(struct nl_form *form, const char *key, const char *value,
                            struct nl_error *err);

/* Adds "key=value" to a JSON object in text form, replacing *attributes. */
enum nl_status nl_form_attribute(char **attributes, const char *pair, struct nl_error *err);

/* Checks that name and language fit a header field, have an acceptable length, and that the
 * language is a valid tag. */
enum nl_status nl_form_check(const struct nl_form *form, struct nl_error *err);

void nl_form_free(struct nl_form *form);

#endif
