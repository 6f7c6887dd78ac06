/* Asking others to approve an issue before it goes out. */
#ifndef NEWSLETTER_STORE_APPROVAL_H
#define NEWSLETTER_STORE_APPROVAL_H

#include "newsletter/store/draft_issue.h"

/* The longest words of one person (bytes), and how many words one question gathers. */
enum { NL_APPROVAL_WORDS = 4000, NL_APPROVAL_WORDS_COUNT = 500 };

enum nl_approval_state {
    NL_APPROVAL_NONE, /* nobody was asked */
    NL_APPROVAL_OPEN,
    NL_APPROVAL_APPROVED,
    NL_APPROVAL_RETURNED,
    NL_APPROVAL_WITHDRAWN, /* the draft was changed after that */
};
extern const char *const nl_approval_states[]; /* their names, NULL at the end */

/* The last question about a draft. Zero-initialise; free with nl_approval_free. */
struct nl_approval {
    int64_t id; /* 0: nobody was asked */
    enum nl_approval_state state;
    char *seal, *asked_by, *words;
    int64_t asked_at;
    int64_t given; /* approvals, by as many accounts */
};
void nl_approval_free(struct nl_approval *approval);
NL_CHECKED enum nl_status nl_approval_read(struct nl_store *store, int64_t draft,
                                           struct nl_approval *out,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Asks; an earlier question ends. The texts are kept, to be compared with later ones. NL_DATA for a
 * draft without texts, NL_EXISTS for one that is sent, or is approved and unchanged. */
NL_CHECKED enum nl_status nl_approval_ask(struct nl_store *store, int64_t draft, const char *words,
                                          const struct nl_actor *by,
                                          struct nl_error *err) NL_ALL_NONNULL;

enum nl_approval_kind { NL_APPROVAL_APPROVE, NL_APPROVAL_RETURN, NL_APPROVAL_COMMENT };
extern const char *const nl_approval_kinds[]; /* "approve", "return", "comment", NULL */

/* An answer. */
struct nl_approval_answer {
    int64_t draft;
    enum nl_approval_kind kind;
    const char *seal;    /* of the draft that was looked at */
    const char *passage; /* the part of the text that a comment is about; NULL or "": all of it */
    const char *words;   /* needed for a comment and a return */
    int64_t needed;      /* approvals */
    bool own;            /* also by those who have asked or written it */
    const struct nl_actor *by;
};

/* NL_EXISTS where the question is no longer open or the draft has changed, NL_DATA where one may
 * not approve it, or has, and for words that are missing or too long. */
NL_CHECKED enum nl_status nl_approval_answer(struct nl_store *store,
                                             const struct nl_approval_answer *answer,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Whether a draft with this seal has as many approvals, in the caller's transaction. */
NL_CHECKED enum nl_status nl_approval_holds(struct nl_store *store, int64_t draft,
                                            const struct nl_draft_seal *seal, int64_t needed,
                                            bool *holds, struct nl_error *err) NL_ALL_NONNULL;

/* One of the words of the last question. Borrowed for the time of a call. */
struct nl_approval_word {
    int64_t at;
    const char *author, *kind, *passage, *words; /* passage may be NULL */
};
NL_CHECKED enum nl_status nl_approval_words(
    struct nl_store *store, int64_t approval,
    enum nl_status (*each)(const struct nl_approval_word *word, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

/* Appends the text of a language that was approved last, before the question that is open; nothing
 * where none was. */
NL_CHECKED enum nl_status nl_approval_last_text(struct nl_store *store, int64_t draft,
                                                const char *language, struct nl_buf *out,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
