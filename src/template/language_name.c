#include "newsletter/template/language_name.h"

#include <string.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

enum { NAME = 64 };

/* CLDR writes "русский", which is right within a sentence; in a list it has a capital. */
static void add_capitalised(const UChar *name, const char *tag, struct nl_buf *out) {
    UChar first[8];
    UErrorCode failed = U_ZERO_ERROR;
    char text[4 * NAME];
    int32_t len = 0;
    int32_t next = 0;
    U16_FWD_1(name, next, u_strlen(name));
    int32_t upper = u_strToUpper(first, sizeof first / sizeof first[0], name, next, tag, &failed);
    u_strToUTF8(text, sizeof text, &len, first, upper, &failed);
    if (U_SUCCESS(failed))
        nl_buf_add(out, text, (size_t)len);
    failed = U_ZERO_ERROR;
    u_strToUTF8(text, sizeof text, &len, name + next, -1, &failed);
    if (U_SUCCESS(failed))
        nl_buf_add(out, text, (size_t)len);
}

void nl_language_name(const char *tag, struct nl_buf *out) {
    UChar name[NAME];
    UErrorCode failed = U_ZERO_ERROR;
    int32_t len = uloc_getDisplayName(tag, tag, name, NAME, &failed);
    bool known = U_SUCCESS(failed) && failed != U_STRING_NOT_TERMINATED_WARNING && len > 0 &&
                 len < NAME && failed != U_USING_DEFAULT_WARNING;
    if (known)
        add_capitalised(name, tag, out);
    else
        nl_buf_adds(out, tag);
}
