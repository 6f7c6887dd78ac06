/* Writes the names of months and weekdays in all languages that the Unicode CLDR knows, and their
 * own names, as libicu has them, to a file that src/template/names.c includes. Runs while
 * newsletter is built. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicode/ucasemap.h>
#include <unicode/udat.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

enum {
    MONTHS = 12,
    WEEKDAYS = 7,
    NAMES = 2 * MONTHS + WEEKDAYS + 1,
    NAME_LIMIT = 200,
    TAG_LIMIT = 40
};
enum { SHORT_ENOUGH = 4 };

struct language {
    char tag[TAG_LIMIT];
    char names[NAMES][NAME_LIMIT];
};

static void check(UErrorCode code, const char *tag) {
    if (U_SUCCESS(code))
        return;
    fprintf(stderr, "cldr-names: %s: %s\n", tag, u_errorName(code));
    exit(1);
}

static void capitalise(const char *tag, const char *plain, char out[NAME_LIMIT]) {
    UErrorCode code = U_ZERO_ERROR;
    UCaseMap *map = ucasemap_open(tag, U_TITLECASE_WHOLE_STRING | U_TITLECASE_NO_LOWERCASE, &code);
    ucasemap_utf8ToTitle(map, out, NAME_LIMIT, plain, -1, &code);
    ucasemap_close(map);
    check(code, tag);
}

/* One name; with a capital letter at its start if it shall stand alone. */
static void get(const UDateFormat *format, UDateFormatSymbolType type, int index, const char *tag,
                bool alone, char out[NAME_LIMIT]) {
    UErrorCode code = U_ZERO_ERROR;
    UChar name[NAME_LIMIT];
    char plain[NAME_LIMIT];
    udat_getSymbols(format, type, index, name, NAME_LIMIT, &code);
    u_strToUTF8(plain, NAME_LIMIT, NULL, name, -1, &code);
    if (!alone) {
        check(code, tag);
        strcpy(out, plain);
        return;
    }
    size_t len = strlen(plain);
    while (len > 1 && plain[len - 1] == '.')
        plain[--len] = '\0';
    check(code, tag);
    capitalise(tag, plain, out);
}

/* "Français" for fr. */
static void get_own_name(const char *tag, char out[NAME_LIMIT]) {
    UErrorCode code = U_ZERO_ERROR;
    UChar name[NAME_LIMIT];
    char plain[NAME_LIMIT];
    uloc_getDisplayName(tag, tag, name, NAME_LIMIT, &code);
    u_strToUTF8(plain, NAME_LIMIT, NULL, name, -1, &code);
    capitalise(tag, plain, out);
    check(code, tag);
}

static size_t letters(const char *name) {
    size_t count = 0;
    for (; *name != '\0'; name++)
        count += ((unsigned char)*name & 0xc0) != 0x80;
    return count;
}

/* The usual abbreviations, or shorter ones where those are too wide for the head of a calendar.
 * From Monday on, whatever day a week begins with. */
static void get_weekdays(const UDateFormat *format, const char *tag,
                         char names[WEEKDAYS][NAME_LIMIT]) {
    bool fit = true;
    for (int day = 0; day < WEEKDAYS; day++) {
        get(format, UDAT_STANDALONE_SHORT_WEEKDAYS, (day + 1) % WEEKDAYS + 1, tag, true,
            names[day]);
        fit = fit && letters(names[day]) <= SHORT_ENOUGH;
    }
    for (int day = 0; day < WEEKDAYS && !fit; day++)
        get(format, UDAT_STANDALONE_SHORTER_WEEKDAYS, (day + 1) % WEEKDAYS + 1, tag, true,
            names[day]);
}

/* Dates are those of our calendar, also where another one is usual. */
static void read_language(const char *locale, struct language *out) {
    UErrorCode code = U_ZERO_ERROR;
    char id[2 * TAG_LIMIT];
    *out = (struct language){0};
    snprintf(out->tag, sizeof out->tag, "%s", locale);
    for (char *p = out->tag; (p = strchr(p, '_')) != NULL;)
        *p = '-';
    snprintf(id, sizeof id, "%s@calendar=gregorian", locale);
    UDateFormat *format = udat_open(UDAT_PATTERN, UDAT_PATTERN, id, u"UTC", -1, u"d", -1, &code);
    check(code, locale);
    for (int month = 0; month < MONTHS; month++) {
        get(format, UDAT_MONTHS, month, locale, false, out->names[month]);
        get(format, UDAT_STANDALONE_MONTHS, month, locale, true, out->names[MONTHS + month]);
    }
    get_weekdays(format, locale, out->names + 2 * MONTHS);
    get_own_name(locale, out->names[NAMES - 1]);
    udat_close(format);
}

/* The tag without its last part has the same names, so this one says nothing. */
static bool is_as_parent(const struct language *language) {
    struct language parent;
    char locale[TAG_LIMIT];
    strcpy(locale, language->tag);
    char *last = strrchr(locale, '-');
    if (last == NULL)
        return false;
    *last = '\0';
    for (char *p = locale; (p = strchr(p, '-')) != NULL;)
        *p = '_';
    read_language(locale, &parent);
    return memcmp(language->names, parent.names, sizeof parent.names - NAME_LIMIT) == 0;
}

static int compare(const void *a, const void *b) {
    return strcasecmp(((const struct language *)a)->tag, ((const struct language *)b)->tag);
}

/* Returns how many. */
static size_t print_bytes(FILE *out, const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
        fprintf(out, "%u,", *p);
    fputs("0,", out);
    return strlen(text) + 1;
}

int main(int count, char **words) {
    int available = uloc_countAvailable();
    struct language *all = calloc((size_t)available, sizeof *all);
    FILE *out = count == 2 ? fopen(words[1], "w") : NULL;
    size_t used = 0;
    size_t offset = 0;
    if (all == NULL || out == NULL)
        return 1;
    for (int i = 0; i < available; i++) {
        read_language(uloc_getAvailable(i), &all[used]);
        used += !is_as_parent(&all[used]);
    }
    qsort(all, used, sizeof *all, compare);
    for (size_t i = 0; i < used; i++) {
        fprintf(out, "LANGUAGE(\"%s\", %zu, ", all[i].tag, offset);
        for (size_t name = 0; name < NAMES; name++)
            offset += print_bytes(out, all[i].names[name]);
        fputs(")\n", out);
    }
    free(all);
    return fclose(out) == 0 ? 0 : 1;
}
