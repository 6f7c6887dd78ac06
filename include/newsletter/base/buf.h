/* The one growable buffer. Where there is no memory for more, the program ends (memory.h). */
#ifndef NEWSLETTER_BASE_BUF_H
#define NEWSLETTER_BASE_BUF_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise it; free with nl_buf_free. `data` is NUL-terminated whenever it is not NULL. */
struct nl_buf {
    char *data;
    size_t len;
    size_t cap;
};

void nl_buf_add(struct nl_buf *buf, const void *data, size_t len) NL_NONNULL(1);
void nl_buf_adds(struct nl_buf *buf, const char *text) NL_ALL_NONNULL;
void nl_buf_addc(struct nl_buf *buf, char c) NL_ALL_NONNULL;
void nl_buf_addf(struct nl_buf *buf, const char *format, ...) NL_ALL_NONNULL
    __attribute__((format(printf, 2, 3)));

/* Makes room for `more` bytes. */
void nl_buf_reserve(struct nl_buf *buf, size_t more) NL_ALL_NONNULL;

/* Empties it and keeps its memory, for a buffer that serves many messages. */
void nl_buf_clear(struct nl_buf *buf) NL_ALL_NONNULL;

/* The text, "" for a buffer never written to. Owned by the buffer. */
const char *nl_buf_text(const struct nl_buf *buf) NL_ALL_NONNULL;

/* Hands the text to the caller, who frees it, and leaves the buffer empty. Never NULL. */
char *nl_buf_take(struct nl_buf *buf) NL_ALL_NONNULL;

void nl_buf_free(struct nl_buf *buf);

#endif
