/* The beginning of an issue's text, and pieces of it around words that were searched for. */
#ifndef NL_ARCHIVE_EXCERPT_H
#define NL_ARCHIVE_EXCERPT_H

#include "newsletter/base/buf.h"

#include <jansson.h>

/* How many bytes of `html` at its beginning only greet the reader ("Dear reader,"); 0 if none do.
 * `named` is the same text as it is written to somebody whose name is known. */
size_t nl_greeting_len(const char *html, const char *named);

/* Whether `html` begins with a short paragraph that ends as greetings do, so that it is worth
 * asking. */
bool nl_greeting_is_likely(const char *html);

/* Appends the text of the first paragraphs, `limit` bytes at most, cut at a word. */
void nl_excerpt_add(const char *html, size_t limit, struct nl_buf *out);

/* Appends all words of HTML, with single spaces between them. */
void nl_words_add(const char *html, struct nl_buf *out);

/* Pieces of a text as [{text, hit}] for templates: around the first of `words`, with all of them in
 * that part marked. NULL if none of them is in it. The caller owns it. */
json_t *nl_snippet_find(const char *text, const char *words);

#endif
