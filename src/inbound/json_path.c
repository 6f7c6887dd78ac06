#include "inbound/json_path.h"

#include <stdio.h>
#include <string.h>

const json_t *nl_json_at(const json_t *object, const char *path) {
    char name[64];
    while (path != NULL && object != NULL) {
        size_t len = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)len, path);
        object = json_object_get(object, name);
        path = path[len] == '.' ? path + len + 1 : NULL;
    }
    return object;
}

const char *nl_json_text_at(const json_t *object, const char *path) {
    const char *text = path != NULL ? json_string_value(nl_json_at(object, path)) : NULL;
    return text != NULL ? text : "";
}
