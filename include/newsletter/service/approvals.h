/* Approving: an issue that is being written is shown to others, who say yes or return it, before it
 * may be sent. All functions need office->by, and leave rights to the doors: asking wants
 * NL_POWER_WRITE, answering NL_POWER_APPROVE. */
#ifndef NEWSLETTER_SERVICE_APPROVALS_H
#define NEWSLETTER_SERVICE_APPROVALS_H

#include "newsletter/service/office.h"
#include "newsletter/store/approval.h"

/* Asks for approval, and queues a mail to each account that may approve on the list and has an
 * address, except the one that asks. NL_DATA, NL_EXISTS, NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_approval_ask(const struct nl_office *office, int64_t draft,
                                                 const char *words,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* An answer: yes, a return with words, or a comment on a passage. `seal` is that of the draft that
 * was looked at. The one who asked is told by mail of what settles it. As nl_approval_answer. */
struct nl_office_answer {
    int64_t draft;
    enum nl_approval_kind kind;
    const char *seal, *passage, *words;
};
NL_CHECKED enum nl_status nl_office_approval_answer(const struct nl_office *office,
                                                    const struct nl_office_answer *answer,
                                                    struct nl_error *err) NL_ALL_NONNULL;

/* How it stands, as an object that the caller frees: needed, given, state ("none", "open",
 * "approved", "returned", "withdrawn"), seal (of the draft now), asked_by, asked_at, words, said
 * (objects: at, author, kind, passage, words). NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_approval_read(const struct nl_office *office, int64_t draft,
                                                  json_t **out,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* How the version that was approved last became the present text of a language: as
 * nl_draft_difference, by paragraph. *before is false where none was approved. */
NL_CHECKED enum nl_status nl_office_approval_difference(const struct nl_office *office,
                                                        int64_t draft, const char *language,
                                                        const char *present, bool *before,
                                                        json_t **out,
                                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
