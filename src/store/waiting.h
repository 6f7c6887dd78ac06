/* How many messages wait for their turn, as SQL. */
#ifndef NL_STORE_WAITING_H
#define NL_STORE_WAITING_H

/* The count is over all issues that are being sent. At one message a second, the lowest rate that
 * there is, it is also the longest time, in seconds, that a message waits because of a rate. */
#define NL_ISSUES_WAITING                                                                          \
    "SELECT CAST(coalesce(sum(t.waiting + t.deferred), 0) AS BIGINT) "                             \
    "FROM issue_total t JOIN issue i ON i.id = t.issue WHERE i.state IN ('sending', 'paused')"

#endif
