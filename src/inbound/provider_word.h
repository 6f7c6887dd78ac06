/* The words by which providers sort what happened: "MailboxFull", "suppress-bounce". */
#ifndef NL_INBOUND_PROVIDER_WORD_H
#define NL_INBOUND_PROVIDER_WORD_H

#include "newsletter/base/buf.h"
#include "newsletter/inbound/bounce.h"

/* The kind that the name of an event stands for, NL_BOUNCE_SOFT where it is as the words say;
 * NL_BOUNCE_AUTO_REPLY for what is not a failure. */
enum nl_bounce_kind nl_provider_event_kind(const char *event) NL_ALL_NONNULL;

/* The kind that such a word says by itself: NL_BOUNCE_HARD, NL_BOUNCE_COMPLAINT or
 * NL_BOUNCE_UNSUBSCRIBE; NL_BOUNCE_SOFT for what is to be judged as words are, or says nothing. */
enum nl_bounce_kind nl_provider_word_kind(const char *word) NL_ALL_NONNULL;

/* Appends the word as words: "Mailbox Full" for "MailboxFull" and "mailbox_full", and a plain
 * wording for those of which nobody could tell the meaning. */
void nl_provider_word_add(const char *word, struct nl_buf *out) NL_ALL_NONNULL;

#endif
