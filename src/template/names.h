/* The names of months, weekdays and of the language itself, in the languages of the Unicode CLDR.
 */
#ifndef NL_TEMPLATE_NAMES_H
#define NL_TEMPLATE_NAMES_H

#include "newsletter/base/attribute.h"

/* The forms of a name. */
enum nl_name_form {
    NL_NAME_IN_DATE, /* a month in a date, whose form may differ: "25 августа" */
    NL_NAME_ALONE,   /* a month at the head of a page of the calendar: "Август" */
    NL_NAME_WEEKDAY, /* the abbreviation of a weekday at the head of a column */
    NL_NAME_LANGUAGE /* index 0: "Қазақша" for kk */
};

/* The name of month `index` (0 is January) or weekday `index` (0 is Monday) in `language`, a
 * language tag: that of the tag itself, or of the tag without its last parts. NULL for a language
 * that CLDR does not know. */
const char *nl_name(const char *language, enum nl_name_form form, int index) NL_NONNULL(1);

#endif
