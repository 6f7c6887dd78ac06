#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"
#include "transfer/document_tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

/* One part, all of them, and how far an archive may grow beyond its own size. */
enum {
    PART_MOST = 16 << 20,
    ALL_MOST = 64 << 20,
    RATIO = 200,
    FREE = 4 << 20,
    ENTRIES_MOST = 5000
};

void nl_parts_free(struct nl_parts *parts) {
    for (size_t i = 0; i < parts->count; i++) {
        free(parts->items[i].name);
        nl_buf_free(&parts->items[i].data);
    }
    parts->count = 0;
}

struct nl_buf *nl_parts_find(struct nl_parts *parts, const char *name) {
    for (size_t i = 0; i < parts->count; i++)
        if (strcmp(parts->items[i].name, name) == 0)
            return &parts->items[i].data;
    return NULL;
}

/* Texts of the document itself, and pictures; no fonts, macros or thumbnails. */
static bool is_wanted(const char *name) {
    static const char *const names[] = {"word/document.xml",
                                        "word/styles.xml",
                                        "word/numbering.xml",
                                        "word/footnotes.xml",
                                        "word/endnotes.xml",
                                        "word/_rels/document.xml.rels",
                                        "word/_rels/footnotes.xml.rels",
                                        "word/comments.xml",
                                        "content.xml",
                                        "styles.xml",
                                        "META-INF/manifest.xml"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return strncmp(name, "word/media/", 11) == 0 || strncmp(name, "Pictures/", 9) == 0;
}

static enum nl_status copy_part(struct archive *archive, size_t room, struct nl_buf *out,
                                struct nl_error *err) {
    char piece[16384];
    la_ssize_t got = 0;
    while ((got = archive_read_data(archive, piece, sizeof piece)) > 0) {
        if (out->len + (size_t)got > room || out->len + (size_t)got > PART_MOST)
            return nl_error_set(err, NL_DATA,
                                NL_TEXT("the document becomes too large when it is unpacked"));
        nl_buf_add(out, piece, (size_t)got);
    }
    if (got < 0)
        return nl_error_set(err, NL_DATA, NL_TEXT("the document is broken, or has a password"));
    return NL_OK;
}

static enum nl_status take_part(struct archive *archive, const char *name, size_t *room,
                                struct nl_parts *out, struct nl_error *err) {
    struct nl_part *part = &out->items[out->count];
    if (out->count == NL_PARTS_MOST)
        return nl_error_set(err, NL_DATA, "the document has more than %d parts", NL_PARTS_MOST);
    *part = (struct nl_part){.name = nl_strdup(name)};
    out->count++;
    enum nl_status status = copy_part(archive, *room, &part->data, err);
    *room -= status == NL_OK ? part->data.len : 0;
    return status;
}

enum nl_status nl_parts_read(const char *data, size_t len, struct nl_parts *out,
                             struct nl_error *err) {
    struct archive *archive = archive_read_new();
    struct archive_entry *entry = NULL;
    size_t room = len < ALL_MOST / RATIO ? len * RATIO : (size_t)ALL_MOST;
    enum nl_status status = NL_OK;
    room = room < FREE ? FREE : room;
    if (archive == NULL)
        return nl_error_nomem(err);
    if (archive_read_support_format_zip(archive) != ARCHIVE_OK ||
        archive_read_open_memory(archive, data, len) != ARCHIVE_OK)
        status = nl_error_set(err, NL_DATA, NL_TEXT("the document is broken"));
    int result = ARCHIVE_OK;
    for (int entries = 0; status == NL_OK; entries++) {
        result = archive_read_next_header(archive, &entry);
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
            break;
        const char *name = archive_entry_pathname(entry);
        if (entries == ENTRIES_MOST)
            status =
                nl_error_set(err, NL_DATA, "the document has more than %d parts", ENTRIES_MOST);
        else if (name != NULL && archive_entry_filetype(entry) == AE_IFREG && is_wanted(name))
            status = take_part(archive, name, &room, out, err);
    }
    if (status == NL_OK && result != ARCHIVE_EOF)
        status = nl_error_set(err, NL_DATA, NL_TEXT("the document is broken"));
    archive_read_free(archive);
    return status;
}
