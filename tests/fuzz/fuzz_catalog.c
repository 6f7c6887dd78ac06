/* Any bytes as a catalog in the operator's folder. */
#include "newsletter/base/catalog.h"
#include "newsletter/base/file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char folder[64];
static char path[80];

static void remove_all(void) {
    unlink(path);
    rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct nl_error err = {0};
    struct nl_catalog *catalog = NULL;
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "/dev/shm/newsletter-fuzz-%ld", (long)getpid());
        snprintf(path, sizeof path, "%s/de.mo", folder);
        if (mkdir(folder, 0700) != 0)
            abort();
        atexit(remove_all);
    }
    if (nl_file_write(path, data, len, false, &err) != NL_OK)
        abort();
    if (nl_catalog_open(folder, "de", &catalog, &err) == NL_OK) {
        static const char *const texts[] = {"", "a", "Unsubscribe", "zzz", "\xff\xff"};
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
            if (strlen(nl_catalog_text(catalog, NULL, texts[i])) +
                        strlen(nl_catalog_text(catalog, "date", texts[i])) >
                    2 * len + 64 ||
                strlen(nl_catalog_plural(catalog, texts[i], texts[i], 5)) > len + 64)
                abort();
    }
    nl_catalog_free(catalog);
    nl_error_free(&err);
    return 0;
}
