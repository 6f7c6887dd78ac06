#include "newsletter/db/sql.h"
#include "newsletter/store/ledger.h"
#include "newsletter/store/ledger_rows.h"

static const unsigned char *read_key(const struct nl_sql_row *row, int column) {
    size_t len = 0;
    const unsigned char *key = nl_sql_bytes(row, column, &len);
    return len == NL_LEDGER_KEY ? key : NULL;
}

static enum nl_status visit_question(const struct nl_sql_row *row, void *ctx,
                                     struct nl_error *err) {
    const struct nl_approval_visits *visits = ctx;
    const struct nl_approval_row question = {.id = nl_sql_int(row, 0),
                                             .draft = nl_sql_int(row, 1),
                                             .at = nl_sql_int(row, 2),
                                             .state = nl_sql_text(row, 3),
                                             .seal = nl_sql_text(row, 4),
                                             .name = nl_sql_text(row, 5),
                                             .words = nl_sql_text(row, 6),
                                             .key = read_key(row, 7)};
    return visits->question(&question, visits->ctx, err);
}

static enum nl_status visit_word(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    const struct nl_approval_visits *visits = ctx;
    const struct nl_approval_word_row word = {.id = nl_sql_int(row, 0),
                                              .approval = nl_sql_int(row, 1),
                                              .at = nl_sql_int(row, 2),
                                              .kind = nl_sql_text(row, 3),
                                              .name = nl_sql_text(row, 4),
                                              .passage = nl_sql_text(row, 5),
                                              .words = nl_sql_text(row, 6),
                                              .key = read_key(row, 7)};
    return visits->word(&word, visits->ctx, err);
}

static enum nl_status visit_text(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    const struct nl_approval_visits *visits = ctx;
    const struct nl_approval_text_row text = {.approval = nl_sql_int(row, 0),
                                              .language = nl_sql_text(row, 1),
                                              .source = nl_sql_text(row, 2)};
    return visits->text(&text, visits->ctx, err);
}

/* There are few questions, as people have to answer them: no pages. */
enum nl_status nl_ledger_each_approval(struct nl_store *store,
                                       const struct nl_approval_visits *visits,
                                       struct nl_error *err) {
    struct nl_approval_visits copy = *visits;
    enum nl_status status = nl_sql_each(
        store, err, visit_question, &copy,
        "SELECT a.id, a.draft, a.asked_at, a.state, a.seal, a.asked_by, a.words, k.key FROM "
        "approval a LEFT JOIN ledger_key k ON k.subscriber = 0 ORDER BY a.id",
        NL_NO_VALUES);
    if (status == NL_OK)
        status = nl_sql_each(store, err, visit_word, &copy,
                             "SELECT w.id, w.approval, w.at, w.kind, w.author, w.passage, w.words, "
                             "k.key FROM approval_word w LEFT JOIN ledger_key k ON k.subscriber = "
                             "0 ORDER BY w.id",
                             NL_NO_VALUES);
    return status == NL_OK
               ? nl_sql_each(store, err, visit_text, &copy,
                             "SELECT approval, language, source FROM approval_text ORDER BY "
                             "approval, language",
                             NL_NO_VALUES)
               : status;
}
