/* Feeds a fuzz target the files of its corpus, where there is no fuzzer: part of every check. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { LIMIT = 4 << 20 };

static int replay(const char *folder, const char *name) {
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = len > 0 && (size_t)len < sizeof path ? fopen(path, "rb") : NULL;
    uint8_t *data = malloc(LIMIT);
    int done = file != NULL && data != NULL;
    if (done)
        LLVMFuzzerTestOneInput(data, fread(data, 1, LIMIT, file));
    else
        fprintf(stderr, "cannot read %s\n", path);
    if (file != NULL)
        fclose(file);
    free(data);
    return done;
}

int main(int argc, char **argv) {
    int count = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.')
            continue;
        if (!replay(argv[1], entry->d_name))
            return 1;
        count++;
    }
    closedir(folder);
    return count > 0 ? 0 : 1;
}
