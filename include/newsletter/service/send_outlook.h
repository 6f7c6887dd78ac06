/* The outlook of an issue that is about to go out: the people of each language, and what holds it
 * back. */
#ifndef NEWSLETTER_SERVICE_SEND_OUTLOOK_H
#define NEWSLETTER_SERVICE_SEND_OUTLOOK_H

#include "newsletter/service/draft_send.h"

/* Sets plan->languages, [{language, people}], in the order of the editions, by the `count` of the
 * audience (nl_office_audience_count); plan->without_zone; plan->zones, [{zone, people}], the
 * largest first; and
 * plan->holds, an array of objects of which each has one of these members, next to what it tells:
 *
 * - quiet {until}: quiet hours at that time, until then (Unix seconds)
 *
 * - warm_up {left}: how many messages are left of this day's share
 *
 * - rate {per_second}: a limit for all messages
 *
 * - domains {count}: how many domains have limits of their own
 *
 * - ahead {messages}: messages of issues that are being sent, which come first
 *
 * - paused {title, id}: an issue of this list that is paused, and has not reached everybody
 *
 * - stopped {title, id, why}: an issue of any list that has stopped by itself, such as by the
 *   circuit breaker, since the relay refuses us
 *
 * - earlier {title, id, at}: an issue of this list that waits, for a time before this one
 *
 * - later {title, id, at}: the same, for a time after it: it would come out of its order
 *
 * - retry {hours}: nothing has started what is due for so long; -1: never
 *
 * - replies {code, text, messages}: the relay has deferred messages with this reply within the last
 *   hour; code null where the connection broke
 *
 * - doctor {error, text}: a finding of `newsletter doctor` that takes no time to find
 *
 * - embargo {until}: it is not to be published before that time, which is after its sending
 *
 * - approval {given, needed, asked}: approvals are missing
 *
 * - suppressed {people}, unconfirmed {people}: of the audience, they do not get it */
NL_CHECKED enum nl_status nl_send_outlook(const struct nl_office *office, int64_t draft,
                                          const struct nl_segment *segment, const json_t *count,
                                          struct nl_draft_plan *plan, struct nl_error *err)
    NL_NONNULL(1, 4, 5, 6);

#endif
