#include "newsletter/store/person.h"

#include "newsletter/base/text.h"
#include "newsletter/store/state.h"
#include "store/event.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum nl_status nl_person_read(struct nl_store *store, int64_t subscriber, struct nl_person *out,
                              struct nl_error *err) {
    *out = (struct nl_person){0};
    enum nl_status status =
        nl_sql_first(store, err, NULL,
                     "SELECT id, address, name, language, attributes FROM subscriber WHERE id = ?",
                     NL_VALUES(NL_INT(subscriber)),
                     NL_COLUMNS(NL_INTO(&out->id), NL_INTO(&out->address), NL_INTO(&out->name),
                                NL_INTO(&out->language), NL_INTO(&out->attributes)));
    if (status == NL_OK && out->id == 0)
        status = nl_error_set(err, NL_NOTFOUND, "there is no such subscriber");
    if (status != NL_OK)
        nl_person_free(out);
    return status;
}

void nl_person_free(struct nl_person *person) {
    free(person->address);
    free(person->name);
    free(person->language);
    free(person->attributes);
    *person = (struct nl_person){0};
}

static enum nl_status write_person(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct nl_person *person = ctx;
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE subscriber SET name = ?, language = ?, attributes = coalesce(?, '{}') WHERE id = ?",
        NL_VALUES(NL_STRING(person->name), NL_STRING(person->language),
                  NL_STRING(person->attributes), NL_INT(person->id)));
    return status == NL_OK ? nl_event_add(store, "edited", 0, person->id, 0, "operator", err)
                           : status;
}

enum nl_status nl_person_write(struct nl_store *store, const struct nl_person *person,
                               struct nl_error *err) {
    struct nl_person copy = *person;
    return nl_sql_exclusive(store, write_person, &copy, err);
}

/* ---- looking for people ---- */

/* SQLite knows the small letters of ASCII alone, and PostgreSQL those of its locale. So a part with
 * other letters is looked for here, and the database finds the rest. */
struct visit {
    enum nl_status (*each)(const struct nl_person_row *row, void *ctx, struct nl_error *err);
    void *ctx;
    const char *part; /* folded; NULL: the database has found it */
    int64_t left;     /* rows to report, with a part; < 0: all */
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
    struct visit *visit = context;
    struct nl_person_row item = {0};
    bool found = visit->part == NULL;
    if (visit->left == 0)
        return NL_OK;
    enum nl_status status =
        nl_sql_read(row,
                    NL_COLUMNS(NL_INTO(&item.address), NL_INTO(&item.name), NL_INTO(&item.language),
                               NL_INTO(&item.list), NL_INTO(&item.state), NL_INTO(&item.since)),
                    err);
    if (status == NL_OK)
        status = holds(item.address, visit->part, &found, err);
    if (status == NL_OK)
        status = holds(item.name, visit->part, &found, err);
    if (status != NL_OK || !found)
        return status;
    visit->left -= visit->left > 0 ? 1 : 0;
    return visit->each(&item, visit->ctx, err);
}

static bool is_ascii(const char *text) {
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* An erased person has no address any more. */
enum nl_status nl_persons_each(struct nl_store *store, const char *part, int64_t limit,
                               enum nl_status (*each)(const struct nl_person_row *row, void *ctx,
                                                      struct nl_error *err),
                               void *ctx, struct nl_error *err) {
    bool here = part != NULL && !is_ascii(part);
    char *folded = here ? nl_text_fold(part) : NULL;
    struct visit visit = {each, ctx, folded, here && limit > 0 ? limit : -1};
    if (here && folded == NULL)
        return nl_error_set(err, NL_DATA, "the part to look for is not valid UTF-8");
    enum nl_status status = nl_sql_each(
        store, err, visit_row, &visit,
        "SELECT r.address, r.name, r.language, l.name, s.state, "
        "coalesce(s.ended_at, s.confirmed_at, s.created_at) FROM subscriber r "
        "LEFT JOIN subscription s ON s.subscriber = r.id LEFT JOIN list l ON l.id = s.list "
        "WHERE r.address_key LIKE '%@%' AND (?1 IS NULL OR instr(r.address_key, lower(?1)) > 0 "
        "OR instr(lower(r.address), lower(?1)) > 0 OR instr(lower(coalesce(r.name, '')), "
        "lower(?1)) > 0) ORDER BY r.address_key, l.name LIMIT ?2",
        NL_VALUES(NL_STRING(here ? NULL : part), NL_INT(nl_sql_limit(here ? 0 : limit))));
    free(folded);
    return status;
}
