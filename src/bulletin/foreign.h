/* Passages in another language than the rest of an issue. */
#ifndef NL_BULLETIN_FOREIGN_H
#define NL_BULLETIN_FOREIGN_H

/* The language of a text that is surely not in `language`, or "" if it is not known which one it
 * is; NULL for all others. It needs some words: five in another script, eight in another language.
 */
const char *nl_foreign_language(const char *text, const char *language);

#endif
