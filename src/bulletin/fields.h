/* The header fields of issues and notices. */
#ifndef NL_BULLETIN_FIELDS_H
#define NL_BULLETIN_FIELDS_H

#include "bulletin/mime.h"
#include "newsletter/config/config.h"
#include "newsletter/store/list.h"

/* `subject` may hold markers. From, To, Reply-To, Subject, Date, Message-ID and Content-Language.
 */
enum nl_status nl_fields_common(const struct nl_list *list, const char *subject,
                                const char *language, struct nl_slots *slots,
                                struct nl_fields *fields, struct nl_error *err);

/* Adds the fields of a mailing list: RFC 2919, RFC 2369 and RFC 8058. */
enum nl_status nl_fields_list(const struct nl_list *list, const struct nl_config *config,
                              struct nl_slots *slots, struct nl_fields *fields,
                              struct nl_error *err);

#endif
