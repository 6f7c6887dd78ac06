/* Large mailbox providers, as mailbox_providers.txt describes them. */
#ifndef NL_DELIVERY_MAILBOX_PROVIDER_H
#define NL_DELIVERY_MAILBOX_PROVIDER_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>
#include <stdint.h>

struct nl_mailbox_provider {
    char name[16];
    int64_t connections; /* at once */
    int64_t messages;    /* on each; 0: any number */
};

/* The provider that a mail host belongs to; false for one that is not known. */
bool nl_mailbox_provider_find(const char *host, struct nl_mailbox_provider *out) NL_ALL_NONNULL;

#endif
