/* Test copies, which a thread sends: a mail server that does not answer keeps nobody waiting. */
#ifndef NL_WEB_COPY_WORKER_H
#define NL_WEB_COPY_WORKER_H

#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"
#include "newsletter/config/config.h"
#include "newsletter/smtp/relay.h"

struct nl_copies;

/* Starts the thread. `config` and `relay` must outlive it. Free with nl_copies_free. */
NL_CHECKED enum nl_status nl_copies_new(const struct nl_config *config,
                                        const struct nl_relay *relay, struct nl_copies **out,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Hands a message over, which is taken from `message`; `sender` is the envelope's, `who` is told
 * what came of it. NL_BUSY where too many wait. */
NL_CHECKED enum nl_status nl_copies_send(struct nl_copies *copies, const char *who,
                                         const char *sender, const char *to, struct nl_buf *message,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Appends what came of the last copy that an account sent, in the language of the catalog; nothing
 * where it has sent none, and
 * "..." while it is on its way. */
void nl_copies_tell(struct nl_copies *copies, const char *who, const struct nl_catalog *catalog,
                    struct nl_buf *out) NL_ALL_NONNULL;

/* Finishes the copy in hand, then ends the thread. NULL is harmless. */
void nl_copies_free(struct nl_copies *copies);

#endif
