#include "proof/approvals_held.h"

#include "newsletter/store/ledger_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- entering ---- */

/* 1 time, 2 draft, 3 issue, 4 question, 5 word, 6 step, 7 state, 8 seal, 9 texts, 10 who */
enum { AT = 1, DRAFT, ISSUE, QUESTION, WORD, STEP, STATE, SEAL, TEXTS, WHO };

static void copy_text(const struct nl_entry *entry, size_t at, char *out, size_t room) {
    const struct nl_cbor_item *item = &entry->items[at];
    bool fits = at < entry->count && item->kind == NL_CBOR_TEXT && item->len < room;
    if (fits)
        memcpy(out, item->data, item->len);
    out[fits ? item->len : 0] = '\0';
}

static void copy_digest(const struct nl_entry *entry, size_t at, unsigned char out[NL_DIGEST_LEN]) {
    const unsigned char *digest = nl_entry_digest(entry, at);
    if (digest != NULL)
        memcpy(out, digest, NL_DIGEST_LEN);
}

/* "3 7 rows came before" */
static void enter_older(struct nl_books *books, const struct nl_entry *entry) {
    char words[128];
    char *end = NULL;
    copy_text(entry, 1, words, sizeof words);
    books->last_approval = strtoll(words, &end, 10);
    books->last_approval_word = strtoll(end, NULL, 10);
}

static void enter_word(struct nl_books *books, const struct nl_entry *entry) {
    struct nl_booked_word *word =
        nl_numbered_put(&books->approval_words, nl_entry_number(entry, WORD));
    *word = (struct nl_booked_word){.approval = nl_entry_number(entry, QUESTION),
                                    .at = nl_entry_number(entry, AT)};
    copy_text(entry, STEP, word->kind, sizeof word->kind);
    copy_digest(entry, WHO, word->who);
}

/* An issue was made of what had been approved. */
static void check_issue(struct nl_books *books, const struct nl_entry *entry) {
    int64_t question = nl_entry_number(entry, QUESTION);
    const struct nl_booked_approval *booked = nl_numbered_find(&books->approvals, question);
    if (booked == NULL && question <= books->last_approval)
        return;
    if (booked == NULL || booked->gone || strcmp(booked->state, "approved") != 0 ||
        (booked->asked && !nl_entry_is(entry, SEAL, booked->seal)))
        nl_books_fault(books, "approval",
                       "issue %" PRId64 " was made of a version that nobody had approved",
                       nl_entry_number(entry, ISSUE));
}

static void enter_step(struct nl_books *books, const struct nl_entry *entry) {
    bool asks = nl_entry_is(entry, STEP, "ask");
    struct nl_booked_approval *booked =
        nl_numbered_put(&books->approvals, nl_entry_number(entry, QUESTION));
    if (asks) { /* the number may have been that of another one, whose draft is gone */
        *booked = (struct nl_booked_approval){.asked = true, .at = nl_entry_number(entry, AT)};
        copy_digest(entry, WHO, booked->who);
        copy_digest(entry, TEXTS, booked->texts);
    }
    booked->draft = nl_entry_number(entry, DRAFT);
    copy_text(entry, STATE, booked->state, sizeof booked->state);
    copy_text(entry, SEAL, booked->seal, sizeof booked->seal);
    if (nl_entry_number(entry, WORD) != 0)
        enter_word(books, entry);
}

static void enter_removed(struct nl_books *books, int64_t draft) {
    struct nl_booked_approval *booked = NULL;
    struct nl_booked_word *word = NULL;
    int64_t id = 0;
    for (size_t at = 0; (booked = nl_numbered_next(&books->approvals, &at, &id)) != NULL;)
        booked->gone = booked->gone || booked->draft == draft;
    for (size_t at = 0; (word = nl_numbered_next(&books->approval_words, &at, &id)) != NULL;) {
        booked = nl_numbered_find(&books->approvals, word->approval);
        word->gone = word->gone || (booked != NULL && booked->gone);
    }
}

void nl_approvals_enter(struct nl_books *books, const struct nl_entry *entry) {
    if (entry->kind == NL_LEDGER_REMOVED && nl_entry_is(entry, 2, "draft"))
        enter_removed(books, nl_entry_number(entry, 3));
    if (entry->kind != NL_LEDGER_APPROVAL)
        return;
    if (entry->items[1].kind == NL_CBOR_TEXT)
        enter_older(books, entry);
    else if (nl_entry_is(entry, STEP, "issue"))
        check_issue(books, entry);
    else
        enter_step(books, entry);
}

/* ---- comparing ---- */

/* The texts of one question, gathered row by row. */
struct comparing {
    struct nl_books *books;
    int64_t question; /* 0: none yet */
    struct nl_buf texts;
};

static bool commits(const unsigned char *key, const char *const words[3],
                    const unsigned char digest[NL_DIGEST_LEN]) {
    struct nl_buf items = {0};
    unsigned char found[NL_DIGEST_LEN] = {0};
    for (int i = 0; i < 3; i++)
        nl_cbor_add_text(&items, words[i]);
    if (key != NULL)
        nl_ledger_commit(key, &items, found);
    nl_buf_free(&items);
    return key != NULL && memcmp(found, digest, sizeof found) == 0;
}

