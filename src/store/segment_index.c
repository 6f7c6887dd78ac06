#include "newsletter/store/segment_index.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/text.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/saved_segment.h"
#include "store/segment_sql.h"

#include <string.h>

/* Attributes between spaces. */
struct wanted {
    struct nl_buf names;
    size_t count;
};

static void want(struct wanted *wanted, const char *attribute) {
    enum { MOST = 8 };
    if (wanted->count == MOST || nl_text_has_word(nl_buf_text(&wanted->names), attribute))
        return;
    nl_buf_addf(&wanted->names, " %s", attribute);
    wanted->count++;
}

/* "name <> value" and what stands under NOT are true of most people, whom no index finds. */
static void look_at(const struct nl_segment *segment, struct wanted *wanted) {
    if (segment->kind == NL_SEGMENT_TEST && nl_segment_is_indexable(segment))
        want(wanted, segment->attribute);
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
    struct nl_buf *names = ctx;
    nl_buf_addf(names, " %s", nl_sql_text(row, 0));
    return names->failed ? nl_error_nomem(err) : NL_OK;
}

/* Runs `sql`, in which %s stands for the attribute, for each of `names` that is not in `others`. */
static enum nl_status for_each_name(struct nl_store *store, const char *names, const char *others,
                                    void (*write)(const char *name, struct nl_buf *sql),
                                    struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (const char *at = names + strspn(names, " "); status == NL_OK && *at != '\0';
         at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        struct nl_buf name = {0};
        struct nl_buf sql = {0};
        nl_buf_add(&name, at, len);
        if (!nl_text_has_word(others, nl_buf_text(&name))) {
            write(nl_buf_text(&name), &sql);
            status = sql.failed || name.failed ? nl_error_nomem(err)
                                               : nl_sql_script(store, nl_buf_text(&sql), err);
        }
        nl_buf_free(&name);
        nl_buf_free(&sql);
        at += len;
    }
    return status;
}

static void write_drop(const char *name, struct nl_buf *sql) {
    nl_buf_addf(sql, "DROP INDEX IF EXISTS " NL_SEGMENT_INDEX "%s", name);
}

static void write_create(const char *name, struct nl_buf *sql) {
    nl_buf_addf(sql, "CREATE INDEX IF NOT EXISTS " NL_SEGMENT_INDEX "%s ON subscriber (lower(",
                name);
    nl_segment_attribute("attributes", name, sql);
    nl_buf_adds(sql, ")) WHERE lower(");
    nl_segment_attribute("attributes", name, sql);
    nl_buf_adds(sql, ") IS NOT NULL");
}

/* Where the schema is not trusted, since the file may come from anywhere, one of the engines lets
 * no function of JSON stand in it. */
enum nl_status nl_segment_indexes_renew(struct nl_store *store, struct nl_error *err) {
    struct wanted wanted = {0};
    struct nl_buf present = {0};
    if (nl_sql_dialect(store)->segment_indexes == NULL)
        return NL_OK;
    enum nl_status status = nl_saved_segments_each(store, look_at_saved, &wanted, err);
    if (status == NL_OK && wanted.names.failed)
        status = nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_sql_each(store, err, add_name, &present, nl_sql_dialect(store)->segment_indexes,
                             NL_NO_VALUES);
    if (status == NL_OK)
        status = for_each_name(store, nl_buf_text(&present), nl_buf_text(&wanted.names), write_drop,
                               err);
    if (status == NL_OK)
        status = for_each_name(store, nl_buf_text(&wanted.names), nl_buf_text(&present),
                               write_create, err);
    nl_buf_free(&wanted.names);
    nl_buf_free(&present);
    return status;
}
