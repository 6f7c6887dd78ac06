#include "newsletter/bulletin/genuine.h"

#include "bulletin/canonical.h"

#include <stdlib.h>

static enum nl_status sign_edition(const struct nl_bulletin *bulletin, size_t index,
                                   const struct nl_list *list, const struct nl_sign_key *key,
                                   const char *office, int64_t now, char **out,
                                   struct nl_error *err) {
    struct nl_buf text = {0};
    struct nl_buf note = {0};
    enum nl_status status = nl_canonical_add(bulletin, index, list, office, now, &text, err);
    if (status == NL_OK)
        status = nl_note_sign(key, office, nl_buf_text(&text), &note, err);
    if (status == NL_OK && (*out = nl_buf_take(&note)) == NULL)
        status = nl_error_nomem(err);
    nl_buf_free(&text);
    nl_buf_free(&note);
    return status;
}

enum nl_status nl_bulletin_sign(struct nl_bulletin *bulletin, const struct nl_list *list,
                                const struct nl_config *config, int64_t now, struct nl_error *err) {
    struct nl_sign_key *key = NULL;
    struct nl_key_ring ring = {0};
    if (config->signing.key_file == NULL)
        return NL_OK;
    enum nl_status status = nl_sign_key_read(config->signing.key_file, &key, err);
    if (status == NL_OK)
        status = nl_key_ring_read(config->signing.public_keys, &ring, err);
    const struct nl_ring_key *known = status == NL_OK ? nl_key_ring_find(&ring, key) : NULL;
    if (status == NL_OK && known == NULL)
        status = nl_error_set(err, NL_CONFIG, "%s does not have the public key of %s",
                              config->signing.public_keys, config->signing.key_file);
    for (size_t i = 0; status == NL_OK && i < bulletin->view_count; i++) {
        struct nl_signed_text *text =
            i == 0 ? &bulletin->issue.text : &bulletin->issue.editions[i - 1].text;
        free(text->note);
        free(text->passages);
        *text = (struct nl_signed_text){0};
        status = sign_edition(bulletin, i, list, key, known->verifier.name, now, &text->note, err);
        if (status == NL_OK)
            status = nl_note_passages(text->note, &text->passages, &text->passage_count, err);
    }
    nl_sign_key_free(key);
    nl_key_ring_free(&ring);
    return status;
}
