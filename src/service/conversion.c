#include "newsletter/service/conversion.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/log.h"
#include "newsletter/base/program.h"
#include "service/converter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Bounds of a conversion. Sanitizers map more memory than any machine has. */
enum { SECONDS = 20 };
#if defined(__SANITIZE_ADDRESS__) /* gcc says it so, clang by __has_feature */
#define NL_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NL_SANITIZED
#endif
#endif
#ifdef NL_SANITIZED
static const uint64_t memory = RLIM_INFINITY;
#else
static const uint64_t memory = UINT64_C(512) << 20;
#endif

const char nl_conversion_word[] = "--convert";

static bool offered;

void nl_conversion_offer(void) {
    offered = true;
}

static enum nl_status call(const struct nl_buf *request, struct nl_buf *answer,
                           struct nl_error *err) {
    char libraries[1024] = "";
    const char *path = getenv("LD_LIBRARY_PATH");
    char *argv[] = {"/proc/self/exe", (char *)nl_conversion_word, NULL};
    char *environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", libraries, NULL};
    if (path != NULL && strlen(path) < sizeof libraries - 20)
        snprintf(libraries, sizeof libraries, "LD_LIBRARY_PATH=%s", path);
    else
        environment[2] = NULL;
    const struct nl_cage cage = {environment, memory, 0};
    const struct nl_program program = {.argv = argv,
                                       .input = request,
                                       .output = NL_CONVERT_MOST,
                                       .seconds = SECONDS,
                                       .cage = &cage};
    enum nl_status status = nl_program_run(&program, answer, err);
    if (status != NL_CONFIG && status != NL_TEMPFAIL)
        return status;
    nl_log(NL_LOG_NOTICE, NULL, "the process that reads files of others: %s", nl_error_text(err));
    nl_error_free(err);
    return nl_error_set(err, NL_DATA,
                        NL_TEXT("the file cannot be read: it is broken, or it needs too much time "
                                "or memory"));
}

/* The head of a record: its name, a space, and how many bytes follow after one more byte. */
static bool read_head(const char *text, char name[64], size_t *len, size_t *head) {
    size_t named = strcspn(text, " ");
    const char *digits = text + named + 1;
    if (named == 0 || named >= 64 || text[named] != ' ' || *digits < '0' || *digits > '9')
        return false;
    char *end = NULL;
    errno = 0;
    *len = strtoul(digits, &end, 10);
    *head = (size_t)(end - text);
    memcpy(name, text, named);
    name[named] = '\0';
    return errno == 0;
}

/* Hands the records of an answer to `each`; the first that is not a record ends it. */
static enum nl_status read_answer(const struct nl_buf *answer,
                                  enum nl_status (*each)(const char *name, const char *data,
                                                         size_t len, void *ctx,
                                                         struct nl_error *err),
                                  void *ctx, struct nl_error *err) {
    enum nl_status status = NL_OK;
    size_t at = 0;
    while (status == NL_OK && at < answer->len) {
        char name[64];
        size_t head = 0;
        size_t len = 0;
        if (!read_head(answer->data + at, name, &len, &head) || head >= answer->len - at ||
            len > answer->len - at - head - 1)
            return nl_error_set(err, NL_DATA, NL_TEXT("the file cannot be read: it is broken"));
        const char *data = answer->data + at + head + 1;
        status = strcmp(name, "fault") == 0
                     ? nl_error_set(err, NL_DATA, "%.*s", (int)(len < 500 ? len : 500), data)
                     : each(name, data, len, ctx, err);
        at += head + 1 + len;
    }
    return status == NL_OK && answer->len == 0
               ? nl_error_set(err, NL_DATA, NL_TEXT("the file cannot be read: it is broken"))
               : status;
}

static enum nl_status convert(char kind, const struct nl_buf *data,
                              enum nl_status (*each)(const char *name, const char *data, size_t len,
                                                     void *ctx, struct nl_error *err),
                              void *ctx, struct nl_error *err) {
    struct nl_buf request = {0};
    struct nl_buf answer = {0};
    enum nl_status status = NL_OK;
    nl_buf_addc(&request, kind);
    nl_buf_add(&request, data->data, data->len);
    if (offered)
        status = call(&request, &answer, err);
    else
        nl_convert_answer(&request, &answer);
    nl_buf_free(&request);
    if (status == NL_OK)
        status = read_answer(&answer, each, ctx, err);
    nl_buf_free(&answer);
    return status;
}

static enum nl_status take_picture(const char *name, const char *data, size_t len, void *ctx,
                                   struct nl_error *err) {
    (void)err;
    struct nl_buf *out = ctx;
    if (strcmp(name, "picture") == 0)
        nl_buf_add(out, data, len);
    return NL_OK;
}

enum nl_status nl_convert_picture(const struct nl_buf *data, struct nl_buf *out,
                                  struct nl_error *err) {
    return convert(NL_CONVERT_PICTURE, data, take_picture, out, err);
}

static enum nl_status take_codes(const char *name, const char *data, size_t len, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    struct nl_buf *out = ctx;
    if (strcmp(name, "codes") == 0)
        nl_buf_add(out, data, len);
    return NL_OK;
}

enum nl_status nl_convert_codes(const struct nl_buf *data, struct nl_buf *out,
                                struct nl_error *err) {
    return convert(NL_CONVERT_CODES, data, take_codes, out, err);
}

static enum nl_status take_mail(const char *name, const char *data, size_t len, void *ctx,
                                struct nl_error *err) {
    (void)err;
    struct nl_buf *out = ctx;
    if (strcmp(name, "mail") == 0)
        nl_buf_add(out, data, len);
    return NL_OK;
}

enum nl_status nl_convert_mail(const struct nl_buf *data, struct nl_buf *out,
                               struct nl_error *err) {
    return convert(NL_CONVERT_MAIL, data, take_mail, out, err);
}

static bool take_count(struct nl_document *out, const char *name, const char *data) {
    for (size_t i = 0; i < NL_DROPPED_KINDS; i++)
        if (strncmp(name, "dropped-", 8) == 0 && strcmp(name + 8, nl_dropped_names[i]) == 0)
            out->dropped[i] = strtoul(data, NULL, 10);
    return strncmp(name, "dropped-", 8) == 0;
}

/* The names of pictures are ours: the called process may be in the hands of the file. */
static enum nl_status take_part(const char *name, const char *data, size_t len, void *ctx,
                                struct nl_error *err) {
    struct nl_document *out = ctx;
    if (strcmp(name, "text") == 0 || strcmp(name, "title") == 0) {
        struct nl_buf *to = strcmp(name, "text") == 0 ? &out->text : &out->title;
        nl_buf_add(to, data, len);
        return NL_OK;
    }
    if (take_count(out, name, data))
        return NL_OK;
    if (strncmp(name, "document-", 9) != 0 ||
        strspn(name, "document-0123456789.pngjif") != strlen(name) ||
        out->picture_count == NL_DOCUMENT_PICTURES)
        return nl_error_set(err, NL_DATA, NL_TEXT("the file cannot be read: it is broken"));
    struct nl_document_picture *picture = &out->pictures[out->picture_count];
    *picture = (struct nl_document_picture){.name = nl_strdup(name)};
    out->picture_count++;
    nl_buf_add(&picture->data, data, len);
    return NL_OK;
}

enum nl_status nl_convert_document(const struct nl_buf *data, struct nl_document *out,
                                   struct nl_error *err) {
    return convert(NL_CONVERT_DOCUMENT, data, take_part, out, err);
}
