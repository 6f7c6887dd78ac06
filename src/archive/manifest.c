#include "archive/manifest.h"

#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT = 256 << 20 };

static int compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The lines of `text`, which is cut at them, in order. The caller frees the array. */
static char **split(struct nl_buf *text, size_t *count) {
    size_t total = 0;
    for (size_t i = 0; i < text->len; i++)
        total += text->data[i] == '\n';
    *count = 0;
    if (total == 0)
        return NULL;
    char **lines = nl_calloc(total, sizeof *lines);
    for (char *line = text->data; *count < total; line = strchr(line, '\0') + 1) {
        line[strcspn(line, "\n")] = '\0';
        lines[(*count)++] = line;
    }
    qsort(lines, *count, sizeof *lines, compare);
    return lines;
}

/* The list lies where others may write: it names nothing outside the folder. */
static bool is_inside(const char *path) {
    return path[0] != '\0' && path[0] != '/' && strncmp(path, "../", 3) != 0 &&
           strstr(path, "/../") == NULL;
}

/* Removes a file and the folders that are empty after it. */
static enum nl_status remove_file(const char *folder, const char *path, struct nl_error *err) {
    struct nl_buf full = {0};
    nl_buf_addf(&full, "%s/%s", folder, path);
    enum nl_status status = NL_OK;
    if (unlink(full.data) != 0 && errno != ENOENT)
        status = nl_error_system(err, errno, "remove", full.data);
    for (size_t root = strlen(folder); status == NL_OK;) {
        char *slash = strrchr(full.data, '/');
        if (slash == NULL || (size_t)(slash - full.data) <= root)
            break;
        *slash = '\0';
        if (rmdir(full.data) != 0)
            break;
    }
    nl_buf_free(&full);
    return status;
}

static enum nl_status remove_old(const char *folder, struct nl_buf *before, struct nl_buf *now,
                                 struct nl_error *err) {
    size_t old_count = 0;
    size_t new_count = 0;
    char **old = split(before, &old_count);
    char **new = split(now, &new_count);
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < old_count; i++)
        if (is_inside(old[i]) &&
            (new == NULL || bsearch(&old[i], new, new_count, sizeof *new, compare) == NULL))
            status = remove_file(folder, old[i], err);
    free(old);
    free(new);
    return status;
}

enum nl_status nl_manifest_update(const char *folder, const struct nl_buf *written,
                                  struct nl_error *err) {
    struct nl_buf path = {0};
    struct nl_buf before = {0};
    struct nl_buf now = {0};
    nl_buf_addf(&path, "%s/.newsletter-files", folder);
    nl_buf_add(&now, written->data, written->len);
    enum nl_status status = NL_OK;
    if (access(path.data, F_OK) == 0) {
        status = nl_file_read(path.data, LIMIT, &before, err);
        if (status == NL_OK)
            status = remove_old(folder, &before, &now, err);
    }
    if (status == NL_OK)
        status = nl_file_write(path.data, written->data, written->len, false, err);
    nl_buf_free(&path);
    nl_buf_free(&before);
    nl_buf_free(&now);
    return status;
}
