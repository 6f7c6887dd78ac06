#include "newsletter/base/pieces.h"
#include "newsletter/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct stream {
    struct nl_pieces pieces;
    struct nl_buf piece;
    size_t at;
};

static enum nl_status turn(struct stream *stream) {
    const struct nl_pieces *pieces = &stream->pieces;
    struct nl_error own = {0};
    nl_buf_clear(&stream->piece);
    stream->at = 0;
    enum nl_status status =
        pieces->next(pieces->ctx, &stream->piece, pieces->problem != NULL ? pieces->problem : &own);
    nl_error_free(&own);
    return status;
}

static ssize_t read_stream(void *cookie, char *data, size_t size) {
    struct stream *stream = cookie;
    if (stream->at == stream->piece.len && turn(stream) != NL_OK) {
        errno = EIO;
        return -1;
    }
    size_t left = stream->piece.len - stream->at;
    size_t taken = left < size ? left : size;
    if (taken > 0)
        memcpy(data, stream->piece.data + stream->at, taken);
    stream->at += taken;
    return (ssize_t)taken;
}

static int close_stream(void *cookie) {
    struct stream *stream = cookie;
    stream->pieces.free(stream->pieces.ctx);
    nl_buf_free(&stream->piece);
    free(stream);
    return 0;
}

FILE *nl_pieces_open(const struct nl_pieces *pieces, struct nl_error *err) {
    static const cookie_io_functions_t functions = {.read = read_stream, .close = close_stream};
    struct stream made = {.pieces = *pieces, .piece = pieces->first};
    struct stream *stream = nl_malloc(sizeof *stream);
    *stream = made;
    FILE *file = fopencookie(stream, "r", functions);
    if (file == NULL) {
        pieces->free(pieces->ctx);
        nl_buf_free(&made.piece);
        free(stream);
        (void)nl_error_nomem(err);
    }
    return file;
}
