/* Telling a WebSub hub that an issue has come out. */
#ifndef NL_DELIVERY_ANNOUNCE_H
#define NL_DELIVERY_ANNOUNCE_H

#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/list.h"

/* Tells the hub of the configuration, if there is one, which feeds of a list have something new:
 * once, before the first message of an issue goes out. A hub that does not answer within seconds
 * is logged and holds nothing up. */
enum nl_status nl_announce(struct nl_store *store, const struct nl_config *config,
                           const struct nl_list *list, int64_t issue, struct nl_error *err);

#endif
