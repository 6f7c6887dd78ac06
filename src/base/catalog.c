#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/embedded.h"
#include "newsletter/base/file.h"
#include "newsletter/base/language.h"
#include "newsletter/base/plural.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { FILE_LIMIT = 4 << 20, HEADER = 20, ENTRY = 8, CONTEXT_END = '\x04' };

static const char english[] = "en";

/* A catalog in the file format of GNU gettext: two tables of (length, offset), one for the sorted
 * texts and one for their translations. libintl is not used: it needs the file on disk and takes
 * the language from the locale of the process. */
struct nl_catalog {
    char *language;
    struct nl_buf file; /* empty for English */
    const char *data;
    size_t len;
    size_t count;
};

static size_t number_at(const struct nl_catalog *catalog, size_t at) {
    const unsigned char *p = (const unsigned char *)catalog->data + at;
    return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
}

/* Text number `index` of the table whose offset stands at `table` in the header. */
static const char *entry(const struct nl_catalog *catalog, size_t table, size_t index) {
    size_t at = number_at(catalog, table) + index * ENTRY;
    return catalog->data + number_at(catalog, at + 4);
}

static bool is_within(const struct nl_catalog *catalog, size_t table, size_t index) {
    size_t at = number_at(catalog, table) + index * ENTRY;
    size_t len = number_at(catalog, at);
    size_t offset = number_at(catalog, at + 4);
    return offset < catalog->len && len < catalog->len - offset &&
           catalog->data[offset + len] == '\0';
}

static bool is_sound(struct nl_catalog *catalog) {
    if (catalog->len < HEADER || number_at(catalog, 0) != 0x950412de)
        return false;
    catalog->count = number_at(catalog, 8);
    for (size_t table = 12; table <= 16; table += 4) {
        size_t at = number_at(catalog, table);
        if (at > catalog->len || catalog->count > (catalog->len - at) / ENTRY)
            return false;
        for (size_t i = 0; i < catalog->count; i++)
            if (!is_within(catalog, table, i))
                return false;
    }
    return true;
}

static const struct nl_embedded *find_built_in(const char *language, size_t len) {
    for (const struct nl_embedded *file = nl_embedded_catalogs; file->name != NULL; file++)
        if (strncasecmp(file->name, language, len) == 0 && strcmp(file->name + len, ".mo") == 0)
            return file;
    return NULL;
}

/* Looks for the catalog named by the first `len` bytes of `language`. */
static enum nl_status try_open(struct nl_catalog *catalog, const char *folder, const char *language,
                               size_t len, struct nl_error *err) {
    struct nl_buf path = {0};
    nl_buf_addf(&path, "%s/%.*s.mo", folder != NULL ? folder : "", (int)len, language);
    enum nl_status status = NL_OK;
    if (folder != NULL && access(path.data, F_OK) == 0) {
        status = nl_file_read(path.data, FILE_LIMIT, &catalog->file, err);
        catalog->data = nl_buf_text(&catalog->file);
        catalog->len = catalog->file.len;
        if (status == NL_OK && !is_sound(catalog))
            status = nl_error_set(err, NL_CONFIG,
                                  "%s is not a catalog: make it with msgfmt --endianness=little",
                                  path.data);
    } else if (find_built_in(language, len) != NULL) {
        catalog->data = find_built_in(language, len)->data;
        catalog->len = find_built_in(language, len)->len;
        if (!is_sound(catalog))
            status = nl_error_set(err, NL_INTERNAL, "a built-in catalog is damaged");
    } else {
        status = NL_NOTFOUND;
    }
    if (status == NL_OK)
        catalog->language = nl_strndup(language, len);
    nl_buf_free(&path);
    return status;
}

