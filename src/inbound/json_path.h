/* Members of JSON objects within objects: "event-data.message.headers". */
#ifndef NL_INBOUND_JSON_PATH_H
#define NL_INBOUND_JSON_PATH_H

#include <jansson.h>

/* The value at a path, whose names are joined by dots and shorter than 64 bytes each. NULL if there
 * is none. Borrowed from the object. */
const json_t *nl_json_at(const json_t *object, const char *path);

/* The text at a path; "" if there is none, or for a path of NULL. */
const char *nl_json_text_at(const json_t *object, const char *path);

#endif
