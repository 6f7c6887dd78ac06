#include "newsletter/bulletin/genuine.h"

#include "bulletin/canonical.h"

#include <stdlib.h>

static enum nl_status sign_edition(const struct nl_bulletin *bulletin, size_t index,
                                   const struct nl_list *list, const struct nl_note_signer *signer,
                                   int64_t now, char **out, struct nl_error *err) {
    const char *office = signer->verifier->name;
    struct nl_buf text = {0};
    struct nl_buf note = {0};
    enum nl_status status = nl_canonical_add(bulletin, index, list, office, now, &text, err);
    if (status == NL_OK)
        status = nl_note_sign(signer->key, office, nl_buf_text(&text), &note, err);
    if (status == NL_OK)
        *out = nl_buf_take(&note);
    nl_buf_free(&text);
    nl_buf_free(&note);
    return status;
}

enum nl_status nl_bulletin_sign(struct nl_bulletin *bulletin, const struct nl_list *list,
                                const struct nl_config *config, int64_t now, struct nl_error *err) {
    struct nl_note_signer signer = {0};
    if (config->signing.key_file == NULL)
        return NL_OK;
    enum nl_status status =
        nl_note_signer_open(config->signing.key_file, config->signing.public_keys, &signer, err);
    for (size_t i = 0; status == NL_OK && i < bulletin->view_count; i++) {
        struct nl_signed_text *text =
            i == 0 ? &bulletin->issue.text : &bulletin->issue.editions[i - 1].text;
        free(text->note);
        free(text->passages);
        *text = (struct nl_signed_text){0};
        status = sign_edition(bulletin, i, list, &signer, now, &text->note, err);
        if (status == NL_OK)
            status = nl_note_passages(text->note, &text->passages, &text->passage_count, err);
    }
    nl_note_signer_free(&signer);
    return status;
}
