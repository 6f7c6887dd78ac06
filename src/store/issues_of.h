/* The deliveries of one subscription. Deliveries have no index by subscription, as each message
 * would pay for it: there is one of notices, and one by issue, so the issues of the list are gone
 * through. A cross join keeps this order (SQLite). */
#ifndef NL_STORE_ISSUES_OF_H
#define NL_STORE_ISSUES_OF_H

/* Whether subscription `s`, the name of a table in the query, has a delivery of an issue. */
#define NL_GOT_AN_ISSUE(s)                                                                         \
    "EXISTS (SELECT 1 FROM issue i CROSS JOIN delivery d WHERE i.list = " s                        \
    ".list AND d.issue = i.id AND d.subscription = " s ".id)"

/* The numbers of all its deliveries. */
#define NL_DELIVERIES_OF(subscription, list)                                                       \
    "(SELECT id FROM delivery WHERE subscription = " subscription                                  \
    " AND issue IS NULL UNION ALL SELECT d.id FROM issue i CROSS JOIN delivery d WHERE i.list "    \
    "= " list " AND d.issue = i.id AND d.subscription = " subscription ")"

#endif
