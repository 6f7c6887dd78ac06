/* The ways on from a page that only says something: the latest issue, the archive, the events. */
#ifndef NL_WEB_LEAD_H
#define NL_WEB_LEAD_H

#include "web/page.h"

/* Adds "next" to the data of a page: the latest issue of the list, or with NULL of the only public
 * one; null where there is none, or several lists. */
enum nl_status nl_site_lead(struct nl_site *site, const struct nl_request *request,
                            const struct nl_list *list, json_t *data, struct nl_error *err);

#endif
