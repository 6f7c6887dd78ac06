/* Checks of an issue before it is sent: it looks for faults that get mail rejected, filtered or cut
 * off. */
#ifndef NEWSLETTER_BULLETIN_CHECK_H
#define NEWSLETTER_BULLETIN_CHECK_H

#include "newsletter/base/finding.h"
#include "newsletter/bulletin/bulletin.h"

/* Bytes of HTML; Gmail shows no more and hides the rest, the unsubscribe link included. */
enum { NL_CLIP_SIZE = 102 * 1024 };

/* Checks a composed issue, its list and the configuration: size, subject, links, images, sender and
 * authentication, by the rules that the large mailbox providers have for bulk senders. Uses no
 * network. */
NL_CHECKED enum nl_status nl_bulletin_check(const struct nl_bulletin *bulletin,
                                            const struct nl_list *list,
                                            const struct nl_config *config, struct nl_findings *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Adds a warning for each attribute that the issue asks for and no subscriber has: a mistyped name
 * would leave a gap in every mail. */
NL_CHECKED enum nl_status nl_bulletin_check_attributes(const struct nl_bulletin *bulletin,
                                                       struct nl_store *store,
                                                       struct nl_findings *out,
                                                       struct nl_error *err) NL_ALL_NONNULL;

#endif
