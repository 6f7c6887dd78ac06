/* Logic-less templates in the mustache syntax: {{variable}}, {{{unescaped}}}, {{#section}},
 * {{^inverted}}, {{/end}} and {{! comments }}. */
#ifndef NL_BULLETIN_TEMPLATE_H
#define NL_BULLETIN_TEMPLATE_H

#include "newsletter/buf.h"
#include "newsletter/error.h"

#include <jansson.h>

/* Renders `text` over `data` (an object, borrowed) into `out`. Values are HTML-escaped if `html`.
 * A name that `data` lacks is an error which names `where` and the line: a typing error must not
 * become a hole in every mail. */
enum nl_status nl_template_render(const char *text, const char *where, bool html,
                                  const json_t *data, struct nl_buf *out, struct nl_error *err);

#endif
