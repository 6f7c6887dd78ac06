#include "base/error_part.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"

#include <stdbool.h>
#include <string.h>

/* The word number `place`, counted from 1, or nothing: translations may be wrong. */
static const char *word_at(const struct nl_error_part *part, size_t place) {
    size_t at = 0;
    while (--place > 0 && at < part->words_len)
        at += strlen(part->words + at) + 1;
    return at < part->words_len ? part->words + at : "";
}

/* Whether the conversion number `place` stands in quotation marks, as values of people do. */
static bool is_quoted(const char *format, size_t place) {
    struct nl_conversion conversion;
    for (const char *p = strchr(format, '%'); p != NULL; p = strchr(conversion.end, '%')) {
        if (!nl_conversion_read(p, &conversion))
            return true;
        if (conversion.kind != '%' && --place == 0)
            return p > format && p[-1] == '\'';
    }
    return true;
}

/* Words of the program's own, such as "the name", have translations too; values of people are never
 * looked up there. The sole word of "%s" is a whole text. */
static const char *translate(const struct nl_catalog *catalog, const struct nl_error_part *part,
                             size_t place) {
    const char *word = word_at(part, place);
    const char *whole = strcmp(part->format, "%s") == 0 || strcmp(part->format, "%.*s") == 0
                            ? nl_catalog_text(catalog, NULL, word)
                            : word;
    if (whole != word)
        return whole;
    return is_quoted(part->format, place) ? word : nl_catalog_text(catalog, "error", word);
}

static void add_part(const struct nl_catalog *catalog, const struct nl_error_part *part,
                     struct nl_buf *out) {
    struct nl_conversion conversion;
    size_t next = 1;
    const char *from = nl_catalog_text(catalog, NULL, part->format);
    for (const char *p = strchr(from, '%'); p != NULL; p = strchr(from, '%')) {
        nl_buf_add(out, from, (size_t)(p - from));
        if (!nl_conversion_read(p, &conversion)) { /* in the catalog of somebody else */
            from = p;
            break;
        }
        from = conversion.end;
        if (conversion.kind == '%')
            nl_buf_addc(out, '%');
        else
            nl_buf_adds(out,
                        translate(catalog, part, conversion.place > 0 ? conversion.place : next++));
    }
    nl_buf_adds(out, from);
}

char *nl_catalog_error(const struct nl_catalog *catalog, const struct nl_error *err) {
    struct nl_buf out = {0};
    if (err->parts == NULL)
        nl_buf_adds(&out, nl_error_text(err));
    for (const struct nl_error_part *part = err->parts; part != NULL; part = part->within) {
        add_part(catalog, part, &out);
        if (part->within != NULL)
            nl_buf_adds(&out, ": ");
    }
    return nl_buf_take(&out);
}
