#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/pieces.h"
#include "service/task_common.h"

#include <errno.h>
#include <stdlib.h>

enum { PIECE = 256 << 10 };

/* ---- reading ---- */

struct reading {
    struct nl_store *store;
    int64_t id;
    enum nl_task_file file;
    int64_t last;
};

static enum nl_status add_piece(void *ctx, struct nl_buf *out, struct nl_error *err) {
    struct reading *reading = ctx;
    bool end = false;
    return nl_task_read(reading->store, reading->id, reading->file, &reading->last, out, &end, err);
}

FILE *nl_task_reader(struct nl_store *store, int64_t id, enum nl_task_file file,
                     struct nl_error *problem, struct nl_error *err) {
    struct reading *reading = nl_malloc(sizeof *reading);
    *reading = (struct reading){.store = store, .id = id, .file = file};
    const struct nl_pieces pieces = {
        .next = add_piece, .free = free, .ctx = reading, .problem = problem};
    return nl_pieces_open(&pieces, err);
}

/* ---- writing ---- */

struct stream {
    struct nl_store *store;
    int64_t id;
    enum nl_task_file file;
    struct nl_buf piece;
    struct nl_task_written *written;
};

static bool write_piece(struct stream *stream) {
    if (stream->piece.len == 0)
        return true;
    enum nl_status status =
        nl_task_append(stream->store, stream->id, stream->file, stream->piece.data,
                       stream->piece.len, &stream->written->problem);
    nl_buf_clear(&stream->piece);
    return status == NL_OK;
}

static ssize_t write_stream(void *cookie, const char *data, size_t size) {
    struct stream *stream = cookie;
    nl_buf_add(&stream->piece, data, size);
    stream->written->size += (int64_t)size;
    if (stream->piece.len >= PIECE && !write_piece(stream)) {
        errno = EIO;
        return 0;
    }
    return (ssize_t)size;
}

static int close_writer(void *cookie) {
    struct stream *stream = cookie;
    bool fine = write_piece(stream);
    nl_buf_free(&stream->piece);
    free(stream);
    return fine ? 0 : EOF;
}

FILE *nl_task_writer(struct nl_store *store, int64_t id, enum nl_task_file file,
                     struct nl_task_written *written, struct nl_error *err) {
    static const cookie_io_functions_t functions = {.write = write_stream, .close = close_writer};
    struct stream *stream = nl_malloc(sizeof *stream);
    FILE *out = NULL;
    *stream = (struct stream){.store = store, .id = id, .file = file, .written = written};
    out = fopencookie(stream, "w", functions);
    if (out == NULL) {
        free(stream);
        (void)nl_error_nomem(err);
    }
    return out;
}

/* ---- opening for a visitor ---- */

enum nl_status nl_task_open(struct nl_store *store, int64_t id, enum nl_task_file file, FILE **out,
                            struct nl_error *err) {
    *out = nl_task_reader(store, id, file, NULL, err);
    if (*out == NULL)
        return NL_OS;
    int first = getc(*out);
    if (first != EOF) {
        ungetc(first, *out);
        return NL_OK;
    }
    fclose(*out);
    *out = NULL;
    return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such file, or no more"));
}
