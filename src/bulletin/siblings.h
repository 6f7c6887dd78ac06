/* The files of an issue in several languages: issue-11.en.md, issue-11.ru.md ... */
#ifndef NL_BULLETIN_SIBLINGS_H
#define NL_BULLETIN_SIBLINGS_H

#include "newsletter/base/error.h"

#include <stddef.h>

struct nl_sibling {
    char *path;
    char *language; /* from the file's name; NULL for one without */
};

struct nl_siblings {
    struct nl_sibling *items; /* the first is for readers whose language has no file */
    size_t count;
};

/* Finds the files of the issue that `path` belongs to. `path` may name a language itself, or be the
 * common name of files that all name one. The first result is the file without a language, or the
 * one in `language` (NULL for any), or `path`. Free with nl_siblings_free. */
enum nl_status nl_siblings_find(const char *path, const char *language, struct nl_siblings *out,
                                struct nl_error *err);

void nl_siblings_free(struct nl_siblings *siblings);

#endif
