#include "newsletter/base/memory.h"
#include "newsletter/store/person.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/db/sql.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>

struct search {
    enum nl_status (*each)(int64_t subscriber, const char *place, void *ctx, struct nl_error *err);
    void *ctx;
    int64_t left; /* people to report */
};

#define OF_A_LIST                                                                                  \
    "((?2 = 0 AND ?3 IS NULL) OR EXISTS (SELECT 1 FROM subscription s WHERE s.subscriber = r.id "  \
    "AND (?2 = 0 OR s.list = ?2) AND (?3 IS NULL OR s.state = ?3))) "

/* ---- all people ---- */

static enum nl_status visit_person(const struct nl_sql_row *row, void *context,
                                   struct nl_error *err) {
    struct search *search = context;
    return search->each(nl_sql_int(row, 0), nl_sql_text(row, 1), search->ctx, err);
}

/* An erased person has no address any more. */
static enum nl_status walk(struct nl_store *store, const struct nl_person_query *query,
                           struct search *search, struct nl_error *err) {
    return nl_sql_each(
        store, err, visit_person, search,
        "SELECT r.id, r.address_key FROM subscriber r WHERE r.address_key > ?1 AND "
        "r.address_key LIKE '%@%' AND " OF_A_LIST "ORDER BY r.address_key LIMIT ?4",
        NL_VALUES(NL_STRING(query->after != NULL ? query->after : ""), NL_INT(query->list),
                  NL_STRING(nl_subscription_state_text(query->state)), NL_INT(query->limit)));
}

/* ---- people with a part ---- */

/* Candidates that are read at a time; and parts of three letters that a question has at most. */
enum { CHUNK = 200, TRIGRAMS = 32 };

/* The index finds candidates, by letters whose case it takes away in its own way. Here they are
 * compared. */
struct part {
    struct search search;
    const char *folded;
    int64_t last;  /* the candidate that was read last */
    int64_t until; /* no candidates beyond this id */
    int64_t seen;  /* of this chunk */
};

static size_t letters_of(const char *text) {
    return u8_mbsnlen((const uint8_t *)text, strlen(text));
}

/* Every text has two spaces in front, so a short part with spaces has three letters too. */
static void add_needle(struct nl_buf *out, const char *part) {
    for (size_t i = letters_of(part); i < 3; i++)
        nl_buf_addc(out, ' ');
    nl_buf_adds(out, part);
}

static void add_trigrams(struct nl_buf *out, const char *needle) {
    for (int i = 0; i < TRIGRAMS && letters_of(needle) >= 3; i++) {
        const char *end = needle;
        nl_buf_adds(out, i > 0 ? " \"" : "\"");
        for (int letter = 0; letter < 3; letter++)
            end += u8_mblen((const uint8_t *)end, strlen(end));
        for (const char *p = needle; p < end; p++)
            nl_buf_adds(out, *p == '"' ? "\"\"" : (const char[]){*p, '\0'});
        nl_buf_addc(out, '"');
        needle += u8_mblen((const uint8_t *)needle, strlen(needle));
    }
}

/* A part as the engine's question has it, in one form of its accented letters. */
static char *ask_for(const struct nl_store *store, const char *part, uninorm_t form) {
    struct nl_buf needle = {0};
    struct nl_buf question = {0};
    size_t len = 0;
    char *formed = (char *)u8_normalize(form, (const uint8_t *)part, strlen(part) + 1, NULL, &len);
    if (formed == NULL) /* the part is UTF-8: see read_part */
        nl_memory_end();
    add_needle(&needle, formed);
    free(formed);
    if (!nl_sql_dialect(store)->people_by_trigrams)
        return nl_buf_take(&needle);
    add_trigrams(&question, nl_buf_text(&needle));
    nl_buf_free(&needle);
    return nl_buf_take(&question);
}

static enum nl_status visit_candidate(const struct nl_sql_row *row, void *context,
                                      struct nl_error *err) {
    struct part *part = context;
    struct nl_buf words = {0};
    char place[24];
    part->seen++;
    part->last = nl_sql_int(row, 0);
    if (part->search.left == 0)
        return NL_OK;
    const char *name = nl_sql_text(row, 2);
    nl_buf_addf(&words, "  %s  %s", nl_sql_text(row, 1), name != NULL ? name : "");
    char *folded = nl_text_fold(nl_buf_text(&words));
    nl_buf_free(&words);
    if (folded == NULL)
        return nl_error_nomem(err);
    bool found = strstr(folded, part->folded) != NULL;
    free(folded);
    if (!found)
        return NL_OK;
    part->search.left--;
    snprintf(place, sizeof place, "%lld", (long long)part->last);
    return part->search.each(part->last, place, part->search.ctx, err);
}