/* An older question whose later steps are in the ledger has its state there, and its seal. */
static const char *fault_of(const struct nl_approval_row *row,
                            const struct nl_booked_approval *booked) {
    const char *const words[] = {row->name, NULL, row->words};
    if (booked->gone)
        return "was removed by the ledger";
    if (strcmp(booked->state, row->state) != 0)
        return "is in another state than in the ledger";
    if (strcmp(booked->seal, row->seal) != 0 || booked->draft != row->draft)
        return "is about another version than in the ledger";
    return booked->asked && (booked->at != row->at || !commits(row->key, words, booked->who))
               ? "was asked by somebody else than in the ledger"
               : NULL;
}

static enum nl_status compare_question(const struct nl_approval_row *row, void *ctx,
                                       struct nl_error *err) {
    struct comparing *comparing = ctx;
    struct nl_books *books = comparing->books;
    struct nl_booked_approval *booked = nl_numbered_find(&books->approvals, row->id);
    (void)err;
    if (booked == NULL) {
        if (!nl_books_before(books, row->id, books->last_approval))
            nl_books_fault(books, "approval", "approval %" PRId64 " (%s) is not in the ledger",
                           row->id, row->state);
        return NL_OK;
    }
    booked->seen = true;
    const char *fault = fault_of(row, booked);
    if (fault != NULL)
        nl_books_fault(books, "approval", "approval %" PRId64 " (%s) %s", row->id, row->state,
                       fault);
    books->audit->approvals += fault == NULL;
    return NL_OK;
}

static enum nl_status compare_word(const struct nl_approval_word_row *row, void *ctx,
                                   struct nl_error *err) {
    struct comparing *comparing = ctx;
    struct nl_books *books = comparing->books;
    const char *const words[] = {row->name, row->passage, row->words};
    struct nl_booked_word *booked = nl_numbered_find(&books->approval_words, row->id);
    (void)err;
    if (booked == NULL) {
        if (!nl_books_before(books, row->id, books->last_approval_word))
            nl_books_fault(books, "approval",
                           "answer %" PRId64 " (%s) to approval %" PRId64 " is not in the ledger",
                           row->id, row->kind, row->approval);
        return NL_OK;
    }
    booked->seen = true;
    bool holds = !booked->gone && booked->approval == row->approval && booked->at == row->at &&
                 strcmp(booked->kind, row->kind) == 0 && commits(row->key, words, booked->who);
    if (!holds)
        nl_books_fault(books, "approval",
                       "answer %" PRId64 " (%s) to approval %" PRId64 " differs from the ledger",
                       row->id, row->kind, row->approval);
    books->audit->approvals += holds;
    return NL_OK;
}

static void end_texts(struct comparing *comparing) {
    unsigned char digest[NL_DIGEST_LEN];
    struct nl_booked_approval *booked =
        nl_numbered_find(&comparing->books->approvals, comparing->question);
    nl_digest(nl_buf_text(&comparing->texts), comparing->texts.len, digest);
    if (booked != NULL)
        booked->texts_seen = true;
    if (booked != NULL && booked->asked && memcmp(digest, booked->texts, sizeof digest) != 0)
        nl_books_fault(comparing->books, "approval",
                       "the texts of approval %" PRId64 " differ from the ledger",
                       comparing->question);
    comparing->texts.len = 0;
}

static enum nl_status compare_text(const struct nl_approval_text_row *row, void *ctx,
                                   struct nl_error *err) {
    (void)err;
    struct comparing *comparing = ctx;
    if (row->approval != comparing->question)
        end_texts(comparing);
    comparing->question = row->approval;
    nl_cbor_add_text(&comparing->texts, row->language);
    nl_cbor_add_text(&comparing->texts, row->source);
    return NL_OK;
}

static void find_missing(struct nl_books *books) {
    const struct nl_booked_approval *booked = NULL;
    const struct nl_booked_word *word = NULL;
    int64_t id = 0;
    for (size_t at = 0; (booked = nl_numbered_next(&books->approvals, &at, &id)) != NULL;)
        if (!booked->seen && !booked->gone)
            nl_books_fault(books, "approval",
                           "approval %" PRId64 " of the ledger is not in the database", id);
        else if (booked->asked && !booked->gone && !booked->texts_seen)
            nl_books_fault(books, "approval",
                           "the texts of approval %" PRId64 " are not in the database", id);
    for (size_t at = 0; (word = nl_numbered_next(&books->approval_words, &at, &id)) != NULL;)
        if (!word->seen && !word->gone)
            nl_books_fault(books, "approval",
                           "answer %" PRId64 " of the ledger is not in the database", id);
}

enum nl_status nl_approvals_compare(struct nl_books *books, struct nl_store *store,
                                    struct nl_error *err) {
    struct comparing comparing = {.books = books};
    const struct nl_approval_visits visits = {compare_question, compare_word, compare_text,
                                              &comparing};
    enum nl_status status = nl_ledger_each_approval(store, &visits, err);
    if (status == NL_OK) {
        end_texts(&comparing);
        find_missing(books);
    }
    nl_buf_free(&comparing.texts);
    return status;
}
