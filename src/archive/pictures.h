/* The pictures in a stored text: data: URLs there, separate files in the archive. */
#ifndef NL_ARCHIVE_PICTURES_H
#define NL_ARCHIVE_PICTURES_H

#include "newsletter/base/buf.h"

#include <stdbool.h>

/* Copies HTML, its pictures replaced by "BASEimage-1.png", "BASEimage-2.jpeg" and so on. */
void nl_pictures_link(const char *html, const char *base, struct nl_buf *out);

/* Returns the number of pictures. Appends the name of each to `names`, with a NUL after it, if that
 * is not NULL. */
size_t nl_pictures_list(const char *html, struct nl_buf *names);

/* Decodes the picture with that name. *type is a constant. False if there is no such picture. */
bool nl_pictures_get(const char *html, const char *name, struct nl_buf *out, const char **type);

#endif
