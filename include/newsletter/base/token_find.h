/* Finds a token in what arrives. Mail programs, forwarders and people change links: they break
 * lines, encode twice, add punctuation, capitals or quotation marks. None of that may keep anybody
 * from leaving. */
#ifndef NEWSLETTER_BASE_TOKEN_FIND_H
#define NEWSLETTER_BASE_TOKEN_FIND_H

#include "newsletter/base/token.h"

/* Finds the first token in `text`, which may be a bare token, a link, or a passage with one: first
 * after the word "token", then anywhere. It is found in either case; after percent-encoding, even
 * repeated; in quoted-printable ("=3D", soft line breaks); with white space, invisible characters,
 * quotation marks or typographic hyphens within; and without its hyphens. The number of the issue
 * is read where it follows. False without a token. */
bool nl_token_find(const char *text, struct nl_token *token) NL_ALL_NONNULL;

#endif
