#include "newsletter/template/escape.h"

#include <string.h>

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
    while (*text != '\0') {
        size_t plain = strcspn(text, "&<>\"'");
        nl_buf_add(out, text, plain);
        text += plain;
        if (*text != '\0')
            nl_buf_adds(out, nl_html_entity(*text++));
    }
}
