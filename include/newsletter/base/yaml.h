/* A YAML mapping, read by libyaml and flattened to dotted paths: the form of the configuration file
 * and of the front matter of an issue. */
#ifndef NEWSLETTER_BASE_YAML_H
#define NEWSLETTER_BASE_YAML_H

#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* How a value was written. */
enum nl_yaml_form {
    NL_YAML_EMPTY,  /* nothing was */
    NL_YAML_NULL,   /* ~ or null, without quotation marks */
    NL_YAML_PLAIN,  /* without quotation marks */
    NL_YAML_QUOTED, /* with " or ' */
    NL_YAML_BLOCK,  /* after | or >, on lines of its own */
};

struct nl_yaml_entry {
    char *path;  /* "smtp.host"; elements of sequences are numbered: "events.0.title" */
    char *value; /* the scalar, valid UTF-8 on one or more lines; "" for null, for {} and for [] */
    size_t line; /* counted from 1 in the file */
    enum nl_yaml_form form;
    bool comment; /* "# ..." follows an empty or plain value on its line */
};

struct nl_yaml {
    struct nl_yaml_entry *entries;
    size_t count;
};

/* Reads `len` bytes. `name` and `first_line` (the line in the file where the text begins, from 1)
 * serve the error messages. A key given twice, an alias, an anchor, a tag, a second document or
 * anything but a mapping is an error. Errors of form come with a hint for those who do not know
 * YAML.
 * Free with nl_yaml_free, also after a failure. */
NL_CHECKED enum nl_status nl_yaml_read(const char *text, size_t len, const char *name,
                                       size_t first_line, struct nl_yaml *out, struct nl_error *err)
    NL_NONNULL(1, 3, 5);

/* The value at `path`, or NULL. */
const char *nl_yaml_get(const struct nl_yaml *yaml, const char *path) NL_NONNULL(1);

void nl_yaml_free(struct nl_yaml *yaml);

#endif
