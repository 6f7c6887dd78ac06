/* Feeds a fuzz target the files of its corpus, where there is no fuzzer: part of every check. Meson
 * gives each target a name of its own, and lists those of a program in the file TARGETS. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 4 << 20 };
typedef int target(const uint8_t *data, size_t len);

#define TARGET(function) target function;
#include TARGETS
#undef TARGET

#define TARGET(function) {#function, function},
static const struct {
    const char *name;
    target *run;
} targets[] = {
#include TARGETS
};

static target *find(const char *name) {
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        if (strcmp(name, targets[i].name) == 0)
            return targets[i].run;
    }
    return NULL;
}

static int replay(target *run, const char *folder, const char *name) {
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = len > 0 && (size_t)len < sizeof path ? fopen(path, "rb") : NULL;
    uint8_t *data = malloc(LIMIT);
    int done = file != NULL && data != NULL;
    if (done)
        run(data, fread(data, 1, LIMIT, file));
    else
        fprintf(stderr, "cannot read %s\n", path);
    if (file != NULL)
        fclose(file);
    free(data);
    return done;
}

int main(int argc, char **argv) {
    int count = 0;
    target *run = argc == 3 ? find(argv[1]) : NULL;
    DIR *folder = run != NULL ? opendir(argv[2]) : NULL;
    if (folder == NULL) {
        fprintf(stderr, "usage: %s TARGET FOLDER\n", argv[0]);
        return 2;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.')
            continue;
        if (!replay(run, argv[2], entry->d_name))
            return 1;
        count++;
    }
    closedir(folder);
    return count > 0 ? 0 : 1;
}
