#include "newsletter/base/endpoint.h"

#include "newsletter/base/text.h"

#include <string.h>

enum { PORT_MOST = 65535 };

bool nl_endpoint_read(const char *text, struct nl_endpoint *out) {
    bool bracketed = text[0] == '[';
    const char *start = text + bracketed;
    const char *colon = strchr(start, ':');
    bool is_address = !bracketed && colon != NULL && strchr(colon + 1, ':') != NULL;
    size_t len = strcspn(start, bracketed ? "]" : is_address ? "" : ":");
    const char *rest = start + len + bracketed;
    int64_t number = 0;
    *out = (struct nl_endpoint){0};
    if (len == 0 || len >= NL_ENDPOINT_HOST || (bracketed && start[len] != ']') ||
        (*rest != '\0' && *rest != ':'))
        return false;
    memcpy(out->host, start, len);
    if (*rest == ':')
        out->port = rest + 1;
    if (out->port != NULL && nl_text_integer(out->port, &number) && number > 0 &&
        number <= PORT_MOST)
        out->number = (int)number;
    return true;
}
