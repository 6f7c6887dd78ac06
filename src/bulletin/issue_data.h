/* The data of an issue for the layouts of its mail. */
#ifndef NL_BULLETIN_ISSUE_DATA_H
#define NL_BULLETIN_ISSUE_DATA_H

#include "bulletin/enclosure.h"
#include "bulletin/slots.h"
#include "newsletter/bulletin/frontmatter.h"
#include "newsletter/config/config.h"
#include "newsletter/store/list.h"
#include "newsletter/template/theme.h"

#include <jansson.h>

/* All is borrowed. Texts hold markers. */
struct nl_issue_parts {
    const struct nl_list *list;
    const struct nl_config *config;
    const struct nl_frontmatter *front;
    const struct nl_theme *theme;
    const struct nl_identity *identity; /* in the design of the issue */
    const char *subject, *preheader;
    const char *slug;    /* of the issue */
    const char *web_url; /* "" for none */
};

/* Makes the data, except the body. The attachments must be among `enclosures`; a logo becomes one
 * of them. The caller owns *out, also after a failure. */
enum nl_status nl_issue_data(const struct nl_issue_parts *parts, struct nl_slots *slots,
                             struct nl_enclosures *enclosures, json_t **out, struct nl_error *err);

#endif
