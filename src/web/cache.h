/* Pages that are kept in memory until something changes of which they are made (web/page_state.c),
 * so that no page is ever out of date. Not for several threads. */
#ifndef NL_WEB_CACHE_H
#define NL_WEB_CACHE_H

#include "web/http.h"

struct nl_cache;

/* Keeps so many bytes of bodies at most. Free with nl_cache_free. */
struct nl_cache *nl_cache_new(size_t limit);

/* Says what the time is (seconds) and what state everything is in of which pages are made: what was
 * kept in another one is no longer good. */
void nl_cache_set_state(struct nl_cache *cache, int64_t now, const char *revision);

/* Fills the answer with what is kept under a key, compressed where `gzip` and it suits. False if it
 * is not there or no longer good. */
bool nl_cache_get(struct nl_cache *cache, const char *key, bool gzip, struct nl_response *response);

/* Keeps a copy of the answer, and gives it its entity tag and the time of its change: that of the
 * earlier one under this key, if it is the same. Large ones are not kept, and those go first that
 * nobody asked for in the longest time. */
void nl_cache_put(struct nl_cache *cache, const char *key, struct nl_response *response);

void nl_cache_free(struct nl_cache *cache);

#endif
