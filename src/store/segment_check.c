#include "newsletter/store/segment_check.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/suggest.h"
#include "newsletter/db/sql.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const fields[] = {"email", "domain", "name", "language", "source", "joined"};
enum { FIELDS = sizeof fields / sizeof fields[0], TOLD = 40 };

static enum nl_status is_known(struct nl_store *store, const char *name, const char *const *known,
                               size_t count, bool *out, struct nl_error *err) {
    struct nl_buf path = {0};
    *out = false;
    for (size_t i = 0; i < count; i++)
        *out = *out || strcmp(known[i], name) == 0;
    if (*out)
        return NL_OK;
    nl_buf_addf(&path, "$.\"%s\"", name);
    enum nl_status status = nl_sql_exists(store, err, out,
                                          "SELECT 1 FROM subscriber WHERE attributes <> '{}' AND "
                                          "json_type(attributes, ?) IS NOT NULL LIMIT 1",
                                          NL_VALUES(NL_STRING(nl_buf_text(&path))));
    nl_buf_free(&path);
    return status;
}

/* Adds the names of one subscriber's attributes to those in `ctx`, a JSON object. */
static enum nl_status gather(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    const char *name = NULL;
    json_t *value = NULL;
    json_t *attributes = json_loads(nl_sql_text(row, 0), 0, NULL);
    (void)err;
    json_object_foreach(attributes, name, value) json_object_set_new(ctx, name, json_true());
    json_decref(attributes);
    return NL_OK;
}

static enum nl_status unknown(const json_t *names, const char *wanted, struct nl_error *err) {
    size_t count = json_object_size(names);
    const char **words = nl_calloc(count + FIELDS + 1, sizeof *words);
    struct nl_buf all = {0};
    const char *name = NULL;
    json_t *value = NULL;
    size_t at = 0;
    json_object_foreach((json_t *)names, name, value) {
        if (at < TOLD)
            nl_buf_addf(&all, "%s%s", at > 0 ? ", " : "", name);
        words[at++] = name;
    }
    nl_buf_adds(&all, at > TOLD ? ", ..." : at == 0 ? "none" : "");
    for (size_t i = 0; i < FIELDS; i++)
        words[at++] = fields[i];
    const char *near = nl_suggest(wanted, words);
    enum nl_status status =
        near != NULL
            ? nl_error_set(err, NL_DATA,
                           NL_TEXT("no subscriber has an attribute '%s': did you mean '%s'?; the "
                                   "attributes there are: %s"),
                           wanted, near, nl_buf_text(&all))
            : nl_error_set(
                  err, NL_DATA,
                  NL_TEXT("no subscriber has an attribute '%s'; the attributes there are: %s"),
                  wanted, nl_buf_text(&all));
    free(words);
    nl_buf_free(&all);
    return status;
}

static enum nl_status refuse(struct nl_store *store, const char *wanted, const char *const *known,
                             size_t count, struct nl_error *err) {
    json_t *names = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(names, known[i], json_true());
    enum nl_status status = nl_sql_each(
        store, err, gather, names,
        "SELECT DISTINCT attributes FROM subscriber WHERE attributes <> '{}'", NL_NO_VALUES);
    if (status == NL_OK)
        status = unknown(names, wanted, err);
    json_decref(names);
    return status;
}

enum nl_status nl_segment_check(struct nl_store *store, const struct nl_segment *segment,
                                const char *const *known, size_t count, struct nl_error *err) {
    bool found = true;
    enum nl_status status = NL_OK;
    if (segment->kind == NL_SEGMENT_TEST) {
        if (segment->field == NL_FIELD_ATTRIBUTE)
            status = is_known(store, segment->attribute, known, count, &found, err);
        return status == NL_OK && !found ? refuse(store, segment->attribute, known, count, err)
                                         : status;
    }
    status = nl_segment_check(store, segment->left, known, count, err);
    return status == NL_OK && segment->right != NULL
               ? nl_segment_check(store, segment->right, known, count, err)
               : status;
}
