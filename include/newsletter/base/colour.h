/* Colours, and whether text on them can be read (WCAG 2.2, sections 1.4.3 and 1.4.11). */
#ifndef NEWSLETTER_BASE_COLOUR_H
#define NEWSLETTER_BASE_COLOUR_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>
#include <stdint.h>

enum { NL_COLOUR_TEXT = 8 }; /* bytes of "#12344d", with its end */

/* Reads "#12344d", "#123" or the same without the sign, as 0xRRGGBB. */
bool nl_colour_parse(const char *text, uint32_t *out) NL_ALL_NONNULL;

/* Writes "#rrggbb". */
void nl_colour_text(uint32_t colour, char out[NL_COLOUR_TEXT]) NL_ALL_NONNULL;

/* The contrast of two colours, from 1 to 21 (WCAG 2.2). Text needs 4.5. */
double nl_colour_contrast(uint32_t one, uint32_t other);

/* `part` of `colour` and the rest of `other`; part is from 0 to 1. */
uint32_t nl_colour_mix(uint32_t colour, uint32_t other, double part);

/* White or black, whichever can be read better on `ground`. Its contrast is always 4.5 or more. */
uint32_t nl_colour_on(uint32_t ground);

/* The colour next to `colour` that has this contrast to `ground`: mixed with black on a light
 * ground, with white on a dark one. Black or white where nothing else has it. */
uint32_t nl_colour_readable(uint32_t colour, uint32_t ground, double contrast);

#endif
