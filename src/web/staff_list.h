/* The pages below that of one list. */
#ifndef NL_WEB_STAFF_LIST_H
#define NL_WEB_STAFF_LIST_H

#include "web/staff_common.h"

/* Asking its people again: the page, and its button. Both take the data of the call. */
enum nl_status nl_reconfirm_page(struct nl_staff_call *call, const char *name,
                                 struct nl_response *response, struct nl_error *err);
enum nl_status nl_reconfirm_act(struct nl_staff_call *call, const char *name,
                                struct nl_response *response, struct nl_error *err);

#endif
