#include "service/converter.h"

#include "newsletter/base/memory.h"
#include "newsletter/service/conversion.h"
#include "newsletter/transfer/clean_picture.h"
#include "newsletter/transfer/outlook_mail.h"
#include "newsletter/transfer/photo_code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 65536 };

static void add_record(struct nl_buf *answer, const char *name, const char *data, size_t len) {
    nl_buf_addf(answer, "%s %zu\n", name, len);
    nl_buf_add(answer, data, len);
}

static enum nl_status answer_picture(const struct nl_buf *data, struct nl_buf *answer,
                                     struct nl_error *err) {
    struct nl_buf clean = {0};
    enum nl_status status = nl_picture_clean(data, NL_PICTURE_WIDTH, &clean, err);
    if (status == NL_OK)
        add_record(answer, "picture", nl_buf_text(&clean), clean.len);
    nl_buf_free(&clean);
    return status;
}

static enum nl_status answer_codes(const struct nl_buf *data, struct nl_buf *answer,
                                   struct nl_error *err) {
    struct nl_buf codes = {0};
    enum nl_status status = nl_photo_codes(data, &codes, err);
    if (status == NL_OK)
        add_record(answer, "codes", nl_buf_text(&codes), codes.len);
    nl_buf_free(&codes);
    return status;
}

static enum nl_status answer_mail(const struct nl_buf *data, struct nl_buf *answer,
                                  struct nl_error *err) {
    struct nl_buf mail = {0};
    enum nl_status status = nl_outlook_to_mail(data, &mail, err);
    if (status == NL_OK)
        add_record(answer, "mail", nl_buf_text(&mail), mail.len);
    nl_buf_free(&mail);
    return status;
}

static void add_dropped(struct nl_buf *answer, const char *kind, size_t count) {
    char name[40];
    char number[24];
    int len = snprintf(number, sizeof number, "%zu", count);
    snprintf(name, sizeof name, "dropped-%s", kind);
    add_record(answer, name, number, (size_t)len);
}

/* A picture that cannot be decoded is left out; the text still names it, and `check` says so. */
static void add_pictures(struct nl_document *document, struct nl_buf *answer) {
    for (size_t i = 0; i < document->picture_count; i++) {
        struct nl_document_picture *picture = &document->pictures[i];
        struct nl_buf clean = {0};
        struct nl_error ignored = {0};
        if (nl_picture_clean(&picture->data, NL_PICTURE_WIDTH, &clean, &ignored) == NL_OK)
            add_record(answer, picture->name, nl_buf_text(&clean), clean.len);
        else
            document->dropped[NL_DROPPED_PICTURE]++;
        nl_error_free(&ignored);
        nl_buf_free(&clean);
        nl_buf_free(&picture->data);
    }
}

static enum nl_status answer_document(const struct nl_buf *data, struct nl_buf *answer,
                                      struct nl_error *err) {
    struct nl_document *document = nl_calloc(1, sizeof *document);
    enum nl_status status = nl_document_read(nl_buf_text(data), data->len, document, err);
    if (status == NL_OK) {
        add_record(answer, "text", nl_buf_text(&document->text), document->text.len);
        add_record(answer, "title", nl_buf_text(&document->title), document->title.len);
        add_pictures(document, answer);
        for (size_t i = 0; i < NL_DROPPED_KINDS; i++)
            add_dropped(answer, nl_dropped_names[i], document->dropped[i]);
    }
    nl_document_free(document);
    free(document);
    return status;
}

void nl_convert_answer(const struct nl_buf *request, struct nl_buf *answer) {
    struct nl_error err = {0};
    const struct nl_buf data = {.data = request->len > 0 ? request->data + 1 : NULL,
                                .len = request->len > 0 ? request->len - 1 : 0};
    char kind = request->len > 0 ? request->data[0] : '\0';
    enum nl_status status =
        kind == NL_CONVERT_PICTURE && data.len > 0 ? answer_picture(&data, answer, &err)
        : kind == NL_CONVERT_CODES && data.len > 0 ? answer_codes(&data, answer, &err)
        : kind == NL_CONVERT_MAIL && data.len > 0  ? answer_mail(&data, answer, &err)
        : kind == NL_CONVERT_DOCUMENT              ? answer_document(&data, answer, &err)
                                      : nl_error_set(&err, NL_DATA, "the file is empty");
    if (status != NL_OK) {
        const char *fault = nl_error_text(&err);
        nl_buf_free(answer);
        add_record(answer, "fault", fault, strlen(fault));
    }
    nl_error_free(&err);
}

/* ---- the process of its own ---- */

static bool read_all(struct nl_buf *request) {
    ssize_t got = 1;
    while (got > 0 && request->len <= NL_CONVERT_MOST) {
        nl_buf_reserve(request, PIECE + 1);
        got = read(STDIN_FILENO, request->data + request->len, PIECE);
        request->len += got > 0 ? (size_t)got : 0;
        request->data[request->len] = '\0';
    }
    return got == 0;
}

/* It ends at once: nothing that stays open or in memory is worth the time. */
void nl_conversion_main(void) {
    struct nl_buf request = {0};
    struct nl_buf answer = {0};
    bool ok = read_all(&request);
    if (ok)
        nl_convert_answer(&request, &answer);
    for (size_t at = 0; ok && at < answer.len;) {
        ssize_t put = write(STDOUT_FILENO, answer.data + at, answer.len - at);
        ok = put > 0;
        at += put > 0 ? (size_t)put : 0;
    }
    _exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
}
