/* The figures of our reputation as JSON, for text and for pages. */
#ifndef NL_REPORT_REPUTATION_FACTS_H
#define NL_REPORT_REPUTATION_FACTS_H

#include "newsletter/db/handle.h"

#include <jansson.h>

/* The words that stand wherever the figures do. */
extern const char nl_reputation_note[];

/* Sets "since", "note", "dmarc", "tls" and "complaints" of `out`, an object. */
NL_CHECKED enum nl_status nl_reputation_facts(struct nl_store *store, json_t *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

#endif
