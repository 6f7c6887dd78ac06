/* Answers that are compressed on their way (RFC 9110 section 8.4, RFC 1952). */
#ifndef NL_WEB_COMPRESS_H
#define NL_WEB_COMPRESS_H

#include "web/http.h"

/* Whether a visitor takes gzip, by the field Accept-Encoding (NULL: without it, which means no):
 * section 12.5.3. One who would rather have it as it is gets it so. */
bool nl_gzip_is_wanted(const char *accept_encoding);

/* Whether this answer is compressed for those who want it. Not where it is small, of a kind that is
 * compressed already, or sent in parts. Not where it mixes a secret with what a stranger may have
 * put into it, such as a page with a form and its stamp: from the length of many of those somebody
 * who listens finds the secret (BREACH). So only pages that are the same for everybody are, and the
 * API, which no web page of somebody else can ask without its token. */
bool nl_gzip_suits(const struct nl_response *response) NL_ALL_NONNULL;

/* Compresses `body` into `out`, which is empty; false, with `out` empty, where that does not suit
 * its size. */
bool nl_gzip(const struct nl_buf *body, struct nl_buf *out) NL_ALL_NONNULL;

/* Adds to `out` what `data`, in the form of gzip, stands for: a file of ours. False if it
 * is damaged. */
bool nl_gunzip(const char *data, size_t len, struct nl_buf *out) NL_ALL_NONNULL;

/* Writes the entity tag of the compressed form: "x" becomes "x-gzip", since one tag must not stand
 * for two strings of bytes (section 8.8.3.3). */
void nl_gzip_tag(const char *tag, char *out, size_t size) NL_ALL_NONNULL;

#endif
