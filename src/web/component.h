/* The component in which the press room's text is written: CodeMirror, which the build takes from
 * the system and which the program carries in the form of gzip. A build without it has a plain text
 * area there. */
#ifndef NL_WEB_COMPONENT_H
#define NL_WEB_COMPONENT_H

#include "web/http.h"

/* Whether this program carries it. */
bool nl_component_is_here(void);

/* Answers with the file `name` of it, such as "codemirror.js"; *found says whether it is one. */
NL_CHECKED enum nl_status nl_component_file(const struct nl_request *request, const char *name,
                                            bool *found, struct nl_response *response,
                                            struct nl_error *err) NL_ALL_NONNULL;

#endif
