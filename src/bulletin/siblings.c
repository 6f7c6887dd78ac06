#include "bulletin/siblings.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/language.h"
#include "newsletter/base/memory.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "folder/issue-11.ru.md" in its parts. `folder` ends with its slash or is empty. */
struct name {
    struct nl_buf folder, stem;
    char language[40]; /* "" if it names none */
    const char *ending;
};

/* A part between two dots is a language only if it begins with two letters and a hyphen or end:
 * "issue.new.md" and "issue.v2.md" name no language. */
static bool is_language(const char *text, size_t len, char out[40]) {
    if (len < 2 || len >= 40)
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return strcspn(out, "-") == 2 && nl_language_is_tag(out);
}

static void split_path(const char *path, struct name *out) {
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    size_t len = dot != NULL && dot > base ? (size_t)(dot - base) : strlen(base);
    *out = (struct name){.ending = base + len};
    nl_buf_add(&out->folder, path, (size_t)(base - path));
    const char *middle = memrchr(base, '.', len);
    if (middle != NULL && middle > base &&
        is_language(middle + 1, len - (size_t)(middle + 1 - base), out->language))
        len = (size_t)(middle - base);
    else
        out->language[0] = '\0';
    nl_buf_add(&out->stem, base, len);
}

static void free_name(struct name *name) {
    nl_buf_free(&name->folder);
    nl_buf_free(&name->stem);
}

static void add_sibling(struct nl_siblings *siblings, const struct name *name,
                        const char *language) {
    struct nl_buf path = {0};
    siblings->items = nl_realloc(siblings->items, (siblings->count + 1) * sizeof *siblings->items);
    nl_buf_addf(&path, "%s%s", nl_buf_text(&name->folder), nl_buf_text(&name->stem));
    if (language != NULL)
        nl_buf_addf(&path, ".%s", language);
    nl_buf_adds(&path, name->ending);
    siblings->items[siblings->count++] = (struct nl_sibling){
        .path = nl_buf_take(&path), .language = language != NULL ? nl_strdup(language) : NULL};
}

static void scan_folder(struct nl_siblings *siblings, const struct name *name) {
    DIR *folder = opendir(name->folder.len > 0 ? name->folder.data : ".");
    if (folder == NULL)
        return; /* reading the file will report it better */
    for (const struct dirent *item = NULL; (item = readdir(folder)) != NULL;) {
        struct name other = {0};
        split_path(item->d_name, &other);
        if (other.language[0] != '\0' && strcmp(other.ending, name->ending) == 0 &&
            strcmp(nl_buf_text(&other.stem), nl_buf_text(&name->stem)) == 0)
            add_sibling(siblings, name, other.language);
        free_name(&other);
    }
    closedir(folder);
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(((const struct nl_sibling *)a)->path, ((const struct nl_sibling *)b)->path);
}

/* How well a file suits readers whose language has no file. Best is the file without a language,
 * then one in the list's language, then the one that was named. */
static int rank_as_first(const struct nl_sibling *sibling, const struct name *name,
                         const char *language) {
    if (sibling->language == NULL)
        return 5;
    enum nl_language_match match = nl_language_match(language, sibling->language);
    return match != NL_LANGUAGE_OTHER ? 1 + (int)match
                                      : strcmp(sibling->language, name->language) == 0;
}

static enum nl_status put_first(struct nl_siblings *siblings, const struct name *name,
                                const char *path, const char *language, struct nl_error *err) {
    size_t best = 0;
    for (size_t i = 1; i < siblings->count; i++)
        if (rank_as_first(&siblings->items[i], name, language) >
            rank_as_first(&siblings->items[best], name, language))
            best = i;
    struct nl_sibling first = siblings->items[best];
    if (rank_as_first(&first, name, language) == 0)
        return nl_error_set(err, NL_NOINPUT,
                            "%s: there is no such file, nor one in the list's language: name the "
                            "one that readers of other languages are to get, such as %s",
                            path, first.path);
    memmove(siblings->items + 1, siblings->items, best * sizeof *siblings->items);
    siblings->items[0] = first;
    return NL_OK;
}

/* A pipe (/dev/fd/N) has no siblings. A file in memory has. */
static bool is_device(const char *path) {
    return strncmp(path, "/dev/", 5) == 0 && strncmp(path, "/dev/shm/", 9) != 0;
}

enum nl_status nl_siblings_find(const char *path, const char *language, struct nl_siblings *out,
                                struct nl_error *err) {
    struct name name = {0};
    struct nl_buf plain = {0};
    *out = (struct nl_siblings){0};
    split_path(path, &name);
    nl_buf_addf(&plain, "%s%s%s", nl_buf_text(&name.folder), nl_buf_text(&name.stem), name.ending);
    if (!is_device(path))
        scan_folder(out, &name);
    if (out->count == 0 || access(plain.data, F_OK) == 0) {
        /* A missing file is reported under the name that was given. */
        bool given = out->count == 0 && name.language[0] != '\0';
        add_sibling(out, &name, given ? name.language : NULL);
    }
    qsort(out->items, out->count, sizeof *out->items, compare_paths);
    enum nl_status status = put_first(out, &name, path, language, err);
    nl_buf_free(&plain);
    free_name(&name);
    if (status != NL_OK)
        nl_siblings_free(out);
    return status;
}

void nl_siblings_free(struct nl_siblings *siblings) {
    for (size_t i = 0; i < siblings->count; i++) {
        free(siblings->items[i].path);
        free(siblings->items[i].language);
    }
    free(siblings->items);
    *siblings = (struct nl_siblings){0};
}
