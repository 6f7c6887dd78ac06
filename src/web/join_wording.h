/* The wordings that visitors agree to, as the pages show them. */
#ifndef NL_WEB_JOIN_WORDING_H
#define NL_WEB_JOIN_WORDING_H

#include "web/page.h"

/* The number of the wording of the form that a request was sent with: its field "shown" names the
 * form; 0 where it is not ours. `list`: the only one that is joined, or NULL. In the thread that
 * writes, as all below. */
enum nl_status nl_join_wording(struct nl_site *site, const struct nl_request *request,
                               const struct nl_list *list, const struct nl_theme *theme,
                               int64_t *wording, struct nl_error *err);

/* The number of the wording of the subscriber's own page, whose button may join lists. */
enum nl_status nl_own_page_wording(struct nl_site *site, const struct nl_theme *theme,
                                   int64_t *wording, struct nl_error *err);

/* The number of the wording of a page, which is rendered from `data`. */
enum nl_status nl_keep_wording(struct nl_site *site, const struct nl_theme *theme, const char *file,
                               json_t *data, int64_t *wording, struct nl_error *err);

#endif
