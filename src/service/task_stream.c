#include "service/task_common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A stream over the pieces of a file. */
struct stream {
    struct nl_store *store;
    int64_t id;
    enum nl_task_file file;
    struct nl_error *problem;
    int64_t last;
    struct nl_buf piece; /* read, or to be written */
    size_t at;
    int64_t *size;       /* of what was written, for the caller */
    struct nl_error own; /* where the caller wants none */
};

enum { PIECE = 256 << 10 };

static ssize_t read_stream(void *cookie, char *data, size_t size) {
    struct stream *stream = cookie;
    if (stream->at == stream->piece.len) {
        bool end = false;
        nl_buf_clear(&stream->piece);
        stream->at = 0;
        if (nl_task_read(stream->store, stream->id, stream->file, &stream->last, &stream->piece,
                         &end, stream->problem) != NL_OK) {
            errno = EIO;
            return -1;
        }
    }
    size_t left = stream->piece.len - stream->at;
    size_t taken = left < size ? left : size;
    if (taken > 0)
        memcpy(data, stream->piece.data + stream->at, taken);
    stream->at += taken;
    return (ssize_t)taken;
}

static bool write_piece(struct stream *stream) {
    if (stream->piece.len == 0)
        return true;
    enum nl_status status =
        stream->piece.failed
            ? nl_error_nomem(stream->problem)
            : nl_task_append(stream->store, stream->id, stream->file, stream->piece.data,
                             stream->piece.len, stream->problem);
    nl_buf_clear(&stream->piece);
    return status == NL_OK;
}

static ssize_t write_stream(void *cookie, const char *data, size_t size) {
    struct stream *stream = cookie;
    nl_buf_add(&stream->piece, data, size);
    *stream->size += (int64_t)size;
    if (stream->piece.len >= PIECE && !write_piece(stream)) {
        errno = EIO;
        return 0;
    }
    return (ssize_t)size;
}

static int close_reader(void *cookie) {
    struct stream *stream = cookie;
    nl_buf_free(&stream->piece);
    nl_error_free(&stream->own);
    free(stream);
    return 0;
}

static int close_writer(void *cookie) {
    struct stream *stream = cookie;
    bool fine = write_piece(stream);
    nl_buf_free(&stream->piece);
    free(stream);
    return fine ? 0 : EOF;
}

static FILE *open_stream(struct stream wanted, const char *mode, cookie_io_functions_t functions,
                         struct nl_error *err) {
    struct stream *stream = malloc(sizeof *stream);
    FILE *file = NULL;
    if (stream != NULL) {
        *stream = wanted;
        if (stream->problem == NULL)
            stream->problem = &stream->own;
        file = fopencookie(stream, mode, functions);
    }
    if (file == NULL) {
        free(stream);
        (void)nl_error_nomem(err);
    }
    return file;
}

FILE *nl_task_reader(struct nl_store *store, int64_t id, enum nl_task_file file,
                     struct nl_error *problem, struct nl_error *err) {
    const struct stream stream = {.store = store, .id = id, .file = file, .problem = problem};
    return open_stream(stream, "r",
                       (cookie_io_functions_t){.read = read_stream, .close = close_reader}, err);
}

FILE *nl_task_writer(struct nl_store *store, int64_t id, enum nl_task_file file, int64_t *size,
                     struct nl_error *problem, struct nl_error *err) {
    struct stream stream = {.store = store, .id = id, .file = file, .problem = problem};
    stream.size = size;
    return open_stream(stream, "w",
                       (cookie_io_functions_t){.write = write_stream, .close = close_writer}, err);
}

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
    return nl_error_set(err, NL_NOTFOUND, "there is no such file, or no more");
}
