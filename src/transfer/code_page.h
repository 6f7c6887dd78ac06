/* Windows code pages, by their numbers. */
#ifndef NL_TRANSFER_CODE_PAGE_H
#define NL_TRANSFER_CODE_PAGE_H

#include "newsletter/base/buf.h"

enum { NL_CODE_PAGE_ANSI = 1252, NL_CODE_PAGE_UTF16 = 1200, NL_CODE_PAGE_UTF8 = 65001 };

/* The code page of a font's character set (\fcharset of RTF); `otherwise` where it names none. */
int nl_code_page_of_charset(long charset, int otherwise);

/* Appends a text of that code page in UTF-8. A character that does not convert becomes a question
 * mark, and an unknown code page is taken for 1252. */
void nl_code_page_add(int code_page, const char *data, size_t len, struct nl_buf *out)
    NL_NONNULL(4);

/* UTF-8 for a text that is valid in it, else `otherwise`. */
int nl_code_page_guess(const char *data, size_t len, int otherwise) NL_ALL_NONNULL;

#endif
