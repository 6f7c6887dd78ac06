/* Errors of YAML in words for those who do not know it. */
#ifndef NL_BASE_YAML_HINT_H
#define NL_BASE_YAML_HINT_H

#include "newsletter/base/error.h"

#include <stddef.h>
#include <yaml.h>

/* Line number `line` of a text, counted from 0; the end of the text if it has fewer. */
const char *nl_yaml_line(const char *text, size_t len, size_t line);

/* Says why the parser stopped in `text`, in which line, and what to do if that can be told.
 * Returns NL_DATA. */
enum nl_status nl_yaml_explain(const yaml_parser_t *parser, const char *text, size_t len,
                               const char *name, size_t first_line, struct nl_error *err);

#endif
