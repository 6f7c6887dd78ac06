#include "newsletter/store/draft_issue.h"

#include <string.h>

/* Lengths stand before texts, so that no two drafts write the same. */
static enum nl_status add_text(const struct nl_draft_version *version, void *ctx,
                               struct nl_error *err) {
    (void)err;
    struct nl_buf *all = ctx;
    char hex[NL_HEX_LEN];
    nl_digest_hex(version->source, strlen(version->source), hex);
    nl_buf_addf(all, "text %zu %s %s\n", strlen(version->language), version->language, hex);
    return NL_OK;
}

static enum nl_status add_file(const struct nl_draft_file *file, void *ctx, struct nl_error *err) {
    (void)err;
    struct nl_buf *all = ctx;
    char hex[NL_HEX_LEN];
    nl_digest_hex(file->data != NULL ? file->data : "", file->size, hex);
    nl_buf_addf(all, "file %zu %s %s\n", strlen(file->name), file->name, hex);
    return NL_OK;
}

enum nl_status nl_draft_seal(struct nl_store *store, int64_t draft, struct nl_draft_seal *out,
                             struct nl_error *err) {
    struct nl_draft found = {0};
    struct nl_buf all = {0};
    enum nl_status status = nl_draft_get(store, draft, &found, err);
    if (status == NL_OK) {
        nl_buf_addf(&all, "list %lld\n", (long long)found.list);
        status = nl_draft_texts(store, draft, add_text, &all, err);
    }
    if (status == NL_OK)
        status = nl_draft_files(store, draft, true, add_file, &all, err);
    nl_digest_hex(nl_buf_text(&all), all.len, out->text);
    nl_buf_free(&all);
    nl_draft_free(&found);
    return status;
}
