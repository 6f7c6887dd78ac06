#include "newsletter/template/language_name.h"

#include "newsletter/base/catalog.h"
#include "template/names.h"

#include <strings.h>

/* Translators know best ("Қазақша", where CLDR has "Қазақ тілі"). */
static bool add_from_catalog(const char *tag, struct nl_buf *out) {
    struct nl_catalog *catalog = NULL;
    struct nl_error ignored = {0};
    bool ours = nl_catalog_open(NULL, tag, &catalog, &ignored) == NL_OK &&
                strcasecmp(nl_catalog_language(catalog), tag) == 0;
    if (ours)
        nl_buf_adds(out, nl_catalog_text(catalog, "language", NL_TEXT_IN("language", "English")));
    nl_catalog_free(catalog);
    nl_error_free(&ignored);
    return ours;
}

void nl_language_name(const char *tag, struct nl_buf *out) {
    const char *name = nl_name(tag, NL_NAME_LANGUAGE, 0);
    if (!add_from_catalog(tag, out))
        nl_buf_adds(out, name != NULL ? name : tag);
}

void nl_language_link_add(json_t *links, const char *tag, const char *href, bool current) {
    struct nl_buf name = {0};
    size_t count = json_array_size(links);
    nl_language_name(tag, &name);
    if (count > 0)
        json_object_set_new(json_array_get(links, count - 1), "more", json_true());
    json_array_append_new(links,
                          json_pack("{s:s, s:s, s:s, s:b, s:b}", "href", href, "tag", tag, "name",
                                    nl_buf_text(&name), "current", current, "more", false));
    nl_buf_free(&name);
}
