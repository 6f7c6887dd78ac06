/* The table of patterns, compiled. */
#ifndef NL_INBOUND_PATTERNS_H
#define NL_INBOUND_PATTERNS_H

#include "newsletter/inbound/bounce.h"

enum nl_rule {
    NL_RULE_DAEMON,
    NL_RULE_SUBJECT,
    NL_RULE_AWAY,
    NL_RULE_DELAYED,
    NL_RULE_INTRO,
    NL_RULE_LINE,
    NL_RULE_NOISE,
    NL_RULE_END,
    NL_RULE_REASON,
    NL_RULE_STATUS,
    NL_RULE_HINT,
    NL_RULES
};

/* Whether any expression of that sort is found in `text`. Bounded in time: an expression that takes
 * too many steps is taken not to match. */
bool nl_patterns_match(const struct nl_bounce_reader *reader, enum nl_rule rule, const char *text);

/* The first reason of that sort (NL_RULE_REASON, NL_RULE_STATUS, NL_RULE_HINT) that is found, or
 * NULL. */
const char *nl_patterns_reason(const struct nl_bounce_reader *reader, enum nl_rule rule,
                               const char *text);

/* Whether failing for `reason` says that the address is dead. */
bool nl_patterns_is_hard(const struct nl_bounce_reader *reader, const char *reason);

#endif
