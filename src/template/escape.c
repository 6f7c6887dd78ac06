#include "newsletter/template/escape.h"

#include <stddef.h>

const char *nl_html_entity(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void nl_html_escape(struct nl_buf *out, const char *text) {
    for (const char *p = text; *p != '\0'; p++) {
        const char *entity = nl_html_entity(*p);
        if (entity != NULL)
            nl_buf_adds(out, entity);
        else
            nl_buf_addc(out, *p);
    }
}
