/* Mustache templates (the specification of mustache(5), with its optional lambdas for two names of
 * ours), escaping by default. */
#ifndef NL_TEMPLATE_MUSTACHE_H
#define NL_TEMPLATE_MUSTACHE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <jansson.h>
#include <stdbool.h>

/* What a template may call on. Function pointers may be NULL. */
struct nl_template_host {
    bool html;    /* values are HTML-escaped */
    bool lenient; /* an unknown name or partial is empty, as the specification has it */
    void *ctx;

    /* Reads the partial `name` into `out`. NL_NOTFOUND if there is none. */
    enum nl_status (*partial)(void *ctx, const char *name, struct nl_buf *out,
                              struct nl_error *err);

    /* The translation of what {{#_}}...{{/_}} encloses, itself a template; white space in `text` is
     * single spaces. */
    const char *(*translate)(void *ctx, const char *text);

    /* Writes what {{#wrap}}...{{/wrap}} encloses, rendered, as lines of bearable length. */
    void (*wrap)(struct nl_buf *out, const char *text);
};

/* Renders `text` over `data` (an object, borrowed) into `out`. Unless the host is lenient, a name
 * that `data` lacks is an error which names `where` and the line: a typing error must not become a
 * hole in every mail. In sections that are not shown nothing is looked up. */
enum nl_status nl_template_render(const char *text, const char *where,
                                  const struct nl_template_host *host, const json_t *data,
                                  struct nl_buf *out, struct nl_error *err);

#endif
