#include "newsletter/service/drafts.h"

#include <ctype.h>
#include <string.h>

void nl_draft_next_number(const char *number, struct nl_buf *out) {
    size_t end = strlen(number);
    while (end > 0 && !isdigit((unsigned char)number[end - 1]))
        end--;
    size_t begin = end;
    while (begin > 0 && isdigit((unsigned char)number[begin - 1]))
        begin--;
    char digits[32];
    size_t len = end - begin;
    if (len == 0 || len >= sizeof digits - 1) {
        nl_buf_adds(out, number);
        return;
    }
    memcpy(digits + 1, number + begin, len);
    digits[0] = '0';
    size_t at = len;
    while (digits[at] == '9')
        digits[at--] = '0';
    digits[at]++;
    nl_buf_add(out, number, begin);
    nl_buf_add(out, digits + (at > 0), len + (at == 0));
    nl_buf_adds(out, number + end);
}
