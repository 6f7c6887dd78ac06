#include "newsletter/dkim/signer.h"

enum nl_status nl_signer_open(const struct nl_config *config, const char *domain,
                              struct nl_signer *out, struct nl_error *err) {
    const char *files[NL_SIGNER_KEYS] = {config->dkim.key_file, config->dkim.ed25519_key_file};
    const char *selectors[NL_SIGNER_KEYS] = {config->dkim.selector, config->dkim.ed25519_selector};
    enum nl_status status = NL_OK;
    *out = (struct nl_signer){0};
    for (int i = 0; status == NL_OK && i < NL_SIGNER_KEYS; i++)
        if (files[i] != NULL)
            status = nl_dkim_key_read(files[i],
                                      config->dkim.domain != NULL ? config->dkim.domain : domain,
                                      selectors[i], &out->keys[out->count++], err);
    if (status != NL_OK)
        nl_signer_close(out);
    return status;
}

enum nl_status nl_signer_sign(const struct nl_signer *signer, struct nl_dkim_body *known,
                              struct nl_buf *message, int64_t now, struct nl_error *err) {
    struct nl_buf complete = {0};
    if (signer->count == 0)
        return NL_OK;
    enum nl_status status =
        nl_dkim_sign((const struct nl_dkim_key *const *)signer->keys, signer->count, known,
                     nl_buf_text(message), message->len, now, &complete, err);
    nl_buf_add(&complete, nl_buf_text(message), message->len);
    if (status != NL_OK) {
        nl_buf_free(&complete);
        return status;
    }
    nl_buf_free(message);
    *message = complete;
    return NL_OK;
}

void nl_signer_close(struct nl_signer *signer) {
    for (int i = 0; i < NL_SIGNER_KEYS; i++)
        nl_dkim_key_free(signer->keys[i]);
    *signer = (struct nl_signer){0};
}
