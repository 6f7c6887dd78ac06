#include "newsletter/base/on_demand.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

/* In the order of the trampolines, function by function and library by library. */
#define LIBRARY(file)
#define FUNCTION(index, library, name) {library, #name},
static const struct {
    int library;
    const char *name;
} functions[] = {
#include "on_demand.def"
    {0, NULL},
};
#undef LIBRARY
#undef FUNCTION

#define LIBRARY(file) file,
#define FUNCTION(index, library, name)
static const char *const libraries[] = {
#include "on_demand.def"
    NULL,
};

/* The address of a function. Called by the trampolines, in any thread, perhaps in several at once:
 * opening a library again only counts its users. It stays open until the process ends. */
void *nl_on_demand_find(size_t function);

static void *open_library(const char *file) {
    void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "newsletter: a library cannot be opened: %s: install it\n", dlerror());
        _exit(EX_OSFILE);
    }
    return library;
}

void *nl_on_demand_find(size_t function) {
    void *library = open_library(libraries[functions[function].library]);
    void *address = dlsym(library, functions[function].name);
    if (address == NULL) {
        fprintf(stderr, "newsletter: a library does not fit: %s: install newsletter again\n",
                dlerror());
        _exit(EX_OSFILE);
    }
    return address;
}

void nl_on_demand_open_all(void) {
    for (size_t i = 0; libraries[i] != NULL; i++)
        open_library(libraries[i]);
}
