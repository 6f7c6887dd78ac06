#include "bulletin/enclosure.h"

#include "newsletter/base/memory.h"
#include "newsletter/base/token.h"

#include <stdlib.h>
#include <string.h>

void nl_enclosures_list(const struct nl_enclosures *enclosures, struct nl_buf *out) {
    for (size_t i = 0; i < enclosures->count; i++) {
        const struct nl_enclosure *item = &enclosures->items[i];
        char digest[NL_HEX_LEN];
        nl_digest_hex(item->data.data, item->data.len, digest);
        nl_buf_addf(out, "file: %s %zu %s\n", digest, item->data.len, item->name);
    }
}

void nl_enclosures_add_to_digest(const struct nl_enclosures *enclosures, char **digest) {
    struct nl_buf all = {0};
    char text[2 * NL_DIGEST_LEN + 1];
    bool any = false;
    nl_buf_adds(&all, *digest);
    for (size_t i = 0; i < enclosures->count; i++) {
        if (enclosures->items[i].made)
            continue;
        any = true;
        nl_digest_hex(enclosures->items[i].data.data, enclosures->items[i].data.len, text);
        nl_buf_addf(&all, " %s", text);
    }
    nl_digest_hex(nl_buf_text(&all), all.len, text);
    nl_buf_free(&all);
    if (!any)
        return;
    free(*digest);
    *digest = nl_strdup(text);
}
