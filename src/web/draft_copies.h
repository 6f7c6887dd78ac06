/* Test mails of a draft, by whatever door somebody asks for them. */
#ifndef NL_WEB_DRAFT_COPIES_H
#define NL_WEB_DRAFT_COPIES_H

#include "newsletter/service/drafts.h"
#include "web/staff_common.h"

/* Hands a copy of each edition over to be sent to `address`, or to a proof group of that name;
 * `who` is told what came of it. NL_DATA for an invalid address, or a draft with errors, and
 * where no mail is sent. */
NL_CHECKED enum nl_status nl_draft_copies_send(struct nl_staff *staff,
                                               const struct nl_draft_composed *composed,
                                               const char *who, const char *address,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
