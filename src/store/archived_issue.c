#include "newsletter/store/archived_issue.h"
#include "newsletter/store/list.h"
#include "newsletter/store/revision.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/token.h"
#include "newsletter/db/sql.h"

#include <stdlib.h>
#include <string.h>

/* The issues that the public may see at a given time. Only this condition decides it. A paused or
 * cancelled issue that somebody has received stays readable. */
#define VISIBLE(now) "i.list = ?1 AND " PUBLIC(now)

/* The same for all lists. */
#define PUBLIC(now)                                                                                \
    "i.state IN ('sending', 'sent', 'paused', 'cancelled') AND "                                   \
    "i.archive <> 'never' AND i.public_from <= " now                                               \
    " AND (i.public_until IS NULL OR i.public_until > " now ") AND "                               \
    "(i.state IN ('sending', 'sent') OR (SELECT sum(t.sent + t.unknown) FROM issue_total t "       \
    "WHERE t.issue = i.id) > 0) "

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

static void ask(struct nl_store *store, int64_t list, const struct nl_filter *filter,
                struct nl_query *query) {
    nl_buf_addf(
        &query->sql,
        "SELECT i.id, CASE WHEN i.public_from > i.created_at THEN i.public_from ELSE "
        "i.created_at END, i.slug, i.series, i.number, i.title, i.category, "
        "i.posted_by, i.date, i.language, i.events FROM issue i WHERE " VISIBLE(
            "?11") "AND (i.archive = 'public' OR ?12 <> 0) "
                   "AND (?2 IS NULL OR substr(i.date, 1, length(?2)) = ?2) "
                   "AND (?3 IS NULL OR i.category = ?3) AND (?4 IS NULL OR i.series = ?4) "
                   "AND (?5 IS NULL OR i.posted_by = ?5) AND (?6 = 0 OR i.events IS NOT NULL) "
                   "AND (?7 IS NULL OR %s) AND (?10 IS NULL OR i.slug = ?10) "
                   "ORDER BY i.date DESC, i.id DESC LIMIT ?8 OFFSET ?9",
        nl_sql_dialect(store)->search);
    nl_query_add(query, NL_VALUES(NL_INT(list), NL_STRING(filter->date),
                                  NL_STRING(filter->category), NL_STRING(filter->series),
                                  NL_STRING(filter->posted_by), NL_INT(filter->with_events)));
    if (filter->words != NULL)
        nl_query_own(query, quote_words(filter->words));
    else
        nl_query_add(query, NL_VALUES(NL_NULL));
    nl_query_add(query, NL_VALUES(NL_INT(nl_sql_limit(filter->limit)), NL_INT(filter->offset),
                                  NL_STRING(filter->slug), NL_INT(nl_store_now(store)),
                                  NL_INT(filter->unlisted)));
}

