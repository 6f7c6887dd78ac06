/* A text as the words that its reader sees, whatever way it took: wrapped, quoted, in another
 * charset, as HTML or plain. docs/genuine.md defines them. */
#ifndef NL_BULLETIN_WORDING_H
#define NL_BULLETIN_WORDING_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* In a text that is read, these noncharacters stand for what differs between readers: a value, and
 * the beginning and end of a passage for some. No text from outside keeps them. */
#define NL_WORDING_SLOT "\xef\xb7\x90"  /* U+FDD0 */
#define NL_WORDING_BEGIN "\xef\xb7\x91" /* U+FDD1 */
#define NL_WORDING_END "\xef\xb7\x92"   /* U+FDD2 */
/* How a value is written in words: U+FFFC. */
#define NL_WORD_SLOT "\xef\xbf\xbc"

enum { NL_WORDING_MOST = 200000, NL_WORDING_BYTES = 4 << 20 };

struct nl_worded {
    uint32_t at, len;   /* in the text of the words */
    uint32_t paragraph; /* counted from 0 */
    bool link;          /* the address of a link, which HTML has and its reader does not see */
    bool some;          /* within a passage for some readers */
    uint64_t hash;
};

/* Zero-initialise; free with nl_wording_free. Words beyond the bounds are left out. */
struct nl_wording {
    struct nl_buf text; /* the words, each ended by a NUL */
    struct nl_worded *items;
    size_t count, cap;
    uint32_t paragraphs;
    size_t depth; /* of passages for some that are open */
    bool slots;   /* whether the noncharacters count */
    bool failed;  /* a library had no memory */
};

/* Adds a plain text in UTF-8: an empty line ends a paragraph. Signs of quotation do not count. */
void nl_wording_add_text(struct nl_wording *words, const char *text, size_t len) NL_NONNULL(1);

/* Adds the words of HTML, also those that are hidden, and the addresses of its links. */
void nl_wording_add_html(struct nl_wording *words, const char *html, size_t len) NL_NONNULL(1);

/* Ends the paragraph. */
void nl_wording_break(struct nl_wording *words) NL_ALL_NONNULL;

/* Adds the address of a link. */
void nl_wording_add_link(struct nl_wording *words, const char *address) NL_ALL_NONNULL;

/* The text of a word. Borrowed. */
const char *nl_wording_at(const struct nl_wording *words, size_t at) NL_ALL_NONNULL;

/* The hash by which words are compared: the same for the same bytes. */
uint64_t nl_wording_hash(const char *text, size_t len) NL_ALL_NONNULL;

void nl_wording_free(struct nl_wording *words);

#endif
