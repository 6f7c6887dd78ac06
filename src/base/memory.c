#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

void nl_memory_end(void) {
    static const char line[] = "newsletter: out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, line, sizeof line - 1);
    (void)ignored;
    _exit(EX_OSERR);
}

static void *needed(void *memory) {
    if (memory == NULL)
        nl_memory_end();
    return memory;
}

void *nl_malloc(size_t size) {
    return needed(malloc(size));
}

void *nl_calloc(size_t count, size_t size) {
    return needed(calloc(count, size));
}

/* With a size of 0, realloc frees. */
void *nl_realloc(void *memory, size_t size) {
    return needed(realloc(memory, size > 0 ? size : 1));
}

void *nl_reallocarray(void *memory, size_t count, size_t size) {
    return needed(reallocarray(memory, count > 0 ? count : 1, size));
}

char *nl_strdup(const char *text) {
    return needed(strdup(text));
}

char *nl_strndup(const char *text, size_t most) {
    return needed(strndup(text, most));
}
