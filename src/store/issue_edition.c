#include "newsletter/store/issue.h"

#include "store/issue_edition.h"

#include <stdlib.h>
#include <string.h>

void nl_editions_free(struct nl_edition *editions, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(editions[i].language);
        free(editions[i].title);
        free(editions[i].subject);
        free(editions[i].source);
        free(editions[i].message);
        free(editions[i].alternative_subject);
        free(editions[i].alternative);
        free(editions[i].body);
    }
    free(editions);
}

enum nl_status nl_editions_add(struct nl_store *store, const struct nl_issue *issue,
                               struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < issue->edition_count; i++) {
        const struct nl_edition *edition = &issue->editions[i];
        status =
            nl_sql_run(store, err,
                       "INSERT INTO edition (issue, language, title, subject, source, "
                       "message, body, alternative_subject, alternative) "
                       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       "issssbbsb", issue->id, edition->language, edition->title, edition->subject,
                       edition->source, (const void *)edition->message, edition->message_len,
                       (const void *)edition->body, edition->body_len, edition->alternative_subject,
                       (const void *)edition->alternative, edition->alternative_len);
    }
    return status;
}

static enum nl_status read_row(struct nl_statement *statement, struct nl_edition *out,
                               struct nl_error *err) {
    bool failed = false;
    *out = (struct nl_edition){.language = nl_sql_text(statement, 0, &failed),
                               .title = nl_sql_text(statement, 1, &failed),
                               .subject = nl_sql_text(statement, 2, &failed),
                               .source = nl_sql_text(statement, 3, &failed),
                               .alternative_subject = nl_sql_text(statement, 5, &failed)};
    out->alternative = nl_sql_blob(statement, 6, &out->alternative_len, &failed);
    out->message = nl_sql_blob(statement, 4, &out->message_len, &failed);
    return failed ? nl_error_nomem(err) : NL_OK;
}

enum nl_status nl_editions_read(struct nl_store *store, int64_t issue, struct nl_edition **out,
                                size_t *count, struct nl_error *err) {
    bool row = true;
    *out = NULL;
    *count = 0;
    struct nl_statement *statement = nl_sql(store, err,
                                            "SELECT language, title, subject, source, message, "
                                            "alternative_subject, alternative "
                                            "FROM edition WHERE issue = ? ORDER BY language",
                                            "i", issue);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    while (status == NL_OK && row) {
        struct nl_edition *grown = realloc(*out, (*count + 1) * sizeof *grown);
        if (grown == NULL) {
            status = nl_error_nomem(err);
            break;
        }
        *out = grown;
        status = read_row(statement, &grown[(*count)++], err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    if (status != NL_OK) {
        nl_editions_free(*out, *count);
        *out = NULL;
        *count = 0;
    }
    return status;
}
