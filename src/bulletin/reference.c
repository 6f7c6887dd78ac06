#include "newsletter/bulletin/genuine.h"

#include "newsletter/base/token.h"

#include <ctype.h>
#include <string.h>

/* Base32 without letters that are taken for digits or for one another. */
static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void nl_reference(const char *list_id, const char *slug, char out[NL_REFERENCE_LEN + 1]) {
    struct nl_buf text = {0};
    unsigned char digest[NL_DIGEST_LEN];
    uint64_t bits = 0;
    nl_buf_addf(&text, "%s\n%s", list_id, slug);
    nl_digest(nl_buf_text(&text), text.len, digest);
    nl_buf_free(&text);
    for (size_t i = 0; i < 5; i++)
        bits = bits << 8 | digest[i];
    for (size_t i = NL_REFERENCE_LEN; i-- > 0;) {
        out[i] = i == 4 ? '-' : letters[bits & 31];
        bits = i == 4 ? bits : bits >> 5;
    }
    out[NL_REFERENCE_LEN] = '\0';
}

bool nl_reference_parse(const char *text, char out[NL_REFERENCE_LEN + 1]) {
    size_t len = 0;
    for (; *text != '\0'; text++) {
        char c = (char)toupper((unsigned char)*text);
        if (c == ' ' || c == '-')
            continue;
        c = (char)(c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c);
        if (len == NL_REFERENCE_LEN || strchr(letters, c) == NULL)
            return false;
        if (len == 4)
            out[len++] = '-';
        out[len++] = c;
    }
    out[len] = '\0';
    return len == NL_REFERENCE_LEN;
}

void nl_reference_url(const struct nl_config *config, const char *reference, struct nl_buf *out) {
    if (config->serve.url != NULL && reference[0] != '\0')
        nl_buf_addf(out, "%s/genuine?n=%s", config->serve.url, reference);
}
