#include "inbound/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

/* The header of a file in a zip archive (APPNOTE.TXT section 4.3.7) has its method here. Others
 * than these let a stranger choose how much memory unpacking takes. */
enum { METHOD = 8, STORED = 0, DEFLATED = 8, HEADER = 30 };

static bool is_gzip(const char *data, size_t len) {
    return len >= 3 && memcmp(data, "\x1f\x8b\x08", 3) == 0;
}

static bool is_zip(const char *data, size_t len) {
    return len >= HEADER && memcmp(data, "PK\x03\x04", 4) == 0;
}

bool nl_is_packed(const char *data, size_t len) {
    return is_gzip(data, len) || is_zip(data, len);
}

/* One filter at most, so that a file which was compressed over and over is taken apart once. */
static bool choose_format(struct archive *archive, const char *data, size_t len) {
    if (is_gzip(data, len))
        return archive_read_append_filter(archive, ARCHIVE_FILTER_GZIP) == ARCHIVE_OK &&
               archive_read_support_format_raw(archive) == ARCHIVE_OK;
    return archive_read_support_format_zip_streamable(archive) == ARCHIVE_OK;
}

static enum nl_status copy_file(struct archive *archive, size_t packed, struct nl_buf *out,
                                struct nl_error *err) {
    char piece[16384];
    la_ssize_t got = 0;
    size_t most = packed < NL_UNPACK_MOST / NL_UNPACK_RATIO ? packed * NL_UNPACK_RATIO
                                                            : (size_t)NL_UNPACK_MOST;
    if (most < NL_UNPACK_FREE)
        most = NL_UNPACK_FREE;
    while ((got = archive_read_data(archive, piece, sizeof piece)) > 0) {
        if (out->len + (size_t)got > most)
            return nl_error_set(err, NL_DATA,
                                "its %zu bytes become more than %zu, so they are not unpacked",
                                packed, most);
        nl_buf_add(out, piece, (size_t)got);
    }
    if (got < 0)
        return nl_error_set(err, NL_DATA, "it cannot be unpacked to its end");
    return NL_OK;
}

static enum nl_status read_file(struct archive *archive, const char *data, size_t len,
                                struct nl_buf *out, struct nl_error *err) {
    struct archive_entry *entry = NULL;
    if (!choose_format(archive, data, len) ||
        archive_read_open_memory(archive, data, len) != ARCHIVE_OK ||
        archive_read_next_header(archive, &entry) != ARCHIVE_OK)
        return nl_error_set(err, NL_DATA, "it is not a gzip file or zip archive that can be read");
    return copy_file(archive, len, out, err);
}

enum nl_status nl_unpack(const char *data, size_t len, struct nl_buf *out, struct nl_error *err) {
    if (!nl_is_packed(data, len))
        return nl_error_set(err, NL_DATA, "it is neither a gzip file nor a zip archive");
    if (is_zip(data, len)) {
        unsigned method = (unsigned char)data[METHOD] | (unsigned)data[METHOD + 1] << 8;
        if (method != STORED && method != DEFLATED)
            return nl_error_set(err, NL_DATA,
                                "its zip archive is encrypted or packed in a rare "
                                "way (method %u)",
                                method);
    }
    struct archive *archive = archive_read_new();
    enum nl_status status =
        archive != NULL ? read_file(archive, data, len, out, err) : nl_error_nomem(err);
    archive_read_free(archive);
    return status;
}
