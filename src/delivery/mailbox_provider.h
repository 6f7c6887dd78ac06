/* Large mailbox providers, as mailbox_providers.txt describes them. */
#ifndef NL_DELIVERY_MAILBOX_PROVIDER_H
#define NL_DELIVERY_MAILBOX_PROVIDER_H

#include "newsletter/base/attribute.h"
#include "newsletter/config/config.h"

#include <stdbool.h>
#include <stdint.h>

struct nl_mailbox_provider {
    char name[16];
    int64_t connections; /* at once */
    int64_t messages;    /* on each; 0: any number */
    int64_t per_minute;  /* messages from one address; 0: any number */
    int64_t per_hour;
};

/* The provider that a mail host belongs to; false for one that is not known. */
bool nl_mailbox_provider_find(const char *host, struct nl_mailbox_provider *out) NL_ALL_NONNULL;

/* The limits of the provider that a mail host belongs to, where the configuration has others those.
 * A host that is not known has those of "other", with `connections` at once. */
void nl_mailbox_provider_limits(const char *host, const struct nl_config *config,
                                struct nl_mailbox_provider *out) NL_ALL_NONNULL;

/* How many messages a provider gets on a day of a warm-up, the first one being 0; -1 when the plan
 * is over. */
int64_t nl_mailbox_provider_warm_up(const char *name, int64_t day,
                                    const struct nl_config *config) NL_ALL_NONNULL;

/* The meaning of a refusal, whatever its code says (mailbox_providers.txt): by the words of a known
 * provider, and by those that every server may use. */
enum nl_provider_meaning {
    NL_PROVIDER_AS_CODED, /* nothing else is known of it */
    NL_PROVIDER_SLOWER,   /* we send too much at once */
    NL_PROVIDER_BLOCKED,  /* we are refused, for any recipient */
    NL_PROVIDER_ADDRESS,  /* the address that we come from is refused, for any recipient */
};

/* The meaning of a reply of a mail host: its code, its enhanced code ("" for none) and its text. */
enum nl_provider_meaning nl_mailbox_provider_meaning(const char *host, int code, const char *status,
                                                     const char *text) NL_ALL_NONNULL;

#endif
