/* Entries about approvals: that somebody asked, what was answered, and the issue that was made. */
#include "newsletter/base/cbor.h"
#include "newsletter/db/sql.h"
#include "store/ledger.h"

#include <stdlib.h>
#include <string.h>

/* The parts of an entry that come from a question and one of its answers. */
struct approval_row {
    int64_t draft, at;
    char *state, *seal, *name, *passage, *words;
};

static void free_row(struct approval_row *row) {
    char *texts[] = {row->state, row->seal, row->name, row->passage, row->words};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
}

static enum nl_status read_question(struct nl_store *store, const struct nl_ledger_step *step,
                                    struct approval_row *row, struct nl_error *err) {
    enum nl_status status =
        nl_sql_first(store, err, NULL,
                     "SELECT draft, state, seal, asked_at, asked_by, words FROM approval WHERE id "
                     "= ?",
                     NL_VALUES(NL_INT(step->question)),
                     NL_COLUMNS(NL_INTO(&row->draft), NL_INTO(&row->state), NL_INTO(&row->seal),
                                NL_INTO(&row->at), NL_INTO(&row->name), NL_INTO(&row->words)));
    if (strcmp(step->name, "ask") == 0)
        return status;
    free(row->name);
    free(row->words);
    row->name = row->words = NULL;
    row->at = nl_store_now(store);
    return status;
}

static enum nl_status read_word(struct nl_store *store, const struct nl_ledger_step *step,
                                struct approval_row *row, struct nl_error *err) {
    if (step->word == 0)
        return NL_OK;
    return nl_sql_first(store, err, NULL,
                        "SELECT at, author, passage, words FROM approval_word WHERE id = ?",
                        NL_VALUES(NL_INT(step->word)),
                        NL_COLUMNS(NL_INTO(&row->at), NL_INTO(&row->name), NL_INTO(&row->passage),
                                   NL_INTO(&row->words)));
}

static enum nl_status add_text(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    struct nl_buf *all = ctx;
    (void)err;
    nl_cbor_add_text(all, nl_sql_text(row, 0));
    nl_cbor_add_text(all, nl_sql_text(row, 1));
    return NL_OK;
}

/* The texts that were shown to those who were asked, as one digest; null in other entries. */
static enum nl_status add_texts(struct nl_store *store, const struct nl_ledger_step *step,
                                struct nl_buf *entry, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    struct nl_buf all = {0};
    if (strcmp(step->name, "ask") != 0) {
        nl_cbor_add_null(entry);
        return NL_OK;
    }
    enum nl_status status = nl_sql_each(store, err, add_text, &all,
                                        "SELECT language, source FROM approval_text WHERE "
                                        "approval = ? ORDER BY language",
                                        NL_VALUES(NL_INT(step->question)));
    nl_digest(nl_buf_text(&all), all.len, digest);
    nl_cbor_add_bytes(entry, digest, sizeof digest);
    nl_buf_free(&all);
    return status;
}

static enum nl_status add_who(struct nl_store *store, const struct nl_ledger_step *step,
                              const struct approval_row *row, struct nl_buf *entry,
                              struct nl_error *err) {
    struct nl_buf items = {0};
    nl_cbor_add_text(&items, row->name != NULL ? row->name : step->by);
    nl_cbor_add_text(&items, row->passage);
    nl_cbor_add_text(&items, row->words);
    return nl_ledger_commit_office(store, entry, &items, err);
}

enum nl_status nl_ledger_approval(struct nl_store *store, const struct nl_ledger_step *step,
                                  struct nl_error *err) {
    struct nl_buf entry = {0};
    struct approval_row row = {0};
    enum nl_status status = read_question(store, step, &row, err);
    if (status == NL_OK)
        status = read_word(store, step, &row, err);
    nl_cbor_add_array(&entry, 11);
    nl_cbor_add_number(&entry, NL_LEDGER_APPROVAL);
    nl_cbor_add_number(&entry, row.at);
    nl_cbor_add_number(&entry, row.draft);
    nl_cbor_add_number(&entry, step->issue);
    nl_cbor_add_number(&entry, step->question);
    nl_cbor_add_number(&entry, step->word);
    nl_cbor_add_text(&entry, step->name);
    nl_cbor_add_text(&entry, row.state);
    nl_cbor_add_text(&entry, row.seal);
    if (status == NL_OK)
        status = add_texts(store, step, &entry, err);
    if (status == NL_OK)
        status = add_who(store, step, &row, &entry, err);
    if (status == NL_OK)
        status = nl_ledger_add(store, &entry, err);
    nl_buf_free(&entry);
    free_row(&row);
    return status;
}
