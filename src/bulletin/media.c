#include "bulletin/media.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/token.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

enum { MEDIA_LIMIT = 20, TEXT_LIMIT = 300, FILE_LIMIT = 32 << 20 };

static struct nl_medium *medium_at(struct nl_media *media, size_t index) {
    if (index < media->count)
        return &media->items[index];
    struct nl_medium *grown = nl_realloc(media->items, (index + 1) * sizeof *grown);
    media->items = grown;
    grown[index] = (struct nl_medium){0};
    media->count = index + 1;
    return &grown[index];
}

enum nl_status nl_media_take(struct nl_media *media, const char *path, const char *value,
                             const char *where, size_t line, struct nl_error *err) {
    struct nl_medium probe = {0};
    char *key = NULL;
    unsigned long index = strtoul(path, &key, 10);
    if (*key != '.' || nl_medium_member(&probe, key + 1) == NULL || index > media->count)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s:%zu: a recording has a title and a file or url, and may have "
                    "licence and duration"),
            where, line);
    if (index >= MEDIA_LIMIT)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s:%zu: more than %d recordings"), where, line,
                            MEDIA_LIMIT);
    if (strlen(value) > TEXT_LIMIT)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s:%zu: %s is longer than %d bytes"), where,
                            line, key + 1, TEXT_LIMIT);
    struct nl_medium *medium = medium_at(media, index);
    char **member = nl_medium_member(medium, key + 1);
    *member = value[0] != '\0' ? nl_strdup(value) : NULL;
    return NL_OK;
}

enum nl_status nl_media_check(const struct nl_media *media, const char *where,
                              struct nl_error *err) {
    for (size_t i = 0; i < media->count; i++) {
        const char *problem = nl_medium_problem(&media->items[i]);
        if (problem != NULL)
            return nl_error_set(err, NL_DATA, NL_TEXT("%s: recording %zu (%s): %s"), where, i + 1,
                                media->items[i].title != NULL ? media->items[i].title
                                                              : NL_TEXT_IN("error", "no title"),
                                problem);
    }
    return NL_OK;
}

static enum nl_status read_one(const struct nl_medium *medium, const char *path, size_t number,
                               struct nl_recording *out, struct nl_error *err) {
    struct nl_buf data = {0};
    const char *ending = NULL;
    char *copy = nl_strdup(path);
    enum nl_status status =
        nl_file_read_beneath(dirname(copy), medium->file, FILE_LIMIT, &data, err);
    free(copy);
    if (status == NL_NOINPUT)
        status = err->status = NL_DATA;
    if (status != NL_OK)
        nl_error_context(err, "%s", path);
    *out = (struct nl_recording){
        .number = (int64_t)number, .type = nl_medium_type(medium->file, &ending), .len = data.len};
    out->data = nl_buf_take(&data);
    return status;
}

static void extend(char **digest, const struct nl_recording *file) {
    struct nl_buf all = {0};
    char text[NL_HEX_LEN];
    nl_digest_hex(file->data != NULL ? file->data : "", file->len, text);
    nl_buf_addf(&all, "%s recording %s", *digest, text);
    nl_digest_hex(nl_buf_text(&all), all.len, text);
    free(*digest);
    *digest = nl_strdup(text);
    nl_buf_free(&all);
}

enum nl_status nl_media_read(const struct nl_media *media, const char *path, char **digest,
                             struct nl_recording **files, size_t *count, struct nl_error *err) {
    enum nl_status status = NL_OK;
    *count = 0;
    *files = media->count > 0 ? nl_calloc(media->count, sizeof **files) : NULL;
    for (size_t i = 0; status == NL_OK && i < media->count; i++) {
        if (media->items[i].file == NULL)
            continue;
        struct nl_recording *file = &(*files)[(*count)++];
        status = read_one(&media->items[i], path, i + 1, file, err);
        if (status == NL_OK)
            extend(digest, file);
    }
    return status;
}
