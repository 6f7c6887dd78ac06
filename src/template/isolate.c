#include "template/isolate.h"

#include <stdint.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

static bool is_link(const char *value) {
    return strstr(value, "://") != NULL ||
           (strchr(value, '@') != NULL && strpbrk(value, " \n") == NULL);
}

/* A letter of the other direction; among letters from right to left, a figure too. */
static bool is_foreign(ucs4_t c, bool rtl) {
    int category = uc_bidi_category(c);
    if (rtl)
        return category == UC_BIDI_L || category == UC_BIDI_EN;
    return category == UC_BIDI_R || category == UC_BIDI_AL || category == UC_BIDI_AN;
}

bool nl_isolate_needed(const char *value, bool rtl) {
    ucs4_t c = 0;
    if (is_link(value) || strchr(value, '\n') != NULL)
        return false;
    for (const uint8_t *p = (const uint8_t *)value; (p = u8_next(&c, p)) != NULL;)
        if (is_foreign(c, rtl))
            return true;
    return false;
}
