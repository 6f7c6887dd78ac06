/* Words that say nothing: of links ("here") and for pictures ("image1.png"), in the languages that
 * we write to people in. */
#ifndef NL_BULLETIN_VAGUE_H
#define NL_BULLETIN_VAGUE_H

#include <stdbool.h>

/* Whether the words of a link do not say where it leads (WCAG 2.2, 2.4.4). Capitals and signs
 * around the words do not count. */
bool nl_vague_link(const char *words);

/* Whether the words that stand for a picture do not say what it shows (WCAG 2.2, 1.1.1): a word
 * such as "photo", a file name, a number. */
bool nl_vague_picture(const char *words);

#endif
