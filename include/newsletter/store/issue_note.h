/* The signed notes of issues: what the office has written, for those who ask whether a text is its
 * own. */
#ifndef NEWSLETTER_STORE_ISSUE_NOTE_H
#define NEWSLETTER_STORE_ISSUE_NOTE_H

#include "newsletter/store/issue.h"

/* Keeps the notes of a new issue, within the transaction that makes it. Nothing where it has none.
 */
NL_CHECKED enum nl_status nl_issue_notes_add(struct nl_store *store, const struct nl_issue *issue,
                                             struct nl_error *err) NL_ALL_NONNULL;

typedef enum nl_status nl_issue_note_visit(const char *note, void *ctx, struct nl_error *err);

/* Calls `each` for the note of every language of an issue, the newest issue first, which have this
 * reference number. `open`: only issues that the public may read now, on lists that are not secret.
 */
NL_CHECKED enum nl_status nl_issue_notes_of_reference(struct nl_store *store, const char *reference,
                                                      bool open, nl_issue_note_visit *each,
                                                      void *ctx, struct nl_error *err)
    NL_NONNULL(1, 2, 4, 6);

/* The same for the issues that share most passages with a text: a few of them. */
NL_CHECKED enum nl_status
nl_issue_notes_of_passages(struct nl_store *store, const int64_t *passages, size_t count, bool open,
                           nl_issue_note_visit *each, void *ctx, struct nl_error *err)
    NL_NONNULL(1, 5, 7);

/* Appends the note of an issue in one of its languages, and its reference number (NULL: not asked
 * for). Nothing where it was not signed. */
NL_CHECKED enum nl_status nl_issue_note_read(struct nl_store *store, int64_t issue,
                                             const char *language, struct nl_buf *note,
                                             struct nl_buf *reference, struct nl_error *err)
    NL_NONNULL(1, 3, 4, 6);

#endif
