#include "newsletter/base/file_kind.h"

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
        {"opendocument.spreadsheet", "an OpenDocument spreadsheet"},
        {"opendocument.text", "an OpenDocument text"},
        {"opendocument", "an OpenDocument file"},
        {"xl/", "an Excel workbook"},
        {"word/", "a Word document"},
        {"ppt/", "a PowerPoint presentation"},
        {"Index/", "a Numbers or Pages document"},
        {"[Content_Types].xml", "an Excel workbook or a Word document"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (holds(head, len, kinds[i].part))
            return kinds[i].kind;
    return "a ZIP archive";
}

/* Names of streams in old documents of Microsoft are UTF-16. */
static const char *compound_kind(const void *head, size_t len) {
    if (memmem(head, len, "W\0o\0r\0d\0D\0o\0c", 13) != NULL)
        return "a Word document (doc)";
    if (memmem(head, len, "W\0o\0r\0k\0b\0o\0o\0k", 15) != NULL || holds(head, len, "Excel"))
        return "an Excel workbook (xls)";
    return "an old Excel workbook or Word document (xls, doc)";
}

const char *nl_file_kind(const void *head, size_t len) {
    static const struct {
        const char *magic, *kind;
    } kinds[] = {
        {"%PDF", "a PDF document"},
        {"{\\rt", "a document in RTF"},
        {"\x1f\x8b", "packed with gzip"},
        {"\xfd"
         "7zX",
         "packed with xz"},
        {"BZh", "packed with bzip2"},
        {"7z\xbc\xaf", "a 7z archive"},
        {"Rar!", "a RAR archive"},
        {"\x89PNG", "a picture"},
        {"\xff\xd8\xff", "a picture"},
        {"GIF8", "a picture"},
        {"SQLi", "an SQLite database"},
        {"BEGI", "a file of contacts (vCard)"},
        {"dn: ", "a file of contacts (LDIF)"},
        {"<htm", "a web page"},
        {"<HTM", "a web page"},
        {"<!DO", "a web page"},
        {"<!do", "a web page"},
        {"<tab", "a web page"},
        {"<TAB", "a web page"},
        {"<?xm", "XML"},
    };
    if (begins(head, len, "PK\x03\x04", 4) || begins(head, len, "PK\x05\x06", 4))
        return zip_kind(head, len);
    if (begins(head, len, "\xd0\xcf\x11\xe0", 4))
        return compound_kind(head, len);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (begins(head, len, kinds[i].magic, strlen(kinds[i].magic)))
            return strcmp(kinds[i].kind, "XML") == 0 && holds(head, len, "Workbook")
                       ? "an Excel workbook (XML)"
                       : kinds[i].kind;
    return NULL;
}
