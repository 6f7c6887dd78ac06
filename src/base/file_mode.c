#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool find_folder(const char *path, struct stat *info) {
    char *copy = nl_strdup(path);
    bool found = stat(dirname(copy), info) == 0 && S_ISDIR(info->st_mode);
    free(copy);
    return found;
}

mode_t nl_file_private_mode(const char *path) {
    enum { SHARED = S_ISGID | S_IRWXG };
    struct stat folder;
    bool shared = find_folder(path, &folder) && (folder.st_mode & SHARED) == SHARED &&
                  (folder.st_mode & S_IRWXO) == 0;
    return shared ? 0660 : 0600;
}

bool nl_file_is_exposed(const char *path, const struct stat *info) {
    struct stat folder;
    bool shared = find_folder(path, &folder) && folder.st_gid == info->st_gid &&
                  (folder.st_mode & (S_IXGRP | S_IRWXO)) == S_IXGRP;
    return (info->st_mode & (shared ? S_IRWXO : S_IRWXG | S_IRWXO)) != 0;
}

bool nl_file_set_mode(int fd, mode_t mode) {
    struct stat info;
    if (fstat(fd, &info) != 0)
        return false;
    bool ours = S_ISREG(info.st_mode) && info.st_nlink == 1 && info.st_uid == geteuid();
    return !ours || (info.st_mode & 0777) == mode || fchmod(fd, mode) == 0;
}
