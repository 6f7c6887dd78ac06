#include "newsletter/base/buf.h"
#include "newsletter/base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 64 };

void nl_buf_reserve(struct nl_buf *buf, size_t more) {
    if (buf->cap - buf->len > more)
        return;
    if (more > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4)
        nl_memory_end();
    size_t cap = buf->cap ? buf->cap : SMALLEST;
    while (cap - buf->len <= more)
        cap *= 2;
    char *data = nl_realloc(buf->data, cap);
    data[buf->len] = '\0';
    buf->data = data;
    buf->cap = cap;
}

void nl_buf_add(struct nl_buf *buf, const void *data, size_t len) {
    nl_buf_reserve(buf, len);
    if (len > 0)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void nl_buf_adds(struct nl_buf *buf, const char *text) {
    nl_buf_add(buf, text, strlen(text));
}

void nl_buf_addc(struct nl_buf *buf, char c) {
    nl_buf_add(buf, &c, 1);
}

void nl_buf_addf(struct nl_buf *buf, const char *format, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        nl_memory_end();
    nl_buf_add(buf, text, (size_t)len);
    free(text);
}

void nl_buf_clear(struct nl_buf *buf) {
    buf->len = 0;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

const char *nl_buf_text(const struct nl_buf *buf) {
    return buf->data != NULL ? buf->data : "";
}

char *nl_buf_take(struct nl_buf *buf) {
    nl_buf_reserve(buf, 0);
    char *text = buf->data;
    *buf = (struct nl_buf){0};
    return text;
}

void nl_buf_free(struct nl_buf *buf) {
    free(buf->data);
    *buf = (struct nl_buf){0};
}
