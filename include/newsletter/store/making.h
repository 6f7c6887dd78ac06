/* An issue for many people is made in parts: each is a transaction of its own that makes the
 * deliveries of at most NL_PART people. So others write in between, and the first message leaves at
 * once. The first part is made with the issue; a run makes the others while it sends
 * (nl_send_issue), and goes on where a crash has ended the last one. The audience is that of the
 * beginning: people who join later are not in the issue, people who leave before their part get
 * nothing. */
#ifndef NEWSLETTER_STORE_MAKING_H
#define NEWSLETTER_STORE_MAKING_H

#include "newsletter/db/handle.h"

enum { NL_PART = 2000 };

/* How far the deliveries of an issue are made. */
struct nl_making {
    bool unfinished;
    int64_t made;  /* so far */
    int64_t about; /* how many they will be, judged by the people who had their turn */
};
NL_CHECKED enum nl_status nl_making_read(struct nl_store *store, int64_t issue,
                                         struct nl_making *out,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Counts the people of an issue whose deliveries are still to be made. It reads all of them. */
NL_CHECKED enum nl_status nl_making_left(struct nl_store *store, int64_t issue, int64_t *people,
                                         struct nl_error *err) NL_ALL_NONNULL;

enum nl_part_result {
    NL_PART_NONE,  /* nothing is left to make, or the issue is not being sent */
    NL_PART_MADE,  /* there may be more */
    NL_PART_TAKEN, /* another process makes one at this moment */
};

/* Makes the next part of an issue that is being sent; or, once a subject has won, queues a part of
 * those who wait for it. Its own transaction. */
NL_CHECKED enum nl_status nl_making_next(struct nl_store *store, int64_t issue,
                                         enum nl_part_result *result,
                                         struct nl_error *err) NL_ALL_NONNULL;

#endif
