/* Whether pages that are kept in memory are still good: they are made of the database, of files on
 * disk (templates, logos, recordings), and of the day, which the calendar marks. */
#ifndef NL_WEB_PAGE_STATE_H
#define NL_WEB_PAGE_STATE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdint.h>

struct nl_site;

/* The state that was seen last. Zero-initialised; free with nl_page_state_free. */
struct nl_page_state {
    struct nl_buf revision; /* of the database (nl_store_revision) */
    struct nl_buf text;     /* another one in each state */
    int64_t second;
};

/* Looks whether anything has changed, once a second and after each change of the database, and
 * tells the cache of the site. */
enum nl_status nl_page_state_follow(struct nl_site *site, struct nl_error *err);

void nl_page_state_free(struct nl_page_state *state);

#endif
