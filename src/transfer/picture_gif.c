#include "newsletter/base/catalog.h"
#include "newsletter/transfer/clean_picture.h"
#include "transfer/pixels.h"

#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES_MOST = 500 };

struct reading {
    const struct nl_buf *data;
    size_t at;
};

static int give_bytes(GifFileType *file, GifByteType *to, int count) {
    struct reading *reading = file->UserData;
    size_t left = reading->data->len - reading->at;
    size_t take = (size_t)count < left ? (size_t)count : left;
    memcpy(to, reading->data->data + reading->at, take);
    reading->at += take;
    return (int)take;
}

static int take_bytes(GifFileType *file, const GifByteType *from, int count) {
    struct nl_buf *out = file->UserData;
    nl_buf_add(out, from, (size_t)count);
    return count;
}

static enum nl_status broken(struct nl_error *err) {
    return nl_error_set(err, NL_DATA, NL_TEXT("the picture is broken"));
}

/* Goes over the frames without decoding them, to count their pixels. */
static enum nl_status count_pixels(const struct nl_buf *data, struct nl_error *err) {
    struct reading reading = {data, 0};
    GifFileType *in = DGifOpen(&reading, give_bytes, NULL);
    GifRecordType kind = UNDEFINED_RECORD_TYPE;
    GifByteType *bytes = NULL;
    int code = 0;
    int64_t pixels = 0;
    enum nl_status status =
        in != NULL ? nl_pixels_check(in->SWidth, in->SHeight, err) : broken(err);
    for (int frames = 0; status == NL_OK && kind != TERMINATE_RECORD_TYPE;) {
        bool ok = DGifGetRecordType(in, &kind) == GIF_OK;
        if (ok && kind == IMAGE_DESC_RECORD_TYPE) {
            ok = DGifGetImageDesc(in) == GIF_OK && DGifGetCode(in, &code, &bytes) == GIF_OK;
            while (ok && bytes != NULL)
                ok = DGifGetCodeNext(in, &bytes) == GIF_OK;
            pixels += (int64_t)in->Image.Width * in->Image.Height;
            ok = ok && ++frames <= FRAMES_MOST;
        } else if (ok && kind == EXTENSION_RECORD_TYPE) {
            ok = DGifGetExtension(in, &code, &bytes) == GIF_OK;
            while (ok && bytes != NULL)
                ok = DGifGetExtensionNext(in, &bytes) == GIF_OK;
        }
        if (!ok)
            status = broken(err);
        else if (pixels > NL_PICTURE_PIXELS)
            status =
                nl_error_set(err, NL_DATA, NL_TEXT("the animation has more than %d million pixels"),
                             NL_PICTURE_PIXELS / 1000000);
    }
    if (in != NULL)
        (void)DGifCloseFile(in, &code);
    return status;
}

/* The timing and transparency of a frame stay, and how often an animation is repeated. Comments and
 * notes of programs go. */
static bool is_kept(const ExtensionBlock *block, const ExtensionBlock *before) {
    static const char loop[] = "NETSCAPE2.0";
    if (block->Function == GRAPHICS_EXT_FUNC_CODE)
        return block->ByteCount == 4;
    if (block->Function == APPLICATION_EXT_FUNC_CODE)
        return block->ByteCount == sizeof loop - 1 &&
               memcmp(block->Bytes, loop, sizeof loop - 1) == 0;
    return block->Function == CONTINUE_EXT_FUNC_CODE && before != NULL &&
           before->Function == APPLICATION_EXT_FUNC_CODE && block->ByteCount == 3;
}

static void drop_notes(int *count, ExtensionBlock *blocks) {
    int kept = 0;
    const ExtensionBlock *before = NULL;
    for (int i = 0; i < *count; i++) {
        ExtensionBlock block = blocks[i];
        if (is_kept(&block, before)) {
            blocks[kept] = block;
            before = &blocks[kept++];
        } else {
            free(block.Bytes);
            before = NULL;
        }
    }
    *count = kept;
}

/* Hands the frames of one file to another; they stay with the first. */
static enum nl_status write_gif(GifFileType *in, struct nl_buf *out, struct nl_error *err) {
    int code = 0;
    GifFileType *to = EGifOpen(out, take_bytes, &code);
    if (to == NULL)
        return nl_error_nomem(err);
    to->SWidth = in->SWidth;
    to->SHeight = in->SHeight;
    to->SColorResolution = in->SColorResolution;
    to->SBackGroundColor = in->SBackGroundColor;
    to->SColorMap = in->SColorMap; /* EGifSpew makes a copy */
    to->SavedImages = in->SavedImages;
    to->ImageCount = in->ImageCount;
    bool written = EGifSpew(to) == GIF_OK; /* and closes it */
    if (!written)
        (void)EGifCloseFile(to, &code);
    return written ? NL_OK : broken(err);
}

enum nl_status nl_gif_clean(const struct nl_buf *data, struct nl_buf *out, struct nl_error *err) {
    struct reading reading = {data, 0};
    int code = 0;
    enum nl_status status = count_pixels(data, err);
    GifFileType *in = status == NL_OK ? DGifOpen(&reading, give_bytes, &code) : NULL;
    if (status == NL_OK && (in == NULL || DGifSlurp(in) != GIF_OK || in->ImageCount < 1))
        status = broken(err);
    for (int i = 0; status == NL_OK && i < in->ImageCount; i++)
        drop_notes(&in->SavedImages[i].ExtensionBlockCount, in->SavedImages[i].ExtensionBlocks);
    if (status == NL_OK)
        status = write_gif(in, out, err);
    if (in != NULL)
        (void)DGifCloseFile(in, &code);
    return status;
}