static enum nl_status search_chunk(struct nl_store *store, const struct nl_person_query *query,
                                   const char *text, struct part *part, struct nl_error *err) {
    const struct nl_dialect *dialect = nl_sql_dialect(store);
    struct nl_query sql = {0};
    nl_buf_addf(&sql.sql,
                "SELECT r.id, r.address, r.name FROM %s WHERE %s AND " OF_A_LIST
                "ORDER BY %s LIMIT ?4",
                dialect->people, dialect->people_found, dialect->people_order);
    nl_query_add(&sql,
                 NL_VALUES(NL_INT(part->last), NL_INT(query->list),
                           NL_STRING(nl_subscription_state_text(query->state)), NL_INT(CHUNK)));
    nl_query_own(&sql, ask_for(store, text, UNINORM_NFC));
    nl_query_own(&sql, ask_for(store, text, UNINORM_NFD));
    nl_query_add(&sql, NL_VALUES(NL_INT(part->until)));
    part->seen = 0;
    enum nl_status status = nl_query_each(store, err, visit_candidate, part, &sql);
    nl_query_free(&sql);
    return status;
}

static enum nl_status search_until(struct nl_store *store, const struct nl_person_query *query,
                                   const char *text, struct part *part, struct nl_error *err) {
    enum nl_status status = NL_OK;
    part->seen = CHUNK;
    while (status == NL_OK && part->search.left > 0 && part->seen == CHUNK)
        status = search_chunk(store, query, text, part, err);
    return status;
}

/* A part that many people have fills a page within the next people, and an index that finds all of
 * them before it gives the first would take long. */
static enum nl_status search_near(struct nl_store *store, const struct nl_person_query *query,
                                  const char *text, struct part *part, struct nl_error *err) {
    const char *near = nl_sql_dialect(store)->people_near;
    enum nl_status status =
        nl_sql_number(store, err, &part->until, NULL, near, NL_VALUES(NL_INT(part->last)));
    if (status == NL_OK)
        status = search_until(store, query, text, part, err);
    part->last = part->until;
    return status;
}

static enum nl_status search(struct nl_store *store, const struct nl_person_query *query,
                             const char *text, struct search search, struct nl_error *err) {
    struct part part = {.search = search};
    struct nl_buf needle = {0};
    if (query->after != NULL && !nl_text_integer(query->after, &part.last))
        return nl_error_set(err, NL_DATA, "'%s' is not a place in a list of people", query->after);
    add_needle(&needle, text);
    char *folded = nl_text_fold(nl_buf_text(&needle));
    enum nl_status status =
        folded != NULL ? nl_store_index_people(store, err) : nl_error_nomem(err);
    part.folded = folded;
    if (status == NL_OK && nl_sql_dialect(store)->people_near != NULL)
        status = search_near(store, query, text, &part, err);
    part.until = INT64_MAX;
    if (status == NL_OK)
        status = search_until(store, query, text, &part, err);
    free(folded);
    nl_buf_free(&needle);
    return status;
}

/* ---- which of the two ---- */

/* Without white space around it. The caller frees *out, which is NULL for no part. */
static enum nl_status read_part(const char *text, char **out, struct nl_error *err) {
    static const char space[] = " \t\r\n";
    *out = NULL;
    if (text == NULL || text[strspn(text, space)] == '\0')
        return NL_OK;
    text += strspn(text, space);
    size_t len = strlen(text);
    while (strchr(space, text[len - 1]) != NULL)
        len--;
    if (len > NL_PART_MOST)
        return nl_error_set(err, NL_DATA, NL_TEXT("the part to look for is longer than %d bytes"),
                            NL_PART_MOST);
    if (u8_check((const uint8_t *)text, len) != NULL)
        return nl_error_set(err, NL_DATA, NL_TEXT("the part to look for is not valid UTF-8"));
    *out = nl_strndup(text, len);
    return NL_OK;
}

enum nl_status nl_persons_each(struct nl_store *store, const struct nl_person_query *query,
                               enum nl_status (*each)(int64_t subscriber, const char *place,
                                                      void *ctx, struct nl_error *err),
                               void *ctx, struct nl_error *err) {
    struct search found = {each, ctx, query->limit};
    char *part = NULL;
    enum nl_status status = read_part(query->part, &part, err);
    if (status == NL_OK)
        status =
            part != NULL ? search(store, query, part, found, err) : walk(store, query, &found, err);
    free(part);
    return status;
}

enum nl_status nl_persons_indexed(struct nl_store *store, bool *indexed, struct nl_error *err) {
    int64_t count = 0;
    enum nl_status status = nl_sql_number(store, err, &count, NULL,
                                          nl_sql_dialect(store)->people_indexed, NL_NO_VALUES);
    *indexed = count > 0;
    return status;
}
