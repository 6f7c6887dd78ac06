#include "newsletter/template/size.h"

#include <stdint.h>

enum { KILOBYTE = 1024, MEGABYTE = 1024 * KILOBYTE };

void nl_size_words(const struct nl_theme *theme, size_t bytes, struct nl_buf *out) {
    bool large = bytes >= MEGABYTE;
    uint64_t tenths = ((uint64_t)bytes * 10 + MEGABYTE / 2) / MEGABYTE;
    struct nl_buf number = {0};
    struct nl_error ignored = {0};
    if (large)
        nl_buf_addf(&number, "%llu%s%llu", (unsigned long long)tenths / 10,
                    nl_catalog_text(theme->catalog, "number", NL_TEXT_IN("number", ".")),
                    (unsigned long long)tenths % 10);
    else
        nl_buf_addf(&number, "%zu", (bytes + KILOBYTE - 1) / KILOBYTE);
    json_t *data = json_pack("{s:s}", "size", nl_buf_text(&number));
    const char *format = large ? NL_TEXT("{{{size}}} MB") : NL_TEXT("{{{size}}} kB");
    size_t len = out->len;
    if (nl_theme_text(theme, NULL, format, data, out, &ignored) != NL_OK) {
        out->len = len; /* an operator's own catalog names an unknown variable */
        nl_buf_addf(out, "%zu", bytes);
    }
    nl_error_free(&ignored);
    json_decref(data);
    nl_buf_free(&number);
}
