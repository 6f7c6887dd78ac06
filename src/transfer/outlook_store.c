#include "transfer/outlook_store.h"

#include "newsletter/base/memory.h"
#include "transfer/code_page.h"

#include <gsf/gsf-infile-msole.h>
#include <gsf/gsf-infile.h>
#include <gsf/gsf-input-memory.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names in a storage; attachments; bytes before the first property (MS-OXMSG section 2.4.1). */
enum { NAMES = 4096, ATTACHMENTS = 60, ENTRY = 16, HEAD = 32, HEAD_WITHIN = 24, HEAD_OF_FILE = 8 };

/* The types of properties (MS-OXCDATA section 2.11.1). */
enum { LONG = 0x0003, STRING8 = 0x001E, UNICODE = 0x001F, BINARY = 0x0102, OBJECT = 0x000D };

static const char broken[] = "the mail is broken";

/* The library leaves out what is broken, and writes a warning: it would be another mail. */
static atomic_uint warnings;

static void count_warning(const gchar *domain, GLogLevelFlags level, const gchar *text,
                          gpointer ctx) {
    (void)text;
    (void)ctx;
    if (domain != NULL && strncmp(domain, "libgsf", 6) == 0 &&
        (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0)
        atomic_fetch_add(&warnings, 1);
}

struct nl_storage {
    GsfInfile *directory;
    struct nl_buf properties; /* those of a fixed size */
    size_t head;
    int attachments[ATTACHMENTS]; /* their places in the directory */
    size_t count;
    bool has_properties; /* that are streams */
    int code_page;
    uint64_t *left; /* the bytes that may be read: of the whole file */
    uint64_t whole;
};

void nl_storage_close(struct nl_storage *storage) {
    if (storage == NULL)
        return;
    if (storage->directory != NULL)
        g_object_unref(storage->directory);
    nl_buf_free(&storage->properties);
    free(storage);
}

/* ---- streams ---- */

static bool has_name(const struct nl_storage *storage, const char *wanted) {
    int names = gsf_infile_num_children(storage->directory);
    for (int i = 0; i < names; i++) {
        const char *name = gsf_infile_name_by_index(storage->directory, i);
        if (name != NULL && strcmp(name, wanted) == 0)
            return true;
    }
    return false;
}

/* The stream or storage of that name, or NULL. The caller releases it. NL_DATA for one that is
 * there and cannot be read. */
static enum nl_status find_child(const struct nl_storage *storage, const char *name, GsfInput **out,
                                 struct nl_error *err) {
    *out = gsf_infile_child_by_name(storage->directory, name);
    return *out == NULL && has_name(storage, name) ? nl_error_set(err, NL_DATA, "%s", broken)
                                                   : NL_OK;
}

static bool is_directory(GsfInput *input) {
    return GSF_IS_INFILE(input) && gsf_infile_num_children(GSF_INFILE(input)) >= 0;
}

/* Parts of a file may overlap: all of them together are not larger than the file. */
static enum nl_status read_stream(const struct nl_storage *storage, GsfInput *stream,
                                  struct nl_buf *out, struct nl_error *err) {
    gsf_off_t size = gsf_input_size(stream);
    if (size < 0 || (uint64_t)size > *storage->left)
        return nl_error_set(err, NL_DATA, "the mail is broken: its parts are larger than it is");
    *storage->left -= (uint64_t)size;
    const guint8 *data = size > 0 ? gsf_input_read(stream, (size_t)size, NULL) : NULL;
    if (size > 0 && data == NULL)
        return nl_error_set(err, NL_DATA, "%s", broken);
    if (size > 0)
        nl_buf_add(out, data, (size_t)size);
    return NL_OK;
}

static enum nl_status read_named(const struct nl_storage *storage, const char *name,
                                 struct nl_buf *out, bool *found, struct nl_error *err) {
    GsfInput *stream = NULL;
    enum nl_status status = find_child(storage, name, &stream, err);
    *found = stream != NULL && !is_directory(stream);
    if (*found)
        status = read_stream(storage, stream, out, err);
    if (stream != NULL)
        g_object_unref(stream);
    return status;
}

static enum nl_status read_property(const struct nl_storage *storage, unsigned property,
                                    unsigned type, struct nl_buf *out, bool *found,
                                    struct nl_error *err) {
    char name[24];
    snprintf(name, sizeof name, "__substg1.0_%04X%04X", property & 0xFFFFU, type);
    return read_named(storage, name, out, found, err);
}

enum nl_status nl_storage_bytes(const struct nl_storage *storage, unsigned property,
                                struct nl_buf *out, bool *found, struct nl_error *err) {
    bool ignored = false;
    return read_property(storage, property, BINARY, out, found != NULL ? found : &ignored, err);
}

enum nl_status nl_storage_text(const struct nl_storage *storage, unsigned property,
                               struct nl_buf *out, struct nl_error *err) {
    struct nl_buf raw = {0};
    bool found = false;
    int code_page = NL_CODE_PAGE_UTF16;
    enum nl_status status = read_property(storage, property, UNICODE, &raw, &found, err);
    if (status == NL_OK && !found) {
        code_page = storage->code_page;
        status = read_property(storage, property, STRING8, &raw, &found, err);
    }
    size_t len = raw.len;
    if (code_page == NL_CODE_PAGE_UTF16)
        len &= ~(size_t)1;
    if (status == NL_OK && len > 0)
        nl_code_page_add(code_page, raw.data, len, out);
    while (out->len > 0 && out->data[out->len - 1] == '\0')
        out->len--; /* some programs count the end of a string */
    nl_buf_free(&raw);
    return status;
}

/* ---- numbers ---- */

static uint32_t number_at(const struct nl_buf *data, size_t at) {
    const unsigned char *p = (const unsigned char *)data->data + at;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

long nl_storage_number(const struct nl_storage *storage, unsigned property, long otherwise) {
    const struct nl_buf *properties = &storage->properties;
    for (size_t at = storage->head; at + ENTRY <= properties->len; at += ENTRY)
        if (number_at(properties, at) == ((uint32_t)property << 16 | LONG))
            return (long)number_at(properties, at + 8);
    return otherwise;
}

bool nl_storage_is_mail(const struct nl_storage *storage) {
    return storage->properties.len > 0 || storage->has_properties;
}

/* ---- storages ---- */

static bool begins_with(const char *name, const char *prefix) {
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static enum nl_status look_around(struct nl_storage *storage, struct nl_error *err) {
    int names = gsf_infile_num_children(storage->directory);
    if (names > NAMES)
        return nl_error_set(err, NL_DATA, "the mail has too many parts");
    for (int i = 0; i < names; i++) {
        const char *name = gsf_infile_name_by_index(storage->directory, i);
        storage->has_properties =
            storage->has_properties || (name != NULL && begins_with(name, "__substg1.0_"));
        if (name == NULL || !begins_with(name, "__attach_version1.0_#"))
            continue;
        if (storage->count == ATTACHMENTS)
            return nl_error_set(err, NL_DATA, "the mail has too many attachments");
        storage->attachments[storage->count++] = i;
    }
    return NL_OK;
}

/* Takes `input`. */
static enum nl_status read_storage(struct nl_storage *storage, GsfInput *input, size_t head,
                                   struct nl_error *err) {
    bool found = false;
    storage->directory = GSF_INFILE(input);
    storage->head = head;
    enum nl_status status =
        read_named(storage, "__properties_version1.0", &storage->properties, &found, err);
    if (status == NL_OK)
        status = look_around(storage, err);
    if (status != NL_OK)
        return status;
    long code_page = nl_storage_number(storage, NL_MAPI_INTERNET_CODE_PAGE, storage->code_page);
    code_page = nl_storage_number(storage, NL_MAPI_CODE_PAGE, code_page);
    if (code_page > 0 && code_page <= NL_CODE_PAGE_UTF8)
        storage->code_page = (int)code_page;
    return NL_OK;
}

static enum nl_status open_child(const struct nl_storage *parent, GsfInput *input, size_t head,
                                 struct nl_storage **out, struct nl_error *err) {
    struct nl_storage *storage = nl_calloc(1, sizeof *storage);
    storage->code_page = parent->code_page;
    storage->left = parent->left;
    enum nl_status status = read_storage(storage, input, head, err);
    if (status == NL_OK)
        *out = storage;
    else
        nl_storage_close(storage);
    return status;
}

size_t nl_storage_attachments(const struct nl_storage *storage) {
    return storage->count;
}

enum nl_status nl_storage_attachment(const struct nl_storage *storage, size_t index,
                                     struct nl_storage **out, struct nl_error *err) {
    GsfInput *input = gsf_infile_child_by_index(storage->directory, storage->attachments[index]);
    *out = NULL;
    if (input != NULL && is_directory(input))
        return open_child(storage, input, HEAD_OF_FILE, out, err);
    if (input != NULL)
        g_object_unref(input);
    return nl_error_set(err, NL_DATA, "%s", broken);
}

enum nl_status nl_storage_object(const struct nl_storage *attachment, struct nl_storage **out,
                                 struct nl_error *err) {
    char name[24];
    snprintf(name, sizeof name, "__substg1.0_%04X%04X", (unsigned)NL_MAPI_DATA, (unsigned)OBJECT);
    GsfInput *input = NULL;
    enum nl_status status = find_child(attachment, name, &input, err);
    *out = NULL;
    if (input != NULL && is_directory(input))
        return open_child(attachment, input, HEAD_WITHIN, out, err);
    if (input != NULL)
        g_object_unref(input);
    return status;
}

/* ---- the file ---- */

/* The library keeps the names of a storage in a list that is sorted with each of them. So entries
 * of the directory (MS-CFB section 2.6.1) are counted first, by the kinds that they may have:
 * wherever it lies in the file, and at worst with some bytes of attachments that look alike. */
static bool has_many_entries(const struct nl_buf *file) {
    enum { SECTORS = 512, BYTES = 128, KIND = 66, MOST = 10000 };
    size_t count = 0;
    for (size_t at = SECTORS; at + BYTES <= file->len; at += BYTES) {
        char kind = file->data[at + KIND];
        count += kind == 1 || kind == 2 || kind == 5;
    }
    return count > MOST;
}

enum nl_status nl_storage_open(const struct nl_buf *file, struct nl_storage **out,
                               struct nl_error *err) {
    *out = NULL;
    if (has_many_entries(file))
        return nl_error_set(err, NL_DATA, "the mail has too many parts");
    struct nl_storage *storage = nl_calloc(1, sizeof *storage);
    g_log_set_default_handler(count_warning, NULL);
    unsigned before = atomic_load(&warnings);
    storage->code_page = NL_CODE_PAGE_ANSI;
    storage->whole = file->len;
    storage->left = &storage->whole;
    GsfInput *input =
        gsf_input_memory_new((const guint8 *)nl_buf_text(file), (gsf_off_t)file->len, FALSE);
    GsfInfile *opened = input != NULL ? gsf_infile_msole_new(input, NULL) : NULL;
    bool sound = opened != NULL && atomic_load(&warnings) == before;
    if (opened != NULL && !sound)
        g_object_unref(opened);
    enum nl_status status = sound ? read_storage(storage, GSF_INPUT(opened), HEAD, err)
                                  : nl_error_set(err, NL_DATA, "%s", broken);
    if (input != NULL)
        g_object_unref(input);
    if (status == NL_OK && !nl_storage_is_mail(storage))
        status = nl_error_set(err, NL_DATA, "the file is not a mail saved by Outlook");
    if (status == NL_OK)
        *out = storage;
    else
        nl_storage_close(storage);
    return status;
}