enum nl_status nl_catalog_open(const char *folder, const char *language, struct nl_catalog **out,
                               struct nl_error *err) {
    struct nl_catalog *catalog = nl_calloc(1, sizeof *catalog);
    enum nl_status status = NL_NOTFOUND;
    *out = NULL;
    if (language != NULL && nl_language_is_tag(language)) { /* it becomes the name of a file */
        status = try_open(catalog, folder, language, strlen(language), err);
        if (status == NL_NOTFOUND)
            status = try_open(catalog, folder, language, strcspn(language, "-"), err);
    }
    if (status == NL_NOTFOUND) {
        catalog->language = nl_strdup(english);
        status = NL_OK;
    }
    if (status != NL_OK) {
        nl_catalog_free(catalog);
        return status;
    }
    *out = catalog;
    return NL_OK;
}

const char *nl_catalog_language(const struct nl_catalog *catalog) {
    return catalog->language;
}

/* Compares the key "context EOT text" with one of the file. */
static int compare(const char *context, const char *text, const char *key) {
    for (; context != NULL && *context != '\0'; context++, key++)
        if (*context != *key)
            return (unsigned char)*context - (unsigned char)*key;
    if (context != NULL && *key++ != CONTEXT_END)
        return CONTEXT_END - (unsigned char)key[-1];
    return strcmp(text, key);
}

static bool find(const struct nl_catalog *catalog, const char *context, const char *text,
                 size_t *index) {
    size_t low = 0;
    size_t high = catalog->count;
    while (low < high) {
        *index = low + (high - low) / 2;
        int order = compare(context, text, entry(catalog, 12, *index));
        if (order == 0)
            return true;
        if (order < 0)
            high = *index;
        else
            low = *index + 1;
    }
    return false;
}

const char *nl_catalog_text(const struct nl_catalog *catalog, const char *context,
                            const char *text) {
    size_t index = 0; /* the empty text is the head of the catalog */
    return text[0] != '\0' && find(catalog, context, text, &index) ? entry(catalog, 16, index)
                                                                   : text;
}

/* The key of a text with a number is "one NUL many", and its translations follow each other in the
 * same way. */
const char *nl_catalog_plural(const struct nl_catalog *catalog, const char *one, const char *many,
                              unsigned long n) {
    size_t index = 0;
    if (one[0] == '\0' || !find(catalog, NULL, one, &index))
        return n == 1 ? one : many;
    const char *text = entry(catalog, 16, index);
    const char *end = text + number_at(catalog, number_at(catalog, 16) + index * ENTRY);
    size_t forms = 1;
    for (const char *p = text; p < end; p++)
        forms += *p == '\0';
    const char *head = find(catalog, NULL, "", &index) ? entry(catalog, 16, index) : "";
    for (size_t form = nl_plural_form(head, n, forms); form > 0; form--)
        text += strlen(text) + 1;
    return text;
}

static bool is_catalog_name(const char *name, size_t *len) {
    size_t all = strlen(name);
    char tag[40] = "";
    *len = all > 3 ? all - 3 : 0;
    if (*len == 0 || *len >= sizeof tag || strcmp(name + *len, ".mo") != 0)
        return false;
    memcpy(tag, name, *len);
    return nl_language_is_tag(tag);
}

enum nl_status nl_catalog_each(const char *folder,
                               enum nl_status (*each)(const char *language, void *ctx,
                                                      struct nl_error *err),
                               void *ctx, struct nl_error *err) {
    size_t len = 0;
    enum nl_status status = each(english, ctx, err);
    DIR *own = folder != NULL ? opendir(folder) : NULL;
    for (const struct nl_embedded *file = nl_embedded_catalogs; status == NL_OK && file->name;
         file++) {
        if (!is_catalog_name(file->name, &len))
            continue;
        char *language = nl_strndup(file->name, len);
        status = each(language, ctx, err);
        free(language);
    }
    for (const struct dirent *item = NULL;
         status == NL_OK && own != NULL && (item = readdir(own)) != NULL;) {
        if (!is_catalog_name(item->d_name, &len) || find_built_in(item->d_name, len) != NULL)
            continue;
        char *language = nl_strndup(item->d_name, len);
        status = each(language, ctx, err);
        free(language);
    }
    if (own != NULL)
        closedir(own);
    return status;
}

void nl_catalog_free(struct nl_catalog *catalog) {
    if (catalog == NULL)
        return;
    free(catalog->language);
    nl_buf_free(&catalog->file);
    free(catalog);
}
