#include "newsletter/store/segment_index.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/text.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/saved_segment.h"
#include "store/segment_sql.h"

#include <string.h>

/* Names of indexes between spaces, and the statements that make them, each on a line. */
struct wanted {
    const struct nl_store *store;
    struct nl_buf names, statements;
    size_t count;
};

static void want(struct wanted *wanted, const struct nl_segment *test) {
    enum { MOST = 8 };
    struct nl_buf name = {0};
    enum nl_segment_index index = nl_segment_index_of(test);
    if (index == NL_INDEX_NONE)
        return;
    nl_segment_index_name(index, test->attribute, &name);
    if (wanted->count < MOST &&
        !nl_text_has_word(nl_buf_text(&wanted->names), nl_buf_text(&name))) {
        nl_buf_addf(&wanted->names, " %s", nl_buf_text(&name));
        nl_segment_index_sql(wanted->store, index, test->attribute, &wanted->statements);
        nl_buf_adds(&wanted->statements, "\n");
        wanted->count++;
    }
    nl_buf_free(&name);
}

/* "name <> value" and what stands under NOT are true of most people, whom no index finds. */
static void look_at(const struct nl_segment *segment, struct wanted *wanted) {
    want(wanted, segment);
    if (segment->kind == NL_SEGMENT_TEST || segment->kind == NL_SEGMENT_NOT)
        return;
    look_at(segment->left, wanted);
    if (segment->right != NULL)
        look_at(segment->right, wanted);
}

/* An expression of an older version that is no longer understood wants nothing. */
static enum nl_status look_at_saved(const char *name, const char *expression, void *ctx,
                                    struct nl_error *err) {
    struct nl_segment *segment = NULL;
    (void)name;
    enum nl_status status = nl_segment_parse(expression, 0, &segment, err);
    if (status == NL_OK)
        look_at(segment, ctx);
    nl_segment_free(segment);
    if (status == NL_DATA)
        nl_error_free(err);
    return status == NL_DATA ? NL_OK : status;
}

static enum nl_status add_name(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    (void)err;
    struct nl_buf *names = ctx;
    nl_buf_addf(names, " %s", nl_sql_text(row, 0));
    return NL_OK;
}

static enum nl_status drop_others(struct nl_store *store, const char *present, const char *wanted,
                                  struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (const char *at = present + strspn(present, " "); status == NL_OK && *at != '\0';
         at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        struct nl_buf name = {0};
        struct nl_buf sql = {0};
        nl_buf_add(&name, at, len);
        nl_buf_addf(&sql, "DROP INDEX IF EXISTS %s", nl_buf_text(&name));
        if (!nl_text_has_word(wanted, nl_buf_text(&name)))
            status = nl_sql_script(store, nl_buf_text(&sql), err);
        nl_buf_free(&name);
        nl_buf_free(&sql);
        at += len;
    }
    return status;
}

/* The statements do nothing for an index that exists. */
static enum nl_status make_wanted(struct nl_store *store, char *statements, struct nl_error *err) {
    enum nl_status status = NL_OK;
    char *rest = NULL;
    for (char *sql = strtok_r(statements, "\n", &rest); status == NL_OK && sql != NULL;
         sql = strtok_r(NULL, "\n", &rest))
        status = nl_sql_script(store, sql, err);
    return status;
}

static enum nl_status find_present(struct nl_store *store, struct nl_buf *names,
                                   struct nl_error *err) {
    return nl_sql_each(store, err, add_name, names, nl_sql_dialect(store)->segment_indexes,
                       NL_NO_VALUES);
}

enum nl_status nl_segment_indexes_renew(struct nl_store *store, struct nl_error *err) {
    struct wanted wanted = {.store = store};
    struct nl_buf present = {0};
    enum nl_status status = nl_saved_segments_each(store, look_at_saved, &wanted, err);
    if (status == NL_OK)
        status = find_present(store, &present, err);
    if (status == NL_OK)
        status = drop_others(store, nl_buf_text(&present), nl_buf_text(&wanted.names), err);
    if (status == NL_OK && wanted.statements.len > 0)
        status = make_wanted(store, wanted.statements.data, err);
    nl_buf_free(&wanted.names);
    nl_buf_free(&wanted.statements);
    nl_buf_free(&present);
    return status;
}

static bool is_found(const struct nl_segment *segment, const char *present) {
    if (segment->kind == NL_SEGMENT_AND)
        return is_found(segment->left, present) || is_found(segment->right, present);
    if (segment->kind == NL_SEGMENT_OR)
        return is_found(segment->left, present) && is_found(segment->right, present);
    struct nl_buf name = {0};
    enum nl_segment_index index = nl_segment_index_of(segment);
    if (index == NL_INDEX_NONE)
        return false;
    nl_segment_index_name(index, segment->attribute, &name);
    bool found = nl_text_has_word(present, nl_buf_text(&name));
    nl_buf_free(&name);
    return found;
}

bool nl_segment_is_found(struct nl_store *store, const struct nl_segment *segment) {
    struct nl_buf present = {0};
    struct nl_error ignored = {0};
    bool found = segment != NULL && find_present(store, &present, &ignored) == NL_OK &&
                 is_found(segment, nl_buf_text(&present));
    nl_error_free(&ignored);
    nl_buf_free(&present);
    return found;
}
