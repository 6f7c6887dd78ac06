/* What issues and notices have in common. */
#ifndef NL_BULLETIN_BULLETIN_H
#define NL_BULLETIN_BULLETIN_H

#include "bulletin/mime.h"
#include "newsletter/config.h"
#include "newsletter/list.h"

#include <jansson.h>

/* From, To, Reply-To, Subject, Date, Message-ID and Content-Language. */
enum nl_status nl_fields_common(const struct nl_list *list, const char *subject,
                                const char *language, struct nl_slots *slots,
                                struct nl_fields *fields, struct nl_error *err);

/* The list's data for templates: an object with name, title, language, ... NULL without memory. */
json_t *nl_list_data(const struct nl_list *list);

/* Sets a member to a text, "" for NULL. */
void nl_data_set(json_t *data, const char *name, const char *value);

/* Appends "25 August 2008" for "2008-08-25", a day that exists. */
void nl_long_date(const char *date, struct nl_buf *out);

#endif
