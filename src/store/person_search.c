#include "newsletter/store/person.h"

#include "newsletter/base/text.h"
#include "newsletter/db/sql.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1000 };

/* SQLite knows the small letters of ASCII alone, and PostgreSQL those of its locale. So a part with
 * other letters is looked for here, in one chunk of people after the other. */
struct search {
    enum nl_status (*each)(int64_t subscriber, const char *address_key, void *ctx,
                           struct nl_error *err);
    void *ctx;
    const char *part; /* folded; NULL: the database has found it */
    int64_t left;     /* people to report */
    int64_t seen;     /* of this chunk */
    struct nl_buf last;
};

static enum nl_status holds(const char *text, const char *part, bool *found, struct nl_error *err) {
    char *folded = *found || text == NULL ? NULL : nl_text_fold(text);
    if (*found || text == NULL)
        return NL_OK;
    if (folded == NULL)
        return nl_error_nomem(err);
    *found = strstr(folded, part) != NULL;
    free(folded);
    return NL_OK;
}

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct search *search = context;
    const char *key = nl_sql_text(row, 1);
    bool found = search->part == NULL;
    search->seen++;
    nl_buf_clear(&search->last);
    nl_buf_adds(&search->last, key);
    if (search->left == 0)
        return NL_OK;
    enum nl_status status = holds(nl_sql_text(row, 2), search->part, &found, err);
    if (status == NL_OK)
        status = holds(nl_sql_text(row, 3), search->part, &found, err);
    if (status != NL_OK || !found)
        return status;
    search->left--;
    return search->each(nl_sql_int(row, 0), key, search->ctx, err);
}

static bool is_ascii(const char *text) {
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* An erased person has no address any more. */
static enum nl_status search_chunk(struct nl_store *store, const struct nl_person_query *query,
                                   const char *after, struct search *search, struct nl_error *err) {
    bool here = search->part != NULL;
    search->seen = 0;
    return nl_sql_each(
        store, err, visit_row, search,
        "SELECT r.id, r.address_key, r.address, r.name FROM subscriber r "
        "WHERE r.address_key > ?1 AND r.address_key LIKE '%@%' AND (?2 IS NULL OR "
        "instr(r.address_key, lower(?2)) > 0 OR instr(lower(r.address), lower(?2)) > 0 OR "
        "instr(lower(coalesce(r.name, '')), lower(?2)) > 0) AND ((?3 = 0 AND ?4 IS NULL) OR "
        "EXISTS (SELECT 1 FROM subscription s WHERE s.subscriber = r.id AND "
        "(?3 = 0 OR s.list = ?3) AND (?4 IS NULL OR s.state = ?4))) "
        "ORDER BY r.address_key LIMIT ?5",
        NL_VALUES(NL_STRING(after), NL_STRING(here ? NULL : query->part), NL_INT(query->list),
                  NL_STRING(nl_subscription_state_text(query->state)),
                  NL_INT(here ? CHUNK : query->limit)));
}

enum nl_status nl_persons_each(struct nl_store *store, const struct nl_person_query *query,
                               enum nl_status (*each)(int64_t subscriber, const char *address_key,
                                                      void *ctx, struct nl_error *err),
                               void *ctx, struct nl_error *err) {
    bool here = query->part != NULL && !is_ascii(query->part);
    char *folded = here ? nl_text_fold(query->part) : NULL;
    struct search search = {each, ctx, folded, query->limit, CHUNK, {0}};
    if (here && folded == NULL)
        return nl_error_set(err, NL_DATA, "the part to look for is not valid UTF-8");
    enum nl_status status = NL_OK;
    nl_buf_adds(&search.last, query->after != NULL ? query->after : "");
    while (status == NL_OK && search.left > 0 && search.seen == CHUNK) {
        struct nl_buf after = search.last;
        search.last = (struct nl_buf){0};
        status = search_chunk(store, query, nl_buf_text(&after), &search, err);
        nl_buf_free(&after);
        if (!here)
            break;
    }
    nl_buf_free(&search.last);
    free(folded);
    return status;
}
