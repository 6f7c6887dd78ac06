/* A logo for BIMI as any bytes: each fault is told once, and reading ends. */
#include "doctor/bimi_logo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FAULTS_MOST = 13 };

struct told {
    const char *words[FAULTS_MOST];
    size_t count;
};

static void tell(const char *problem, void *ctx) {
    struct told *told = ctx;
    for (size_t i = 0; i < told->count; i++)
        if (strcmp(told->words[i], problem) == 0)
            abort();
    if (told->count == FAULTS_MOST)
        abort();
    told->words[told->count++] = problem;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct told told = {.count = 0};
    nl_bimi_logo_check((const char *)data, len, tell, &told);
    return 0;
}
