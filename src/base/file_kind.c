#include "newsletter/base/file_kind.h"

#include "newsletter/base/catalog.h"

#include <stdbool.h>
#include <string.h>

static bool begins(const void *head, size_t len, const char *magic, size_t magic_len) {
    return len >= magic_len && memcmp(head, magic, magic_len) == 0;
}

static bool holds(const void *head, size_t len, const char *text) {
    return memmem(head, len, text, strlen(text)) != NULL;
}

/* The names of the packed files tell the kind of a ZIP archive. */
static const char *zip_kind(const void *head, size_t len) {
    static const struct {
        const char *part, *kind;
    } kinds[] = {
        {"opendocument.spreadsheet", NL_TEXT_IN("error", "an OpenDocument spreadsheet")},
        {"opendocument.text", NL_TEXT_IN("error", "an OpenDocument text")},
        {"opendocument", NL_TEXT_IN("error", "an OpenDocument file")},
        {"xl/", NL_TEXT_IN("error", "an Excel workbook")},
        {"word/", NL_TEXT_IN("error", "a Word document")},
        {"ppt/", NL_TEXT_IN("error", "a PowerPoint presentation")},
        {"Index/", NL_TEXT_IN("error", "a Numbers or Pages document")},
        {"[Content_Types].xml", NL_TEXT_IN("error", "an Excel workbook or a Word document")},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (holds(head, len, kinds[i].part))
            return kinds[i].kind;
    return NL_TEXT_IN("error", "a ZIP archive");
}

/* Names of streams in old documents of Microsoft are UTF-16. */
static const char *compound_kind(const void *head, size_t len) {
    if (memmem(head, len, "W\0o\0r\0d\0D\0o\0c", 13) != NULL)
        return NL_TEXT_IN("error", "a Word document (doc)");
    if (memmem(head, len, "W\0o\0r\0k\0b\0o\0o\0k", 15) != NULL || holds(head, len, "Excel"))
        return NL_TEXT_IN("error", "an Excel workbook (xls)");
    return NL_TEXT_IN("error", "an old Excel workbook or Word document (xls, doc)");
}

const char *nl_file_kind(const void *head, size_t len) {
    static const struct {
        const char *magic, *kind;
    } kinds[] = {
        {"%PDF", NL_TEXT_IN("error", "a PDF document")},
        {"{\\rt", NL_TEXT_IN("error", "a document in RTF")},
        {"\x1f\x8b", "packed with gzip"},
        {"\xfd"
         "7zX",
         "packed with xz"},
        {"BZh", "packed with bzip2"},
        {"7z\xbc\xaf", "a 7z archive"},
        {"Rar!", "a RAR archive"},
        {"\x89PNG", NL_TEXT_IN("error", "a picture")},
        {"\xff\xd8\xff", NL_TEXT_IN("error", "a picture")},
        {"GIF8", NL_TEXT_IN("error", "a picture")},
        {"SQLi", "an SQLite database"},
        {"BEGI", "a file of contacts (vCard)"},
        {"dn: ", "a file of contacts (LDIF)"},
        {"<htm", NL_TEXT_IN("error", "a web page")},
        {"<HTM", NL_TEXT_IN("error", "a web page")},
        {"<!DO", NL_TEXT_IN("error", "a web page")},
        {"<!do", NL_TEXT_IN("error", "a web page")},
        {"<tab", NL_TEXT_IN("error", "a web page")},
        {"<TAB", NL_TEXT_IN("error", "a web page")},
        {"<?xm", "XML"},
    };
    if (begins(head, len, "PK\x03\x04", 4) || begins(head, len, "PK\x05\x06", 4))
        return zip_kind(head, len);
    if (begins(head, len, "\xd0\xcf\x11\xe0", 4))
        return compound_kind(head, len);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (begins(head, len, kinds[i].magic, strlen(kinds[i].magic)))
            return strcmp(kinds[i].kind, "XML") == 0 && holds(head, len, "Workbook")
                       ? NL_TEXT_IN("error", "an Excel workbook (XML)")
                       : kinds[i].kind;
    return NULL;
}
