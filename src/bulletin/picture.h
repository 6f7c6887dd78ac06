/* The type and width of a picture, from its first bytes. */
#ifndef NL_BULLETIN_PICTURE_H
#define NL_BULLETIN_PICTURE_H

#include "newsletter/base/buf.h"

/* The media type of a PNG, JPEG or GIF, a constant; NULL for anything else. */
const char *nl_picture_type(const struct nl_buf *data);

/* Its width in pixels; 0 if it is not known. */
int nl_picture_width(const struct nl_buf *data);

#endif
