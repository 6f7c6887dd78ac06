#include "newsletter/store/approval.h"

#include "newsletter/base/catalog.h"
#include "newsletter/db/sql.h"
#include "store/approval_withdraw.h"
#include "store/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const nl_approval_states[] = {"none",     "open",      "approved",
                                          "returned", "withdrawn", NULL};
const char *const nl_approval_kinds[] = {"approve", "return", "comment", NULL};

void nl_approval_free(struct nl_approval *approval) {
    free(approval->seal);
    free(approval->asked_by);
    free(approval->words);
    *approval = (struct nl_approval){0};
}

enum nl_status nl_approval_read(struct nl_store *store, int64_t draft, struct nl_approval *out,
                                struct nl_error *err) {
    char state[16] = "";
    *out = (struct nl_approval){0};
    enum nl_status status = nl_sql_first(
        store, err, NULL,
        "SELECT a.id, a.state, a.seal, a.asked_by, a.words, a.asked_at, (SELECT count(DISTINCT "
        "author) FROM approval_word w WHERE w.approval = a.id AND w.kind = 'approve') FROM "
        "approval a WHERE a.draft = ? ORDER BY a.id DESC LIMIT 1",
        NL_VALUES(NL_INT(draft)),
        NL_COLUMNS(NL_INTO(&out->id), NL_INTO_FIXED(state, sizeof state), NL_INTO(&out->seal),
                   NL_INTO(&out->asked_by), NL_INTO(&out->words), NL_INTO(&out->asked_at),
                   NL_INTO(&out->given)));
    for (int i = 0; nl_approval_states[i] != NULL; i++)
        if (strcmp(nl_approval_states[i], state) == 0)
            out->state = (enum nl_approval_state)i;
    return status;
}

static enum nl_status note(struct nl_store *store, const struct nl_actor *by, const char *action,
                           int64_t draft, const char *detail, struct nl_error *err) {
    char object[32];
    snprintf(object, sizeof object, "draft %lld", (long long)draft);
    return by != NULL ? nl_audit_note(store, by, action, object, detail, err) : NL_OK;
}

/* The draft's row is written first: nobody saves to it before this transaction ends. */
static enum nl_status lock_draft(struct nl_store *store, int64_t draft, struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err, "UPDATE draft SET issue = issue WHERE id = ? AND issue IS NULL",
                   NL_VALUES(NL_INT(draft)));
    return status == NL_OK && nl_sql_changes(store) == 0
               ? nl_error_set(err, NL_EXISTS, NL_TEXT("this draft is planned, sent or removed"))
               : status;
}

/* ---- asking ---- */

struct asking {
    int64_t draft;
    const char *words;
    const struct nl_actor *by;
};

