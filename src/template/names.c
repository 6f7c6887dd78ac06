#include "template/names.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { MONTHS = 12, WEEKDAYS = 7, TAG_LIMIT = 16 };

/* All names one after the other, each with its end: for each language 12 months in a date, 12
 * alone, 7 weekdays and its own name. No table points to them, so that nothing has to be relocated
 * at the start of each command. */
#define LANGUAGE(tag, offset, ...) __VA_ARGS__
static const unsigned char names[] = {
#include "names.def"
};
#undef LANGUAGE

/* By tag, as strcasecmp sorts. */
#define LANGUAGE(tag, offset, ...) {tag, offset},
static const struct {
    char tag[TAG_LIMIT];
    uint32_t offset;
} languages[] = {
#include "names.def"
};
#undef LANGUAGE

enum { LANGUAGES = sizeof languages / sizeof languages[0] };

static int compare(const char *tag, size_t len, const char *other) {
    int order = strncasecmp(tag, other, len);
    return order != 0 ? order : -(other[len] != '\0');
}

static const unsigned char *find(const char *tag, size_t len) {
    size_t low = 0;
    size_t high = LANGUAGES;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(tag, len, languages[middle].tag);
        if (order == 0)
            return names + languages[middle].offset;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *nl_name(const char *language, enum nl_name_form form, int index) {
    size_t len = strlen(language);
    const unsigned char *name = NULL;
    while (len > 0 && (name = find(language, len)) == NULL)
        do
            len--;
        while (len > 0 && language[len] != '-');
    const char *text = (const char *)name;
    int before = form == NL_NAME_LANGUAGE ? 2 * MONTHS + WEEKDAYS : (int)form * MONTHS;
    for (int skip = before + index; text != NULL && skip > 0; skip--)
        text += strlen(text) + 1;
    return text;
}
