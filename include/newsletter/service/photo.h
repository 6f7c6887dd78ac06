/* A photo of a printed bulletin: which number its QR code has. */
#ifndef NEWSLETTER_SERVICE_PHOTO_H
#define NEWSLETTER_SERVICE_PHOTO_H

#include "newsletter/bulletin/genuine.h"

#include <stdbool.h>

/* Whether a file is a photo that can be asked about, by its first bytes: a JPEG or PNG. */
bool nl_photo_is_one(const char *data, size_t len) NL_ALL_NONNULL;

enum nl_photo_code {
    NL_PHOTO_NONE,      /* there is no code in it that can be read */
    NL_PHOTO_ELSEWHERE, /* its code leads to another place than this office's website */
    NL_PHOTO_NUMBER,    /* its code has a reference number */
};

/* Looks for the number in the codes of a photo, one text to a line: the address of our page with
 * it, or the number alone. An address of another site is not a number of ours, whatever it says. */
enum nl_photo_code nl_photo_find(const struct nl_config *config, const char *codes,
                                 char out[NL_REFERENCE_LEN + 1]) NL_ALL_NONNULL;

/* Reads a photo, in a process of its own (newsletter/service/conversion.h). NL_DATA for one that is
 * broken or too large. */
NL_CHECKED enum nl_status nl_photo_read(const struct nl_config *config, const char *data,
                                        size_t len, enum nl_photo_code *found,
                                        char out[NL_REFERENCE_LEN + 1],
                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
