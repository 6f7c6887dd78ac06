/* Mustache templates (the specification of mustache(5), with its optional lambdas for some names of
 * ours), escaping by default. */
#ifndef NL_TEMPLATE_MUSTACHE_H
#define NL_TEMPLATE_MUSTACHE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <jansson.h>
#include <stdbool.h>

/* A section that sets the text rendered within it, such as {{#wrap}}...{{/wrap}}. White space in
 * the text is single spaces. */
struct nl_template_block {
    const char *name;
    void (*write)(struct nl_buf *out, const char *text);
};

/* The services that a template may use. Function pointers may be NULL. */
struct nl_template_host {
    bool html;     /* values are HTML-escaped */
    bool sentence; /* the whole is a translation, whose values stand within words */
    bool rtl;     /* the text runs from right to left: values of the other direction are isolated */
    bool lenient; /* an unknown name or partial is empty, as the specification has it */
    void *ctx;

    /* Reads the partial `name` into `out`. NL_NOTFOUND if there is none. */
    enum nl_status (*partial)(void *ctx, const char *name, struct nl_buf *out,
                              struct nl_error *err);

    /* Returns the translation of the text in {{#_}}...{{/_}}, which is itself a template. White
     * space in `text` is single spaces. */
    const char *(*translate)(void *ctx, const char *text);

    /* The same for a text with a number `n`: {{#_}}{{n}} issue || {{n}} issues{{/_}}, the English
     * for one and for any other number. The first tag names the number. */
    const char *(*translate_plural)(void *ctx, const char *one, const char *many, unsigned long n);

    const struct nl_template_block *blocks; /* up to the first without a name */
};

/* Renders `text` over `data` (an object, borrowed) into `out`. Unless the host is lenient, a name
 * that `data` lacks is an error that names `where` and the line: a typing error must not leave a
 * gap in every mail. Names in sections that are not shown are not looked up. */
enum nl_status nl_template_render(const char *text, const char *where,
                                  const struct nl_template_host *host, const json_t *data,
                                  struct nl_buf *out, struct nl_error *err);

#endif
