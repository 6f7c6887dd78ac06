#include "newsletter/base/colour.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLACK = 0x000000, WHITE = 0xffffff, STEPS = 64 };

bool nl_colour_parse(const char *text, uint32_t *out) {
    char digits[7] = "";
    text += *text == '#';
    size_t len = strlen(text);
    if (len != 3 && len != 6)
        return false;
    for (size_t i = 0; i < 6; i++) {
        digits[i] = text[len == 3 ? i / 2 : i];
        if (!isxdigit((unsigned char)digits[i]))
            return false;
    }
    *out = (uint32_t)strtoul(digits, NULL, 16);
    return true;
}

void nl_colour_text(uint32_t colour, char out[NL_COLOUR_TEXT]) {
    snprintf(out, NL_COLOUR_TEXT, "#%06x", (unsigned)(colour & WHITE));
}

static double channel(uint32_t colour, int shift) {
    return (double)(colour >> shift & 0xff) / 255;
}

/* One channel without the gamma of sRGB. */
static double linear(double value) {
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t colour) {
    return 0.2126 * linear(channel(colour, 16)) + 0.7152 * linear(channel(colour, 8)) +
           0.0722 * linear(channel(colour, 0));
}

double nl_colour_contrast(uint32_t one, uint32_t other) {
    double a = luminance(one) + 0.05;
    double b = luminance(other) + 0.05;
    return a > b ? a / b : b / a;
}

uint32_t nl_colour_mix(uint32_t colour, uint32_t other, double part) {
    uint32_t mixed = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
        double value = channel(colour, shift) * part + channel(other, shift) * (1 - part);
        mixed = mixed << 8 | (uint32_t)lround(value * 255);
    }
    return mixed;
}

uint32_t nl_colour_on(uint32_t ground) {
    return nl_colour_contrast(WHITE, ground) >= 4.5 ? WHITE : BLACK;
}

uint32_t nl_colour_readable(uint32_t colour, uint32_t ground, double contrast) {
    uint32_t towards =
        nl_colour_contrast(WHITE, ground) > nl_colour_contrast(BLACK, ground) ? WHITE : BLACK;
    for (int step = 0; step < STEPS; step++) {
        uint32_t mixed = nl_colour_mix(colour, towards, 1 - (double)step / STEPS);
        if (nl_colour_contrast(mixed, ground) >= contrast)
            return mixed;
    }
    return towards;
}
