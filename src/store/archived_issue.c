#include "newsletter/store/archived_issue.h"

#include "newsletter/base/buf.h"
#include "newsletter/db/sql.h"

#include <stdlib.h>
#include <string.h>

/* What the public may see: the one place that says so. */
#define VISIBLE "i.list = ?1 AND i.state IN ('sending', 'sent') "

static const char SEPARATORS[] = " \t\"";

static bool has_words(const char *words) {
    return words[strspn(words, SEPARATORS)] != '\0';
}

/* Each word in quotes, so that no sign in it is an operator to an engine's search. */
static char *quote_words(const char *words) {
    struct nl_buf out = {0};
    while (*words != '\0') {
        words += strspn(words, SEPARATORS);
        size_t len = strcspn(words, SEPARATORS);
        if (len > 0)
            nl_buf_addf(&out, "%s\"%.*s\"", out.len > 0 ? " " : "", (int)len, words);
        words += len;
    }
    return nl_buf_take(&out);
}

static void ask(const struct nl_store *store, int64_t list, const struct nl_filter *filter,
                struct nl_query *query) {
    const char *const texts[] = {filter->date, filter->category, filter->series, filter->posted_by};
    nl_buf_addf(&query->sql,
                "SELECT i.id, i.created_at, i.slug, i.series, i.number, i.title, i.category, "
                "i.posted_by, i.date, i.language, i.events FROM issue i WHERE " VISIBLE
                "AND (?2 IS NULL OR substr(i.date, 1, length(?2)) = ?2) "
                "AND (?3 IS NULL OR i.category = ?3) AND (?4 IS NULL OR i.series = ?4) "
                "AND (?5 IS NULL OR i.posted_by = ?5) AND (?6 = 0 OR i.events IS NOT NULL) "
                "AND (?7 IS NULL OR %s) AND (?10 IS NULL OR i.slug = ?10) "
                "ORDER BY i.date DESC, i.id DESC LIMIT ?8 OFFSET ?9",
                store->engine->dialect.search);
    nl_query_number(query, list);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        nl_query_text(query, texts[i]);
    nl_query_number(query, filter->with_events);
    if (filter->words != NULL)
        nl_query_own(query, quote_words(filter->words));
    else
        nl_query_text(query, NULL);
    nl_query_number(query, nl_sql_limit(filter->limit));
    nl_query_number(query, filter->offset);
    nl_query_text(query, filter->slug);
}

enum nl_status nl_archive_each(struct nl_store *store, int64_t list, const struct nl_filter *filter,
                               enum nl_status (*each)(const struct nl_entry *entry, void *ctx,
                                                      struct nl_error *err),
                               void *ctx, struct nl_error *err) {
    struct nl_query query = {0};
    bool row = true;
    if (filter->words != NULL && !has_words(filter->words))
        return NL_OK;
    ask(store, list, filter, &query);
    struct nl_statement *statement = nl_sql_query(store, &query, err);
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        const struct nl_entry entry = {.id = nl_sql_int64(statement, 0),
                                       .sent_at = nl_sql_int64(statement, 1),
                                       .slug = nl_sql_borrow(statement, 2),
                                       .series = nl_sql_borrow(statement, 3),
                                       .number = nl_sql_borrow(statement, 4),
                                       .title = nl_sql_borrow(statement, 5),
                                       .category = nl_sql_borrow(statement, 6),
                                       .posted_by = nl_sql_borrow(statement, 7),
                                       .date = nl_sql_borrow(statement, 8),
                                       .language = nl_sql_borrow(statement, 9),
                                       .events = nl_sql_borrow(statement, 10)};
        status = each(&entry, ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_end(statement);
    nl_query_free(&query);
    return status;
}

enum nl_status nl_archive_facets(struct nl_store *store, int64_t list, enum nl_facet facet,
                                 enum nl_status (*each)(const char *value, int64_t count, void *ctx,
                                                        struct nl_error *err),
                                 void *ctx, struct nl_error *err) {
#define FACET(value, order)                                                                        \
    "SELECT " value " AS v, count(*) FROM issue i WHERE " VISIBLE "AND " value                     \
    " IS NOT NULL GROUP BY v "                                                                     \
    "ORDER BY v " order
    static const char *const queries[] = {
        [NL_FACET_YEAR] = FACET("substr(i.date, 1, 4)", "DESC"),
        [NL_FACET_MONTH] = FACET("substr(i.date, 1, 7)", "DESC"),
        [NL_FACET_CATEGORY] = FACET("i.category", "ASC"),
        [NL_FACET_SERIES] = FACET("i.series", "ASC"),
        [NL_FACET_POSTED_BY] = FACET("i.posted_by", "ASC"),
    };
#undef FACET
    bool row = true;
    struct nl_statement *statement = nl_sql(store, err, queries[facet], "i", list);
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        status = each(nl_sql_borrow(statement, 0), nl_sql_int64(statement, 1), ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}

enum nl_status nl_archive_text(struct nl_store *store, int64_t issue, const char *language,
                               bool *found, struct nl_archived *out, struct nl_error *err) {
    bool failed = false;
    *out = (struct nl_archived){0};
    *found = false;
    struct nl_statement *statement =
        language == NULL
            ? nl_sql(store, err, "SELECT title, source, body FROM issue WHERE id = ?", "i", issue)
            : nl_sql(store, err,
                     "SELECT title, source, body FROM edition WHERE issue = ? AND language = ?",
                     "is", issue, language);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, found, err);
    if (status == NL_OK && *found) {
        out->title = nl_sql_text(statement, 0, &failed);
        out->source = nl_sql_text(statement, 1, &failed);
        if (!nl_sql_is_null(statement, 2))
            out->body = nl_sql_blob(statement, 2, &out->body_len, &failed);
    }
    nl_sql_done(statement);
    if (failed) {
        nl_archived_free(out);
        return nl_error_nomem(err);
    }
    return status;
}

void nl_archived_free(struct nl_archived *archived) {
    free(archived->title);
    free(archived->body);
    free(archived->source);
    *archived = (struct nl_archived){0};
}

enum nl_status nl_archive_languages(struct nl_store *store, int64_t issue,
                                    enum nl_status (*each)(const char *language, void *ctx,
                                                           struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    bool row = true;
    struct nl_statement *statement = nl_sql(
        store, err, "SELECT language FROM edition WHERE issue = ? ORDER BY language", "i", issue);
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        status = each(nl_sql_borrow(statement, 0), ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}
