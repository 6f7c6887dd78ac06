/* Files that are given where a text is meant. */
#ifndef NEWSLETTER_BASE_FILE_KIND_H
#define NEWSLETTER_BASE_FILE_KIND_H

#include <stddef.h>

/* The kind of file that begins with these bytes, such as "an Excel workbook"; NULL if it may be a
 * text. Four bytes tell whether it is a text; the exact kind takes some kilobytes. */
const char *nl_file_kind(const void *head, size_t len);

#endif
