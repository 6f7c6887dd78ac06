/* Checks and small readers for text that comes from outside. */
#ifndef NEWSLETTER_BASE_TEXT_H
#define NEWSLETTER_BASE_TEXT_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line of valid UTF-8 without control characters (C0, C1, line and paragraph separators): fit
 * for a header. `what` names it in the error. */
NL_CHECKED enum nl_status nl_text_check_line(const char *text, const char *what,
                                             struct nl_error *err) NL_NONNULL(1, 2);

/* Refuses a valid text that shows letters in an order that is not theirs, or turns what stands
 * after it (UAX 9 section 2: overrides, and embeddings and isolates that are left open). */
NL_CHECKED enum nl_status nl_text_check_directions(const char *text, const char *what,
                                                   struct nl_error *err) NL_NONNULL(1, 2);

/* A line that people see next to other texts: nl_text_check_line and nl_text_check_directions. */
NL_CHECKED enum nl_status nl_text_check_label(const char *text, const char *what,
                                              struct nl_error *err) NL_NONNULL(1, 2);

/* Valid UTF-8 whose only control characters are tab and line feed. The error names the line. */
NL_CHECKED enum nl_status nl_text_check_body(const char *text, size_t len, const char *what,
                                             struct nl_error *err) NL_NONNULL(1, 3);

/* Reads "90s", "5m", "1h", "3d", "2w" or a bare number of seconds. */
bool nl_text_duration(const char *text, int64_t *seconds) NL_ALL_NONNULL;

/* How much of a text fits into `most` bytes without cutting a character of UTF-8. */
size_t nl_text_fit(const char *text, size_t most) NL_ALL_NONNULL;

/* Appends text of a stranger for people to read, in one line: every byte that is not UTF-8, and
 * every character that is a control, invisible or turns the direction of the line, becomes "?". */
void nl_text_add_printable(struct nl_buf *out, const char *text, size_t len) NL_ALL_NONNULL;

/* Reads a whole decimal number; false on anything else or on overflow. */
bool nl_text_integer(const char *text, int64_t *value) NL_ALL_NONNULL;

/* Lower-case ASCII letters, digits and hyphens from any title, for file names and keys. Appends. */
void nl_text_slug(struct nl_buf *out, const char *text) NL_ALL_NONNULL;

/* True for an absolute http or https URL of at most 900 bytes without spaces or control bytes. */
bool nl_text_is_http_url(const char *text) NL_ALL_NONNULL;

/* True for one to `limit` ASCII letters, digits and characters of `signs`. */
bool nl_text_is_name(const char *text, const char *signs, size_t limit) NL_ALL_NONNULL;

/* Whether a word is one of those that spaces separate. */
bool nl_text_has_word(const char *words, const char *word) NL_ALL_NONNULL;

/* Whether a TXT record of the DNS is of a kind that it says at its beginning, as "v=STSv1;": what
 * begins with "v=STSv10;" is another one (RFC 8461 section 3.1, RFC 8460 section 3). */
bool nl_text_is_record(const char *text, const char *version) NL_ALL_NONNULL;

/* Appends the text of HTML without its tags, up to `limit` bytes. It is not a parser, but serves
 * for bounces and for HTML that an author writes by hand. */
void nl_text_from_html(struct nl_buf *out, const char *html, size_t limit) NL_ALL_NONNULL;

/* Returns a copy in which small and capital letters of every script are the same, in NFC, to look
 * for a part of it; NULL if the text is not UTF-8. The caller frees it. */
NL_CHECKED char *nl_text_fold(const char *text) NL_ALL_NONNULL;

/* Appends a text with all but unreserved characters as %XX (RFC 3986, 2.1 and 2.3). */
void nl_text_encode_percent(struct nl_buf *out, const char *text) NL_ALL_NONNULL;

/* Decodes %XX (RFC 3986, 2.1) in place. A percent sign that encodes nothing stays, and so does %00,
 * which would end the text. True if something changed. */
bool nl_text_decode_percent(char *text) NL_ALL_NONNULL;

#endif
