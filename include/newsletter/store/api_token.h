/* The tokens by which programs use the API. Only their digests are stored. */
#ifndef NEWSLETTER_STORE_API_TOKEN_H
#define NEWSLETTER_STORE_API_TOKEN_H

#include "newsletter/base/token.h"
#include "newsletter/store/staff_account.h"

/* The powers of a token, to be combined. Reading lists, issues and figures comes with each. */
enum nl_api_scope {
    NL_API_READ = 1,
    NL_API_PEOPLE = 2, /* subscribers, suppressions, segments, mail that came back */
    NL_API_ISSUES = 4, /* drafts, and checking and trying them */
    NL_API_SEND = 8,   /* sending, pausing, resuming, cancelling */
    NL_API_ADMIN = 16, /* lists and settings */
};

enum { NL_API_LISTS = 512 };

struct nl_api_token {
    char name[NL_STAFF_NAME + 1];
    unsigned scopes;          /* enum nl_api_scope */
    char lists[NL_API_LISTS]; /* the names of those that it is good for, with spaces; "": all */
    int64_t created_at;
    int64_t expires_at;            /* 0: it has no end */
    int64_t used_at;               /* to the minute; 0: never */
    char owner[NL_STAFF_NAME + 1]; /* the account that it acts for; "": nobody's */
};

/* Adds the scope of a word ("read", "people", "issues", "send" or "admin"; "control" is the former
 * name of "send") to *scopes. NL_DATA. */
NL_CHECKED enum nl_status nl_api_scope_add(const char *word, unsigned *scopes, struct nl_error *err)
    NL_NONNULL(1, 2);

/* Appends the words for scopes, with spaces. */
void nl_api_scope_words(unsigned scopes, struct nl_buf *out) NL_ALL_NONNULL;

/* Makes a token for a program from name, scopes, lists and owner of `wanted`, which is good for
 * `lifetime` seconds (0: without an end). Only this call returns it, since its digest is stored.
 * NL_EXISTS, NL_NOTFOUND for an owner. */
NL_CHECKED enum nl_status nl_api_token_add(struct nl_store *store,
                                           const struct nl_api_token *wanted, int64_t lifetime,
                                           struct nl_token *token,
                                           struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_api_token_remove(struct nl_store *store, const char *name,
                                              struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_api_token_each(struct nl_store *store,
                                            enum nl_status (*each)(const struct nl_api_token *token,
                                                                   void *ctx, struct nl_error *err),
                                            void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Finds a token. *ok is false if there is none, its time is over, or its owner may not even look.
 * Its scopes are those that its owner may use at present: everywhere, or on each of its lists. */
NL_CHECKED enum nl_status nl_api_token_check(struct nl_store *store, const char *secret, bool *ok,
                                             struct nl_api_token *out, struct nl_error *err)
    NL_NONNULL(1, 3, 4, 5);

/* Notes that a token is in use, once a minute. */
NL_CHECKED enum nl_status nl_api_token_note(struct nl_store *store,
                                            const struct nl_api_token *token,
                                            struct nl_error *err) NL_ALL_NONNULL;

#endif
