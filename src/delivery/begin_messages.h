/* The way of messages from the backlog to connections. */
#ifndef NL_DELIVERY_BEGIN_MESSAGES_H
#define NL_DELIVERY_BEGIN_MESSAGES_H

#include "delivery/in_flight.h"
#include "newsletter/base/attribute.h"

/* Begins as many messages as connections and limits allow, and opens further connections. */
NL_CHECKED enum nl_status nl_begin_messages(struct run *run) NL_ALL_NONNULL;

#endif
