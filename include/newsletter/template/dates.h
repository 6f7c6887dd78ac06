/* Dates in words, in the language of a theme. Figures are the Latin ones, as in all other texts. */
#ifndef NEWSLETTER_TEMPLATE_DATES_H
#define NEWSLETTER_TEMPLATE_DATES_H

#include "newsletter/template/theme.h"

/* Appends "25 August 2008" for "2008-08-25", a day that exists. */
void nl_date_long(const struct nl_theme *theme, const char *date,
                  struct nl_buf *out) NL_ALL_NONNULL;

/* Appends "21–23 March 2027", "30 March – 2 April 2027" or "30 December 2027 – 2 January 2028" for
 * two days that exist; one date if they are the same. */
void nl_date_range(const struct nl_theme *theme, const char *first, const char *last,
                   struct nl_buf *out) NL_ALL_NONNULL;

/* Appends "25 August 2008, 10:00–12:00" for words that one of the functions above has made. */
void nl_date_time(const struct nl_theme *theme, const char *date, const char *time,
                  struct nl_buf *out) NL_ALL_NONNULL;

/* Appends "August 2008", as the head of a calendar page. */
void nl_date_month(const struct nl_theme *theme, int year, int month,
                   struct nl_buf *out) NL_ALL_NONNULL;

/* The abbreviation of a weekday, 0 being Monday. */
const char *nl_date_weekday(const struct nl_theme *theme, int day) NL_ALL_NONNULL;

#endif
