/* Trying two subjects, as the files that make issues need it. */
#ifndef NL_STORE_SUBJECT_TEST_ROW_H
#define NL_STORE_SUBJECT_TEST_ROW_H

#include "newsletter/store/issue.h"

/* Records how the subjects of a new issue are to be tried. */
NL_CHECKED enum nl_status nl_subject_test_add(struct nl_store *store, int64_t issue,
                                              const struct nl_subject_plan *plan,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* The canary is over, and the sample of the subjects gets them now: the wait counts from here. */
NL_CHECKED enum nl_status nl_subject_test_begin_again(struct nl_store *store, int64_t issue,
                                                      struct nl_error *err) NL_ALL_NONNULL;

/* For an issue whose deliveries are about to be made: sets the time of the decision. Does nothing
 * without a test. Within the caller's transaction. */
NL_CHECKED enum nl_status nl_subject_test_begin(struct nl_store *store, int64_t issue,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
