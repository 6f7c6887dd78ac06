/* Tokens by which programs use the API. */
#ifndef NEWSLETTER_SERVICE_API_TOKENS_H
#define NEWSLETTER_SERVICE_API_TOKENS_H

#include "newsletter/base/token.h"
#include "newsletter/service/office.h"

struct nl_token_wish {
    const char *name;
    const char *scopes; /* words with spaces: read, people, issues, send, admin */
    const char *lists;  /* names with spaces; "": all */
    int64_t lifetime;   /* seconds; 0: without an end */
    const char *owner;  /* the account that it acts for; NULL or "": nobody's */
};

/* NL_DATA for a word that is not a scope. */
NL_CHECKED enum nl_status nl_office_token_check_scopes(const char *words,
                                                       struct nl_error *err) NL_ALL_NONNULL;

/* Makes a token. Only this call returns it, since its digest is stored. NL_DATA for an invalid name
 * or scope, NL_NOTFOUND for a list, NL_EXISTS. */
NL_CHECKED enum nl_status nl_office_token_add(const struct nl_office *office,
                                              const struct nl_token_wish *wish,
                                              struct nl_token *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* A program that uses it is refused from now on. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_token_end(const struct nl_office *office, const char *name,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* All tokens by name: objects with name, scopes, lists, created_at, expires_at (null: no end) and
 * used_at (null: never). The caller frees *out. */
NL_CHECKED enum nl_status nl_office_tokens(const struct nl_office *office, json_t **out,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
