/* An archive as the website shows it: with its addresses, in the visitor's language. */
#ifndef NL_WEB_ARCHIVE_LINK_H
#define NL_WEB_ARCHIVE_LINK_H

#include "newsletter/archive/archive.h"
#include "web/page.h"

/* Zero-initialise; close with nl_site_archive_close. */
struct nl_site_archive {
    struct nl_archive archive; /* borrows from the rest */
    struct nl_buf url, join, action, home;
    char language[NL_LANGUAGE_TAG];
};

/* `list` (borrowed) is NULL for a page about none or several. */
enum nl_status nl_site_archive_open(struct nl_site *site, const struct nl_request *request,
                                    const struct nl_list *list, struct nl_site_archive *out,
                                    struct nl_error *err);
void nl_site_archive_close(struct nl_site_archive *archive);

#endif
