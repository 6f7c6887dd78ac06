/* Where there is no more memory, the program ends with a line and status 71 (EX_OSERR), as after a
 * kill: what was promised is in the database, and the next start goes on from there. To go on
 * without some of it could send a message that lacks a part. */
#ifndef NEWSLETTER_BASE_MEMORY_H
#define NEWSLETTER_BASE_MEMORY_H

#include <stddef.h>

_Noreturn void nl_memory_end(void);

/* As those of the C library, and never NULL. */
void *nl_malloc(size_t size) __attribute__((malloc, returns_nonnull));
void *nl_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *nl_realloc(void *memory, size_t size) __attribute__((returns_nonnull));
void *nl_reallocarray(void *memory, size_t count, size_t size) __attribute__((returns_nonnull));
char *nl_strdup(const char *text) __attribute__((malloc, returns_nonnull, nonnull));
char *nl_strndup(const char *text, size_t most) __attribute__((malloc, returns_nonnull, nonnull));

#endif