static enum nl_status keep_question(struct nl_store *store, const struct asking *asking,
                                    const char *seal, struct nl_error *err) {
    int64_t id = 0;
    enum nl_status status = nl_approval_end_open(store, asking->draft, asking->by->name, err);
    if (status == NL_OK)
        status = nl_sql_insert(store, err, &id,
                               "INSERT INTO approval (draft, seal, asked_at, asked_by, words, "
                               "state) VALUES (?, ?, ?, ?, ?, 'open')",
                               NL_VALUES(NL_INT(asking->draft), NL_STRING(seal),
                                         NL_INT(nl_store_now(store)), NL_STRING(asking->by->name),
                                         NL_STRING(asking->words)));
    if (status == NL_OK)
        status = nl_sql_run(
            store, err,
            "INSERT INTO approval_text (approval, language, source) SELECT CAST(?1 AS BIGINT), "
            "v.language, v.source FROM draft_version v WHERE v.id IN (SELECT max(id) FROM "
            "draft_version WHERE draft = ?2 GROUP BY language)",
            NL_VALUES(NL_INT(id), NL_INT(asking->draft)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_DATA, NL_TEXT("there is no text yet: write one first"));
    const struct nl_ledger_step step = {.name = "ask", .question = id};
    return status == NL_OK ? nl_ledger_approval(store, &step, err) : status;
}

static enum nl_status ask(struct nl_store *store, void *context, struct nl_error *err) {
    const struct asking *asking = context;
    struct nl_approval last = {0};
    struct nl_draft_seal seal;
    enum nl_status status = lock_draft(store, asking->draft, err);
    if (status == NL_OK)
        status = nl_draft_seal(store, asking->draft, &seal, err);
    if (status == NL_OK)
        status = nl_approval_read(store, asking->draft, &last, err);
    if (status == NL_OK && last.state == NL_APPROVAL_APPROVED && strcmp(last.seal, seal.text) == 0)
        status = nl_error_set(err, NL_EXISTS, NL_TEXT("this version is approved already"));
    if (status == NL_OK)
        status = keep_question(store, asking, seal.text, err);
    nl_approval_free(&last);
    return status == NL_OK
               ? note(store, asking->by, "approval ask", asking->draft, asking->words, err)
               : status;
}

static enum nl_status check_words(const char *words, struct nl_error *err) {
    return strlen(words) > NL_APPROVAL_WORDS
               ? nl_error_set(err, NL_DATA, NL_TEXT("that is too long: %d bytes at most"),
                              NL_APPROVAL_WORDS)
               : NL_OK;
}

enum nl_status nl_approval_ask(struct nl_store *store, int64_t draft, const char *words,
                               const struct nl_actor *by, struct nl_error *err) {
    struct asking asking = {draft, words, by};
    enum nl_status status = check_words(words, err);
    return status == NL_OK ? nl_sql_exclusive(store, ask, &asking, err) : status;
}

/* ---- answering ---- */

static enum nl_status refuse_own(struct nl_store *store, const struct nl_approval_answer *answer,
                                 const struct nl_approval *last, struct nl_error *err) {
    bool wrote = false;
    bool given = false;
    const char *who = answer->by->name;
    if (strcmp(answer->by->door, "api") == 0 && answer->by->token == NULL)
        return nl_error_set(err, NL_DATA, "this token has no owner who could approve: give it one");
    enum nl_status status =
        nl_sql_exists(store, err, &wrote,
                      "SELECT 1 FROM draft_version v WHERE v.author = ?2 AND v.id IN (SELECT "
                      "max(id) FROM draft_version WHERE draft = ?1 GROUP BY language)",
                      NL_VALUES(NL_INT(answer->draft), NL_STRING(who)));
    if (status == NL_OK)
        status = nl_sql_exists(store, err, &given,
                               "SELECT 1 FROM approval_word WHERE approval = ? AND author = ? AND "
                               "kind = 'approve'",
                               NL_VALUES(NL_INT(last->id), NL_STRING(who)));
    if (status == NL_OK && given)
        return nl_error_set(err, NL_DATA, NL_TEXT("you have approved this version already"));
    if (status == NL_OK && !answer->own && strcmp(who, last->asked_by) == 0)
        return nl_error_set(
            err, NL_DATA, NL_TEXT("you have asked for approval: somebody else has to approve it"));
    if (status == NL_OK && !answer->own && wrote)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("you have written the last version: somebody else has to approve it"));
    return status;
}

static enum nl_status check_answer(struct nl_store *store, const struct nl_approval_answer *answer,
                                   const struct nl_approval *last, struct nl_error *err) {
    struct nl_draft_seal seal;
    int64_t count = 0;
    if (last->state != NL_APPROVAL_OPEN &&
        !(last->state == NL_APPROVAL_APPROVED && answer->kind != NL_APPROVAL_APPROVE))
        return nl_error_set(err, NL_EXISTS, NL_TEXT("this is no longer asked for: look again"));
    enum nl_status status = nl_draft_seal(store, answer->draft, &seal, err);
    if (status == NL_OK &&
        (strcmp(seal.text, last->seal) != 0 || strcmp(seal.text, answer->seal) != 0))
        return nl_error_set(err, NL_EXISTS,
                            NL_TEXT("the issue has changed since you looked at it: look again"));
    if (status == NL_OK)
        status = nl_sql_number(store, err, &count, NULL,
                               "SELECT count(*) FROM approval_word WHERE approval = ?",
                               NL_VALUES(NL_INT(last->id)));
    if (status == NL_OK && count >= NL_APPROVAL_WORDS_COUNT)
        return nl_error_set(err, NL_DATA, "there are %d comments: ask for another approval",
                            NL_APPROVAL_WORDS_COUNT);
    return status == NL_OK && answer->kind == NL_APPROVAL_APPROVE
               ? refuse_own(store, answer, last, err)
               : status;
}

/* The state after an answer: as many approvals as are needed, or one return. */
static enum nl_status move_on(struct nl_store *store, const struct nl_approval_answer *answer,
                              const struct nl_approval *last, struct nl_error *err) {
    bool done = answer->kind == NL_APPROVAL_APPROVE && last->given + 1 >= answer->needed;
    const char *state = answer->kind == NL_APPROVAL_RETURN ? "returned" : done ? "approved" : NULL;
    return state != NULL ? nl_sql_run(store, err, "UPDATE approval SET state = ? WHERE id = ?",
                                      NL_VALUES(NL_STRING(state), NL_INT(last->id)))
                         : NL_OK;
}

