#include "newsletter/template/dates.h"

#include "template/names.h"

#include <stdlib.h>
#include <string.h>

struct day {
    int year, month, number;
};

static struct day read_day(const char *date) {
    return (struct day){(int)strtol(date, NULL, 10), (int)strtol(date + 5, NULL, 10),
                        (int)strtol(date + 8, NULL, 10)};
}

static const char *name_of(const struct nl_theme *theme, enum nl_name_form form, int index) {
    const char *name = nl_name(nl_catalog_language(theme->catalog), form, index);
    return name != NULL ? name : nl_name("en", form, index);
}

static const char *month_of(const struct nl_theme *theme, int month, enum nl_name_form form) {
    return name_of(theme, form, month - 1);
}

/* Writes the words that a catalog has for `format`, or `plain` if it names an unknown variable.
 * Takes `data`. */
static void add_words(const struct nl_theme *theme, const char *context, const char *format,
                      json_t *data, const char *plain, struct nl_buf *out) {
    struct nl_error ignored = {0};
    size_t len = out->len;
    if (nl_theme_text(theme, context, format, data, out, &ignored) != NL_OK) {
        out->len = len;
        nl_buf_adds(out, plain);
    }
    nl_error_free(&ignored);
    json_decref(data);
}

void nl_date_long(const struct nl_theme *theme, const char *date, struct nl_buf *out) {
    const struct day day = read_day(date);
    add_words(theme, "date", NL_TEXT_IN("date", "{{day}} {{month}} {{year}}"),
              json_pack("{s:i, s:s, s:i, s:i}", "year", day.year, "month",
                        month_of(theme, day.month, NL_NAME_IN_DATE), "month_number", day.month,
                        "day", day.number),
              date, out);
}

static json_t *range_data(const struct nl_theme *theme, const struct day *first,
                          const struct day *last) {
    return json_pack("{s:i, s:i, s:s, s:i, s:i, s:s, s:i}", "year", last->year, "first_day",
                     first->number, "first_month", month_of(theme, first->month, NL_NAME_IN_DATE),
                     "first_month_number", first->month, "last_day", last->number, "last_month",
                     month_of(theme, last->month, NL_NAME_IN_DATE), "last_month_number",
                     last->month);
}

static void add_long_range(const struct nl_theme *theme, const char *first, const char *last,
                           struct nl_buf *out) {
    struct nl_buf from = {0};
    struct nl_buf to = {0};
    nl_date_long(theme, first, &from);
    nl_date_long(theme, last, &to);
    add_words(theme, "date", NL_TEXT_IN("date", "{{{first}}} – {{{last}}}"),
              json_pack("{s:s, s:s}", "first", nl_buf_text(&from), "last", nl_buf_text(&to)), first,
              out);
    nl_buf_free(&from);
    nl_buf_free(&to);
}

void nl_date_range(const struct nl_theme *theme, const char *first, const char *last,
                   struct nl_buf *out) {
    const struct day from = read_day(first);
    const struct day to = read_day(last);
    if (strcmp(first, last) == 0)
        nl_date_long(theme, first, out);
    else if (from.year != to.year)
        add_long_range(theme, first, last, out);
    else if (from.month != to.month)
        add_words(theme, "date",
                  NL_TEXT_IN("date", "{{first_day}} {{first_month}} – {{last_day}} "
                                     "{{last_month}} {{year}}"),
                  range_data(theme, &from, &to), first, out);
    else
        add_words(theme, "date",
                  NL_TEXT_IN("date", "{{first_day}}–{{last_day}} {{last_month}} {{year}}"),
                  range_data(theme, &from, &to), first, out);
}

void nl_date_time(const struct nl_theme *theme, const char *date, const char *time,
                  struct nl_buf *out) {
    add_words(theme, "date", NL_TEXT_IN("date", "{{{date}}}, {{{time}}}"),
              json_pack("{s:s, s:s}", "date", date, "time", time), date, out);
}

void nl_date_month(const struct nl_theme *theme, int year, int month, struct nl_buf *out) {
    char plain[16];
    snprintf(plain, sizeof plain, "%04d-%02d", year, month);
    add_words(theme, "calendar", NL_TEXT_IN("calendar", "{{month}} {{year}}"),
              json_pack("{s:i, s:s, s:i}", "year", year, "month",
                        month_of(theme, month, NL_NAME_ALONE), "month_number", month),
              plain, out);
}

const char *nl_date_weekday(const struct nl_theme *theme, int day) {
    return name_of(theme, NL_NAME_WEEKDAY, day);
}
