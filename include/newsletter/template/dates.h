/* Dates in words, in the language of a theme. */
#ifndef NEWSLETTER_TEMPLATE_DATES_H
#define NEWSLETTER_TEMPLATE_DATES_H

#include "newsletter/template/theme.h"

/* Appends "25 August 2008" for "2008-08-25", a day that exists. */
void nl_date_long(const struct nl_theme *theme, const char *date,
                  struct nl_buf *out) NL_ALL_NONNULL;

/* Appends "August 2008", as the head of a calendar page. */
void nl_date_month(const struct nl_theme *theme, int year, int month,
                   struct nl_buf *out) NL_ALL_NONNULL;

/* The two letters of a weekday, 0 being Monday. */
const char *nl_date_weekday(const struct nl_theme *theme, int day) NL_ALL_NONNULL;

#endif
