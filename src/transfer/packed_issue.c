#include "newsletter/transfer/packed_issue.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

enum { NAME_LIMIT = 120, RATIO = 200, FREE = 1 << 20 };

bool nl_packed_issue_is_zip(const char *data, size_t len) {
    return len >= 4 && memcmp(data, "PK\x03\x04", 4) == 0;
}

bool nl_packed_issue_is_name(const char *name) {
    struct nl_error ignored = {0};
    size_t len = strlen(name);
    bool ok = len > 0 && len <= NAME_LIMIT && name[len - 1] != '/';
    ok = ok && nl_text_check_label(name, "a name", &ignored) == NL_OK;
    for (size_t i = 0; ok && i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        bool begins = i == 0 || name[i - 1] == '/';
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c >= 0x80 || (!begins && strchr(" .,_-+()/", c) != NULL) || (begins && c == '_');
    }
    nl_error_free(&ignored);
    return ok;
}

/* Files that no author has put there. */
static bool is_of_a_system(const char *name) {
    const char *slash = strrchr(name, '/');
    const char *base = slash != NULL ? slash + 1 : name;
    return strncmp(name, "__MACOSX/", 9) == 0 || strcmp(base, ".DS_Store") == 0 ||
           strcmp(base, "Thumbs.db") == 0 || strcmp(base, "desktop.ini") == 0;
}

struct unpacking {
    struct archive *archive;
    size_t packed, total;
    int files;
};

/* Bytes that still may come: an archive must not grow far beyond its own size. */
static size_t room(const struct unpacking *unpacking) {
    size_t most = unpacking->packed < NL_PACKED_MOST / RATIO ? unpacking->packed * RATIO
                                                             : (size_t)NL_PACKED_MOST;
    most = most < FREE ? FREE : most;
    size_t left = most > unpacking->total ? most - unpacking->total : 0;
    return left < NL_PACKED_FILE_MOST ? left : (size_t)NL_PACKED_FILE_MOST;
}

static enum nl_status copy_content(struct unpacking *unpacking, const char *name,
                                   struct nl_buf *out, struct nl_error *err) {
    char piece[16384];
    la_ssize_t got = 0;
    size_t most = room(unpacking);
    while ((got = archive_read_data(unpacking->archive, piece, sizeof piece)) > 0) {
        if (out->len + (size_t)got > most)
            return nl_error_set(
                err, NL_DATA,
                NL_TEXT("%s: the archive becomes too large when it is unpacked: a file has "
                        "at most %d MB, all have %d MB"),
                name, NL_PACKED_FILE_MOST >> 20, NL_PACKED_MOST >> 20);
        nl_buf_add(out, piece, (size_t)got);
    }
    unpacking->total += out->len;
    if (got < 0)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("%s: it cannot be unpacked: the archive is broken, or "
                                    "has a password"),
                            name);
    return NL_OK;
}

static enum nl_status check_entry(struct archive_entry *entry, const char *name,
                                  struct nl_error *err) {
    struct nl_buf shown = {0};
    if (archive_entry_filetype(entry) == AE_IFREG && nl_packed_issue_is_name(name))
        return NL_OK;
    nl_text_add_printable(&shown, name, strlen(name));
    enum nl_status status = nl_error_set(
        err, NL_DATA,
        NL_TEXT(
            "'%s' in the archive: use plain files in plain folders, with names of letters, digits, "
            "blanks and .,_-+()"),
        nl_buf_text(&shown));
    nl_buf_free(&shown);
    return status;
}

static const char *name_of(struct archive_entry *entry) {
    const char *name = archive_entry_pathname_utf8(entry);
    if (name == NULL)
        name = archive_entry_pathname(entry);
    return name != NULL ? name : "";
}

static enum nl_status take_entry(struct unpacking *unpacking, struct archive_entry *entry,
                                 enum nl_status (*each)(const char *name,
                                                        const struct nl_buf *content, void *ctx,
                                                        struct nl_error *err),
                                 void *ctx, struct nl_error *err) {
    const char *name = name_of(entry);
    struct nl_buf content = {0};
    if (++unpacking->files > NL_PACKED_FILES)
        return nl_error_set(err, NL_DATA, NL_TEXT("the archive has more than %d files"),
                            NL_PACKED_FILES);
    if (archive_entry_filetype(entry) == AE_IFDIR || is_of_a_system(name))
        return NL_OK;
    enum nl_status status = check_entry(entry, name, err);
    if (status == NL_OK)
        status = copy_content(unpacking, name, &content, err);
    if (status == NL_OK)
        status = each(name, &content, ctx, err);
    nl_buf_free(&content);
    return status;
}

enum nl_status nl_packed_issue_each(const char *data, size_t len,
                                    enum nl_status (*each)(const char *name,
                                                           const struct nl_buf *content, void *ctx,
                                                           struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    struct unpacking unpacking = {.archive = archive_read_new(), .packed = len};
    struct archive_entry *entry = NULL;
    enum nl_status status = NL_OK;
    int result = ARCHIVE_OK;
    if (unpacking.archive == NULL)
        return nl_error_nomem(err);
    if (archive_read_support_format_zip(unpacking.archive) != ARCHIVE_OK ||
        archive_read_open_memory(unpacking.archive, data, len) != ARCHIVE_OK)
        status = nl_error_set(err, NL_DATA, NL_TEXT("it is not a zip archive that can be read"));
    /* A warning is a name in an encoding of its own; check_entry says so. */
    while (status == NL_OK &&
           ((result = archive_read_next_header(unpacking.archive, &entry)) == ARCHIVE_OK ||
            result == ARCHIVE_WARN))
        status = take_entry(&unpacking, entry, each, ctx, err);
    if (status == NL_OK && result != ARCHIVE_EOF)
        status = nl_error_set(err, NL_DATA, NL_TEXT("the zip archive is broken"));
    archive_read_free(unpacking.archive);
    return status;
}
