/* The places of bounces: folders on disk and mailboxes on servers, read one message at a time. */
#ifndef NEWSLETTER_INBOUND_MAILBOX_H
#define NEWSLETTER_INBOUND_MAILBOX_H

#include "newsletter/base/error.h"
#include "newsletter/config/config.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes a message and says whether it was understood; when it fails the message stays where it is
 * and the reading ends. */
struct nl_visitor {
    enum nl_status (*message)(const char *data, size_t len, bool *understood, void *ctx,
                              struct nl_error *err);
    /* Makes sure that what was taken stays taken, before messages move; may be NULL. */
    enum nl_status (*settle)(void *ctx, struct nl_error *err);
    void *ctx;
    bool leave;                        /* nothing moves */
    const volatile sig_atomic_t *stop; /* becomes non-zero: end after this message; may be NULL */
};

/* One file that holds one message, or an mbox (RFC 4155), which is left as it is. */
NL_CHECKED enum nl_status nl_mailbox_file(const char *path, const struct nl_visitor *visitor,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* A folder: of a Maildir the messages in new and cur, which then move to the folders .Processed and
 * .Unknown within it; of any other the files, which stay. */
NL_CHECKED enum nl_status nl_mailbox_folder(const char *path, const struct nl_visitor *visitor,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Either, by what lies at `path`. */
NL_CHECKED enum nl_status nl_mailbox_path(const char *path, const struct nl_visitor *visitor,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* The mailbox that the configuration's `fetch` names. `password` is NULL where there is none. By
 * IMAP, messages move to the folders `processed` and `unknown`; by POP3 they are deleted once the
 * visitor has taken them. */
NL_CHECKED enum nl_status nl_mailbox_fetch(const struct nl_config *config, const char *password,
                                           const struct nl_visitor *visitor, struct nl_error *err)
    NL_NONNULL(1, 3, 4);

#endif
