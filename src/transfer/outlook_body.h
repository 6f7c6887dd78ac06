/* The bodies of a mail that Outlook has saved. */
#ifndef NL_TRANSFER_OUTLOOK_BODY_H
#define NL_TRANSFER_OUTLOOK_BODY_H

#include "transfer/outlook_store.h"

/* The plain text, the HTML in two ways, and what is wrapped in RTF. */
enum { NL_OUTLOOK_BODIES = 4 };

struct nl_outlook_body {
    bool html;
    struct nl_buf text; /* in UTF-8 */
};

/* Free with nl_outlook_bodies_free, also after a failure. */
struct nl_outlook_bodies {
    struct nl_outlook_body items[NL_OUTLOOK_BODIES];
    size_t count;
};

/* Reads all that the mail has: programs show either. NL_DATA for one that is broken. */
NL_CHECKED enum nl_status nl_outlook_bodies_read(const struct nl_storage *mail,
                                                 struct nl_outlook_bodies *out,
                                                 struct nl_error *err) NL_ALL_NONNULL;
void nl_outlook_bodies_free(struct nl_outlook_bodies *bodies) NL_ALL_NONNULL;

#endif
