#include "newsletter/transfer/document.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"

#include "transfer/document_tree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const nl_dropped_names[NL_DROPPED_KINDS] = {"active",  "form",    "picture", "object",
                                                        "comment", "deleted", "link",    "emphasis",
                                                        "cell",    "hidden"};

void nl_document_free(struct nl_document *document) {
    for (size_t i = 0; i < document->picture_count; i++) {
        free(document->pictures[i].name);
        nl_buf_free(&document->pictures[i].data);
    }
    nl_buf_free(&document->title);
    nl_buf_free(&document->text);
    *document = (struct nl_document){0};
}

static bool is_zip(const char *data, size_t len) {
    return len >= 30 && memcmp(data, "PK\x03\x04", 4) == 0;
}

/* Writers of .odt put a part of this name first; Word's documents have these in the list of names
 * at their end. */
static bool is_zipped(const char *data, size_t len) {
    return is_zip(data, len) &&
           ((len > 77 &&
             memcmp(data + 30, "mimetypeapplication/vnd.oasis.opendocument.text", 47) == 0) ||
            memmem(data, len, "word/document.xml", 17) != NULL);
}

static bool is_html(const char *data, size_t len) {
    size_t at = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < len && strchr(" \t\r\n", data[at]) != NULL && data[at] != '\0')
        at++;
    const char *text = data + at;
    size_t left = len - at;
    return (left > 9 && strncasecmp(text, "<!doctype", 9) == 0) ||
           (left > 5 && strncasecmp(text, "<html", 5) == 0) ||
           (left > 5 && strncasecmp(text, "<meta", 5) == 0);
}

bool nl_document_is(const char *data, size_t len) {
    return is_zipped(data, len) || is_html(data, len);
}

static enum nl_status read_zipped(const char *data, size_t len, struct nl_scribe *writer,
                                  struct nl_error *err) {
    struct nl_parts *parts = nl_calloc(1, sizeof *parts);
    enum nl_status status = nl_parts_read(data, len, parts, err);
    if (status == NL_OK && nl_parts_find(parts, "word/document.xml") != NULL)
        status = nl_document_docx(parts, writer, err);
    else if (status == NL_OK && nl_parts_find(parts, "content.xml") != NULL)
        status = nl_document_odt(parts, writer, err);
    else if (status == NL_OK)
        status = nl_error_set(
            err, NL_DATA, NL_TEXT("it is not a document of Word (.docx) or LibreOffice (.odt)"));
    nl_parts_free(parts);
    free(parts);
    return status;
}

enum nl_status nl_document_read(const char *data, size_t len, struct nl_document *out,
                                struct nl_error *err) {
    struct nl_scribe writer = {.document = out};
    if (len > NL_DOCUMENT_MOST)
        return nl_error_set(err, NL_DATA, NL_TEXT("a document has at most %d MB"),
                            NL_DOCUMENT_MOST >> 20);
    enum nl_status status = is_zip(data, len) ? read_zipped(data, len, &writer, err)
                                              : nl_document_html(data, len, &writer, err);
    if (status == NL_OK)
        nl_scribe_finish(&writer);
    nl_scribe_free(&writer);
    return status;
}
