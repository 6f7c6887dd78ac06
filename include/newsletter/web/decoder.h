/* Decodes photos and Outlook's mails for the page "Is this bulletin ours?", in a thread. */
#ifndef NEWSLETTER_WEB_DECODER_H
#define NEWSLETTER_WEB_DECODER_H

#include "newsletter/base/error.h"
#include "newsletter/config/config.h"

struct nl_decoder;

/* `config` must outlive it. Free with nl_decoder_free. */
struct nl_decoder *nl_decoder_new(const struct nl_config *config) NL_ALL_NONNULL;

/* Starts the thread, which calls `wake` after each file, so that the server asks for it. */
NL_CHECKED enum nl_status nl_decoder_start(struct nl_decoder *decoder, void (*wake)(void *ctx),
                                           void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Ends the thread after the file in hand. Before the server is freed; nl_decoder_free is for after
 * that. NULL is harmless for both. */
void nl_decoder_stop(struct nl_decoder *decoder);
void nl_decoder_free(struct nl_decoder *decoder);

#endif
