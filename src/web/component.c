#include "web/component.h"

#include "newsletter/base/embedded.h"
#include "newsletter/base/text.h"
#include "web/compress.h"
#include "web/request.h"

#include <stdio.h>
#include <string.h>

bool nl_component_is_here(void) {
    return nl_embedded_component[0].name != NULL;
}

/* Each file lies there with ".gz" at the end of its name. */
static const struct nl_embedded *find(const char *name) {
    size_t len = strlen(name);
    for (const struct nl_embedded *file = nl_embedded_component; file->name != NULL; file++)
        if (strncmp(file->name, name, len) == 0 && strcmp(file->name + len, ".gz") == 0)
            return file;
    return NULL;
}

enum nl_status nl_component_file(const struct nl_request *request, const char *name, bool *found,
                                 struct nl_response *response, struct nl_error *err) {
    const struct nl_embedded *file = find(name);
    *found = file != NULL;
    if (file == NULL)
        return NL_OK;
    size_t len = strlen(name);
    bool script = len > 3 && strcmp(name + len - 3, ".js") == 0;
    response->type = script ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8";
    response->cacheable = true;
    snprintf(response->etag, sizeof response->etag, "\"%.16s\"", file->checksum);
    response->packed = nl_gzip_is_wanted(nl_request_header(request, "Accept-Encoding"));
    if (response->packed)
        nl_buf_add(&response->body, file->data, file->len);
    else if (!nl_gunzip(file->data, file->len, &response->body))
        return nl_error_nomem(err);
    return NL_OK;
}