struct entries {
    enum nl_status (*each)(const struct nl_entry *entry, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_entry(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    const struct entries *entries = context;
    struct nl_entry entry = {0};
    enum nl_status status = nl_sql_read(
        row,
        NL_COLUMNS(NL_INTO(&entry.id), NL_INTO(&entry.sent_at), NL_INTO(&entry.slug),
                   NL_INTO(&entry.series), NL_INTO(&entry.number), NL_INTO(&entry.title),
                   NL_INTO(&entry.category), NL_INTO(&entry.posted_by), NL_INTO(&entry.date),
                   NL_INTO(&entry.language), NL_INTO(&entry.events)),
        err);
    return status == NL_OK ? entries->each(&entry, entries->ctx, err) : status;
}

enum nl_status nl_archive_each(struct nl_store *store, int64_t list, const struct nl_filter *filter,
                               enum nl_status (*each)(const struct nl_entry *entry, void *ctx,
                                                      struct nl_error *err),
                               void *ctx, struct nl_error *err) {
    struct nl_query query = {0};
    struct entries entries = {each, ctx};
    if (filter->words != NULL && !has_words(filter->words))
        return NL_OK;
    ask(store, list, filter, &query);
    enum nl_status status = nl_query_each(store, err, visit_entry, &entries, &query);
    nl_query_free(&query);
    return status;
}

struct facets {
    enum nl_status (*each)(const char *value, int64_t count, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_facet(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    const struct facets *facets = context;
    return facets->each(nl_sql_text(row, 0), nl_sql_int(row, 1), facets->ctx, err);
}

enum nl_status nl_archive_facets(struct nl_store *store, int64_t list, enum nl_facet facet,
                                 enum nl_status (*each)(const char *value, int64_t count, void *ctx,
                                                        struct nl_error *err),
                                 void *ctx, struct nl_error *err) {
#define FACET(value, order)                                                                        \
    "SELECT " value                                                                                \
    " AS v, count(*) FROM issue i WHERE " VISIBLE("?2") "AND i.archive = 'public' AND " value      \
                                                        " IS NOT NULL GROUP BY v "                 \
                                                        "ORDER BY v " order
    static const char *const queries[] = {
        [NL_FACET_YEAR] = FACET("substr(i.date, 1, 4)", "DESC"),
        [NL_FACET_MONTH] = FACET("substr(i.date, 1, 7)", "DESC"),
        [NL_FACET_CATEGORY] = FACET("i.category", "ASC"),
        [NL_FACET_SERIES] = FACET("i.series", "ASC"),
        [NL_FACET_POSTED_BY] = FACET("i.posted_by", "ASC"),
    };
#undef FACET
    struct facets facets = {each, ctx};
    return nl_sql_each(store, err, visit_facet, &facets, queries[facet],
                       NL_VALUES(NL_INT(list), NL_INT(nl_store_now(store))));
}

enum nl_status nl_archive_text(struct nl_store *store, int64_t issue, const char *language,
                               bool *found, struct nl_archived *out, struct nl_error *err) {
    const struct nl_column *columns = NL_COLUMNS(NL_INTO(&out->title), NL_INTO(&out->source),
                                                 NL_INTO_BYTES(&out->body, &out->body_len));
    enum nl_status status =
        language == NULL
            ? nl_sql_first(store, err, found, "SELECT title, source, body FROM issue WHERE id = ?",
                           NL_VALUES(NL_INT(issue)), columns)
            : nl_sql_first(store, err, found,
                           "SELECT title, source, body FROM edition WHERE issue = ? AND language "
                           "= ?",
                           NL_VALUES(NL_INT(issue), NL_STRING(language)), columns);
    if (status != NL_OK)
        nl_archived_free(out);
    return status;
}

enum nl_status nl_archive_message(struct nl_store *store, int64_t issue, const char *language,
                                  struct nl_buf *out, struct nl_error *err) {
    return language == NULL
               ? nl_sql_each(store, err, nl_sql_add_bytes, out,
                             "SELECT message FROM issue WHERE id = ?", NL_VALUES(NL_INT(issue)))
               : nl_sql_each(store, err, nl_sql_add_bytes, out,
                             "SELECT message FROM edition WHERE issue = ? AND language = ?",
                             NL_VALUES(NL_INT(issue), NL_STRING(language)));
}

void nl_archived_free(struct nl_archived *archived) {
    free(archived->title);
    free(archived->body);
    free(archived->source);
    *archived = (struct nl_archived){0};
}

struct languages {
    enum nl_status (*each)(const char *language, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_language(const struct nl_sql_row *row, void *context,
                                     struct nl_error *err) {
    const struct languages *languages = context;
    return languages->each(nl_sql_text(row, 0), languages->ctx, err);
}

enum nl_status nl_archive_languages(struct nl_store *store, int64_t issue,
                                    enum nl_status (*each)(const char *language, void *ctx,
                                                           struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    struct languages languages = {each, ctx};
    return nl_sql_each(store, err, visit_language, &languages,
                       "SELECT language FROM edition WHERE issue = ? ORDER BY language",
                       NL_VALUES(NL_INT(issue)));
}

enum nl_status nl_archive_all_languages(struct nl_store *store, int64_t list,
                                        enum nl_status (*each)(const char *language, void *ctx,
                                                               struct nl_error *err),
                                        void *ctx, struct nl_error *err) {
    struct languages languages = {each, ctx};
    return nl_sql_each(store, err, visit_language, &languages,
                       "SELECT i.language FROM issue i WHERE " VISIBLE(
                           "?2") "AND i.archive = 'public' AND "
                                 "i.language IS NOT NULL UNION SELECT e.language FROM issue i JOIN "
                                 "edition e ON e.issue = "
                                 "i.id WHERE " VISIBLE("?2") "AND i.archive = 'public' ORDER BY 1",
                       NL_VALUES(NL_INT(list), NL_INT(nl_store_now(store))));
}

/* "Now" is a second ago: clocks of two connections to a server may differ by as much. */
static enum nl_status update(struct nl_store *store, const char *sql, int64_t issue, int64_t at,
                             struct nl_error *err) {
    return nl_sql_run(store, err, sql,
                      NL_VALUES(NL_INT(issue), NL_INT(at), NL_INT(nl_store_now(store) - 1)));
}

enum nl_status nl_archive_publish(struct nl_store *store, int64_t issue, int64_t at,
                                  struct nl_error *err) {
    enum nl_status status =
        update(store,
               "UPDATE issue SET archive = 'public', public_until = NULL, public_from = "
               "CASE ?2 WHEN 0 THEN ?3 ELSE ?2 END WHERE id = ?1 AND archive <> 'never'",
               issue, at, err);
    return status == NL_OK && nl_sql_changes(store) == 0
               ? nl_error_set(err, NL_DATA, NL_TEXT("its front matter says 'archive: never'"))
               : status;
}

enum nl_status nl_archive_withdraw(struct nl_store *store, int64_t issue, int64_t at,
                                   struct nl_error *err) {
    return update(
        store, "UPDATE issue SET public_until = CASE ?2 WHEN 0 THEN ?3 ELSE ?2 END WHERE id = ?1",
        issue, at, err);
}

static enum nl_status add_list(const struct nl_list *list, void *context, struct nl_error *err) {
    (void)err;
    nl_list_describe(list, context);
    return NL_OK;
}

static enum nl_status add_issue(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    enum { NUMBERS = 6 };
    struct nl_buf *out = context;
    (void)err;
    for (int i = 0; i < NUMBERS; i++)
        nl_buf_addf(out, "%lld ", (long long)nl_sql_int(row, i));
    nl_buf_addf(out, "%s %s\n", nl_sql_text(row, NUMBERS), nl_sql_text(row, NUMBERS + 1));
    return NL_OK;
}

enum nl_status nl_store_public_state(struct nl_store *store, struct nl_buf *out,
                                     struct nl_error *err) {
    char digest[NL_HEX_LEN];
    struct nl_buf text = {0};
    enum nl_status status = nl_list_each(store, add_list, &text, err);
    if (status == NL_OK)
        status = nl_sql_each(
            store, err, add_issue, &text,
            "SELECT i.id, i.list, i.public_from, i.created_at, "
            "(SELECT count(*) FROM edition e WHERE e.issue = i.id), "
            "(SELECT count(*) FROM recording r WHERE r.issue = i.id), i.archive, i.slug "
            "FROM issue i WHERE " PUBLIC("?1") "ORDER BY i.id",
            NL_VALUES(NL_INT(nl_store_now(store))));
    nl_digest_hex(nl_buf_text(&text), text.len, digest);
    nl_buf_adds(out, digest);
    nl_buf_free(&text);
    return status;
}

enum nl_status nl_archive_is_open(struct nl_store *store, int64_t issue, bool *open,
                                  struct nl_error *err) {
    return nl_sql_exists(store, err, open,
                         "SELECT 1 FROM issue i JOIN list l ON l.id = i.list WHERE i.id = ?1 AND "
                         "l.private = 0 AND " PUBLIC("?2"),
                         NL_VALUES(NL_INT(issue), NL_INT(nl_store_now(store))));
}