static enum nl_status answer_in(struct nl_store *store, void *context, struct nl_error *err) {
    const struct nl_approval_answer *answer = context;
    const char *passage =
        answer->passage != NULL && answer->passage[0] != '\0' ? answer->passage : NULL;
    struct nl_approval last = {0};
    struct nl_ledger_step step = {.name = nl_approval_kinds[answer->kind]};
    char action[32];
    enum nl_status status = lock_draft(store, answer->draft, err);
    if (status == NL_OK)
        status = nl_approval_read(store, answer->draft, &last, err);
    if (status == NL_OK)
        status = check_answer(store, answer, &last, err);
    if (status == NL_OK)
        status = nl_sql_insert(store, err, &step.word,
                               "INSERT INTO approval_word (approval, at, author, kind, passage, "
                               "words) VALUES (?, ?, ?, ?, ?, ?)",
                               NL_VALUES(NL_INT(last.id), NL_INT(nl_store_now(store)),
                                         NL_STRING(answer->by->name),
                                         NL_STRING(nl_approval_kinds[answer->kind]),
                                         NL_STRING(passage), NL_STRING(answer->words)));
    if (status == NL_OK)
        status = move_on(store, answer, &last, err);
    step.question = last.id;
    if (status == NL_OK)
        status = nl_ledger_approval(store, &step, err);
    nl_approval_free(&last);
    snprintf(action, sizeof action, "approval %s", nl_approval_kinds[answer->kind]);
    return status == NL_OK ? note(store, answer->by, action, answer->draft, answer->words, err)
                           : status;
}

enum nl_status nl_approval_answer(struct nl_store *store, const struct nl_approval_answer *answer,
                                  struct nl_error *err) {
    struct nl_approval_answer copy = *answer;
    enum nl_status status = check_words(answer->words, err);
    if (status == NL_OK && answer->passage != NULL)
        status = check_words(answer->passage, err);
    if (status == NL_OK && answer->kind != NL_APPROVAL_APPROVE && answer->words[0] == '\0')
        status = nl_error_set(err, NL_DATA, NL_TEXT("say in a few words what is to be changed"));
    return status == NL_OK ? nl_sql_exclusive(store, answer_in, &copy, err) : status;
}

/* ---- reading ---- */

enum nl_status nl_approval_holds(struct nl_store *store, int64_t draft,
                                 const struct nl_draft_seal *seal, int64_t needed, bool *holds,
                                 struct nl_error *err) {
    struct nl_approval last = {0};
    enum nl_status status = nl_approval_read(store, draft, &last, err);
    *holds = status == NL_OK && last.state == NL_APPROVAL_APPROVED && last.given >= needed &&
             strcmp(last.seal, seal->text) == 0;
    nl_approval_free(&last);
    return status;
}

struct visit {
    enum nl_status (*each)(const struct nl_approval_word *word, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_word(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    const struct visit *visit = context;
    const struct nl_approval_word word = {.at = nl_sql_int(row, 0),
                                          .author = nl_sql_text(row, 1),
                                          .kind = nl_sql_text(row, 2),
                                          .passage = nl_sql_text(row, 3),
                                          .words = nl_sql_text(row, 4)};
    return visit->each(&word, visit->ctx, err);
}

enum nl_status nl_approval_words(struct nl_store *store, int64_t approval,
                                 enum nl_status (*each)(const struct nl_approval_word *word,
                                                        void *ctx, struct nl_error *err),
                                 void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_word, &visit,
                       "SELECT at, author, kind, passage, words FROM approval_word WHERE approval "
                       "= ? ORDER BY id",
                       NL_VALUES(NL_INT(approval)));
}

enum nl_status nl_approval_last_text(struct nl_store *store, int64_t draft, const char *language,
                                     struct nl_buf *out, struct nl_error *err) {
    char *source = NULL;
    enum nl_status status = nl_sql_first(
        store, err, NULL,
        "SELECT t.source FROM approval a JOIN approval_text t ON t.approval = a.id WHERE a.draft = "
        "?1 AND t.language = ?2 AND EXISTS (SELECT 1 FROM approval_word w WHERE w.approval = a.id "
        "AND w.kind = 'approve') AND a.state <> 'returned' AND a.id < (SELECT max(id) FROM "
        "approval WHERE draft = ?1) ORDER BY a.id DESC LIMIT 1",
        NL_VALUES(NL_INT(draft), NL_STRING(language)), NL_COLUMNS(NL_INTO(&source)));
    if (source != NULL)
        nl_buf_adds(out, source);
    free(source);
    return status;
}
