/* A draft becomes an issue. */
#ifndef NEWSLETTER_STORE_DRAFT_ISSUE_H
#define NEWSLETTER_STORE_DRAFT_ISSUE_H

#include "newsletter/base/token.h"
#include "newsletter/store/draft.h"
#include "newsletter/store/issue.h"

/* A digest of all that an issue is made of: the list, the text in each language, the files. Equal
 * as long as nobody has changed any of them. NL_NOTFOUND. */
struct nl_draft_seal {
    char text[NL_HEX_LEN];
};
NL_CHECKED enum nl_status nl_draft_seal(struct nl_store *store, int64_t draft,
                                        struct nl_draft_seal *out,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* An issue to be made of a draft. */
struct nl_draft_issue {
    int64_t draft;
    const struct nl_draft_seal *seal; /* of the draft that it was composed from */
    struct nl_issue *issue;           /* scheduled; gets its id */
    int64_t approvals;                /* that it needs; 0: none */
    const struct nl_actor *by;
};

/* Makes the issue, ties it to its draft and notes it in the audit log, in one transaction: after a
 * crash there is all of it or nothing. NL_EXISTS where the draft has changed since it was composed,
 * or has an issue already; NL_DATA where approvals are missing. */
NL_CHECKED enum nl_status nl_draft_make_issue(struct nl_store *store,
                                              const struct nl_draft_issue *request,
                                              struct nl_error *err) NL_ALL_NONNULL;

#endif
