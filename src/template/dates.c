#include "newsletter/template/dates.h"

#include <stdlib.h>

/* Some languages use another form of a month in a date ("25 августа", but "Август"). */
static const char *const months_of_dates[] = {
    NL_TEXT_IN("date", "January"), NL_TEXT_IN("date", "February"), NL_TEXT_IN("date", "March"),
    NL_TEXT_IN("date", "April"),   NL_TEXT_IN("date", "May"),      NL_TEXT_IN("date", "June"),
    NL_TEXT_IN("date", "July"),    NL_TEXT_IN("date", "August"),   NL_TEXT_IN("date", "September"),
    NL_TEXT_IN("date", "October"), NL_TEXT_IN("date", "November"), NL_TEXT_IN("date", "December")};

static const char *const months_alone[] = {
    NL_TEXT_IN("calendar", "January"),   NL_TEXT_IN("calendar", "February"),
    NL_TEXT_IN("calendar", "March"),     NL_TEXT_IN("calendar", "April"),
    NL_TEXT_IN("calendar", "May"),       NL_TEXT_IN("calendar", "June"),
    NL_TEXT_IN("calendar", "July"),      NL_TEXT_IN("calendar", "August"),
    NL_TEXT_IN("calendar", "September"), NL_TEXT_IN("calendar", "October"),
    NL_TEXT_IN("calendar", "November"),  NL_TEXT_IN("calendar", "December")};

static const char *const weekdays[] = {NL_TEXT_IN("calendar", "Mo"), NL_TEXT_IN("calendar", "Tu"),
                                       NL_TEXT_IN("calendar", "We"), NL_TEXT_IN("calendar", "Th"),
                                       NL_TEXT_IN("calendar", "Fr"), NL_TEXT_IN("calendar", "Sa"),
                                       NL_TEXT_IN("calendar", "Su")};

static void add_date_words(const struct nl_theme *theme, const char *context, const char *format,
                           int year, int number, const char *month, int day, struct nl_buf *out) {
    struct nl_error ignored = {0};
    json_t *data = json_pack("{s:i, s:s, s:i}", "year", year, "month",
                             nl_catalog_text(theme->catalog, context, month), "day", day);
    size_t len = out->len;
    if (nl_theme_text(theme, context, format, data, out, &ignored) != NL_OK) {
        out->len = len; /* an operator's own catalog names an unknown variable */
        nl_buf_addf(out, "%04d-%02d", year, number);
        if (day > 0)
            nl_buf_addf(out, "-%02d", day);
    }
    nl_error_free(&ignored);
    json_decref(data);
}

void nl_date_long(const struct nl_theme *theme, const char *date, struct nl_buf *out) {
    long month = strtol(date + 5, NULL, 10);
    add_date_words(theme, "date", NL_TEXT_IN("date", "{{day}} {{month}} {{year}}"),
                   (int)strtol(date, NULL, 10), (int)month, months_of_dates[month - 1],
                   (int)strtol(date + 8, NULL, 10), out);
}

void nl_date_month(const struct nl_theme *theme, int year, int month, struct nl_buf *out) {
    add_date_words(theme, "calendar", NL_TEXT_IN("calendar", "{{month}} {{year}}"), year, month,
                   months_alone[month - 1], 0, out);
}

const char *nl_date_weekday(const struct nl_theme *theme, int day) {
    return nl_catalog_text(theme->catalog, "calendar", weekdays[day]);
}
