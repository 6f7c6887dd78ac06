#include "newsletter/base/zone.h"

#include "newsletter/base/catalog.h"

#include <libical/ical.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAME_LIMIT = 64 };

/* Abbreviations say no place: PST has no summer time, CST is in America and in China. These are the
 * places that people mean most. */
static const struct {
    const char *abbreviation, *place;
} places[] = {
    {"PST", "America/Los_Angeles"},
    {"PDT", "America/Los_Angeles"},
    {"PT", "America/Los_Angeles"},
    {"MDT", "America/Denver"},
    {"MT", "America/Denver"},
    {"CST", "America/Chicago"},
    {"CDT", "America/Chicago"},
    {"CT", "America/Chicago"},
    {"EDT", "America/New_York"},
    {"ET", "America/New_York"},
    {"AST", "America/Halifax"},
    {"BST", "Europe/London"},
    {"IST", "Asia/Kolkata"},
    {"JST", "Asia/Tokyo"},
    {"KST", "Asia/Seoul"},
    {"MSK", "Europe/Moscow"},
    {"MSD", "Europe/Moscow"},
    {"CEST", "Europe/Berlin"},
    {"MEZ", "Europe/Berlin"},
    {"MESZ", "Europe/Berlin"},
    {"EEST", "Europe/Kyiv"},
    {"WEST", "Europe/Lisbon"},
    {"ALMT", "Asia/Almaty"},
    {"AQTT", "Asia/Aqtau"},
    {"SGT", "Asia/Singapore"},
    {"HKT", "Asia/Hong_Kong"},
    {"AEST", "Australia/Sydney"},
    {"AEDT", "Australia/Sydney"},
    {"NZST", "Pacific/Auckland"},
    {"NZDT", "Pacific/Auckland"},
    {"UTC+0", "UTC"},
    {"Z", "UTC"},
};

/* A name of the database, and not a path that leads elsewhere: parts of letters, digits, "_", "+"
 * and "-" that begin with a letter. */
static bool is_name(const char *name) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-";
    if (strlen(name) > NAME_LIMIT || strncmp(name, "posix/", 6) == 0 ||
        strncmp(name, "right/", 6) == 0)
        return false;
    for (const char *part = name;; part++) {
        if (strspn(part, letters) == 0)
            return false;
        part += strspn(part, others);
        if (*part != '/')
            return *part == '\0';
    }
}

static bool exists(const char *zone) {
    return is_name(zone) && icaltimezone_get_builtin_timezone(zone) != NULL;
}

/* The first name of the database that `fits` a text; NULL for none. */
static const char *search(const char *text, bool (*fits)(const char *name, const char *text)) {
    const icalarray *zones = icaltimezone_get_builtin_timezones();
    for (size_t i = 0; i < zones->num_elements; i++) {
        icaltimezone *zone = icalarray_element_at((icalarray *)zones, i);
        const char *name = icaltimezone_get_location(zone);
        if (name != NULL && fits(name, text))
            return name;
    }
    return NULL;
}

static bool same_letters(const char *name, const char *text) {
    for (; *name != '\0' && *text != '\0'; name++, text++) {
        char a = *name == '_' ? ' ' : *name;
        char b = *text == '_' ? ' ' : *text;
        if (strncasecmp(&a, &b, 1) != 0)
            return false;
    }
    return *name == *text;
}

/* "berlin", "New York" */
static bool same_place(const char *name, const char *text) {
    const char *slash = strrchr(name, '/');
    return slash != NULL && same_letters(slash + 1, text);
}

static const char *place_of(const char *abbreviation) {
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcasecmp(places[i].abbreviation, abbreviation) == 0)
            return places[i].place;
    return NULL;
}

/* "+05:00", "GMT+3", "UTC-8", "5" */
static bool is_offset(const char *text) {
    if (strncasecmp(text, "UTC", 3) == 0 || strncasecmp(text, "GMT", 3) == 0)
        text += 3;
    text += strspn(text, " +-");
    return *text >= '0' && *text <= '9' && strspn(text, "0123456789:") == strlen(text);
}

const char *nl_zone_find(const char *zone) {
    return exists(zone) ? zone : search(zone, same_letters);
}

enum nl_status nl_zone_check(const char *zone, struct nl_error *err) {
    if (exists(zone))
        return NL_OK;
    const char *name = search(zone, same_letters);
    if (name == NULL)
        name = search(zone, same_place);
    if (name == NULL)
        name = place_of(zone);
    if (name == NULL && strcasecmp(zone, "utc") == 0)
        name = "UTC";
    if (name != NULL)
        return nl_error_set(err, NL_DATA, NL_TEXT("unknown time zone '%s': write %s"), zone, name);
    if (is_offset(zone))
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("unknown time zone '%s': an offset does not say when clocks change, so "
                    "give a place, such as Asia/Almaty"),
            zone);
    return nl_error_set(err, NL_DATA,
                        NL_TEXT("unknown time zone '%s': give a name of the IANA database, such as "
                                "Asia/Almaty or UTC"),
                        zone);
}
