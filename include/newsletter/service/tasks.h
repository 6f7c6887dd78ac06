/* Imports and exports that wait are done here, by one process at a time. One whose process was
 * killed goes on in the next pass: an import counts as a whole or not at all. */
#ifndef NEWSLETTER_SERVICE_TASKS_H
#define NEWSLETTER_SERVICE_TASKS_H

#include "newsletter/service/office.h"

#include <signal.h>

/* Members of the facts of imports and exports for pages only, in the form of nl_error_keep: why it
 * failed, and an array of what else was noticed. */
#define NL_TASK_PROBLEM_PARTS "problem_parts"
#define NL_TASK_NOTE_PARTS "note_parts"

/* An option of an import: the language in which a page is told why rows cannot be used. */
#define NL_TASK_REASONS "reasons"

/* Does all that waits, and removes what has ended a day ago. `second` is another connection to the
 * database. Once *stop is not 0 it returns soon; what is not done then is done by the next pass. */
NL_CHECKED enum nl_status nl_office_tasks_pass(const struct nl_office *office,
                                               struct nl_store *second,
                                               const volatile sig_atomic_t *stop,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
