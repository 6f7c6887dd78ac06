#include "newsletter/transfer/outlook_mail.h"

#include <string.h>

bool nl_outlook_is_one(const char *data, size_t len) {
    static const char begin[] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"; /* MS-CFB section 2.2 */
    return len >= sizeof begin - 1 && memcmp(data, begin, sizeof begin - 1) == 0;
}

#ifndef NL_GSF
enum nl_status nl_outlook_to_mail(const struct nl_buf *file, struct nl_buf *out,
                                  struct nl_error *err) {
    (void)file;
    (void)out;
    return nl_error_set(err, NL_CONFIG,
                        "this newsletter was built without libgsf, and cannot read mails that "
                        "Outlook has saved: save the mail as .eml");
}
#endif
