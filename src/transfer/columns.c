#include "transfer/columns.h"

#include "newsletter/base/attributes.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/kept_error.h"
#include "newsletter/base/memory.h"
#include "transfer/reader.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the options say ---- */

/* The name of the column that "FIELD=COLUMN" maps. */
static const char *map_target(const char *map) {
    const char *equals = strchr(map, '=');
    return equals != NULL ? equals + 1 : NULL;
}

/* Whether an option means this column: as it is written, or with other case, blanks and signs. */
static bool names(const char *option, const char *column) {
    char left[NL_WORD_SIZE];
    char right[NL_WORD_SIZE];
    if (strcmp(option, column) == 0)
        return true;
    nl_word_fold(option, left);
    nl_word_fold(column, right);
    return left[0] != '\0' && strcmp(left, right) == 0;
}

static const char *find_map(const struct nl_columns *columns, const char *name) {
    const struct nl_import_options *options = columns->options;
    for (size_t i = 0; i < options->map_count; i++)
        if (strcmp(map_target(options->maps[i]), name) == 0)
            return options->maps[i];
    for (size_t i = 0; i < options->map_count; i++)
        if (names(map_target(options->maps[i]), name))
            return options->maps[i];
    return NULL;
}

/* By an option; or it is the column of reasons that an earlier import has written. */
static bool is_ignored(const struct nl_columns *columns, const char *name) {
    if (names(NL_REASON_COLUMN, name))
        return true;
    for (size_t i = 0; i < columns->options->ignore_count; i++)
        if (names(columns->options->ignores[i], name))
            return true;
    return false;
}

/* The meaning of FIELD in --map. */
static enum nl_column field_of(const char *map, const char **attribute) {
    static const char prefix[] = "attribute.";
    size_t len = strcspn(map, "=");
    *attribute = NULL;
    if (strncmp(map, prefix, sizeof prefix - 1) == 0 && len > sizeof prefix - 1) {
        *attribute = map + sizeof prefix - 1;
        return NL_COLUMN_ATTRIBUTE;
    }
    for (int i = 0; i < NL_COLUMN_FIELDS; i++)
        if (strlen(nl_column_names[i]) == len && strncmp(nl_column_names[i], map, len) == 0)
            return (enum nl_column)i;
    return NL_COLUMN_NONE;
}

enum nl_status nl_import_check_map(const char *map, struct nl_error *err) {
    const char *attribute = NULL;
    const char *target = map_target(map);
    if (target == NULL || target == map + 1)
        return nl_error_set(err, NL_USAGE, "--map '%s': write it as FIELD=COLUMN", map);
    return field_of(map, &attribute) != NL_COLUMN_NONE
               ? NL_OK
               : nl_error_set(err, NL_USAGE,
                              "--map '%s': there is no field '%.*s': see newsletter(1)", map,
                              (int)(target - map - 1), map);
}

static enum nl_status check_map(struct nl_columns *columns, const char *map, struct nl_error *err) {
    const char *attribute = NULL;
    enum nl_status status = nl_import_check_map(map, err);
    enum nl_column field = status == NL_OK ? field_of(map, &attribute) : NL_COLUMN_NONE;
    if (field < NL_COLUMN_FIELDS)
        columns->mapped[field] = true;
    return status;
}

enum nl_status nl_columns_open(struct nl_columns *columns, const struct nl_lexicon *lexicon,
                               const struct nl_import_options *options, struct nl_error *err) {
    enum nl_status status = NL_OK;
    columns->lexicon = lexicon;
    columns->options = options;
    for (size_t i = 0; status == NL_OK && i < options->map_count; i++)
        status = check_map(columns, options->maps[i], err);
    return status;
}

void nl_columns_free(struct nl_columns *columns) {
    for (size_t i = 0; i < columns->count; i++) {
        free(columns->list[i].name);
        free(columns->list[i].attribute);
    }
    nl_buf_free(&columns->unused);
    nl_buf_free(&columns->notes);
    json_decref(columns->note_parts);
    columns->note_parts = NULL;
    columns->count = 0;
}

void nl_columns_note(struct nl_columns *columns, const char *format, ...) {
    struct nl_error note = {0};
    va_list args;
    va_start(args, format);
    (void)nl_error_set_args(&note, NL_DATA, format, args);
    va_end(args);
    nl_buf_addf(&columns->notes, "%s\n", nl_error_text(&note));
    if (columns->note_parts == NULL)
        columns->note_parts = json_array();
    json_t *kept = nl_error_keep(&note);
    json_array_append_new(columns->note_parts,
                          kept != NULL ? kept : json_string(nl_error_text(&note)));
    nl_error_free(&note);
}

static enum nl_status check_named(const struct nl_columns *columns, const char *option,
                                  const char *file, struct nl_error *err) {
    for (size_t i = 0; i < columns->count; i++)
        if (names(option, columns->list[i].name))
            return NL_OK;
    return nl_error_set(err, NL_DATA, NL_TEXT("%s:1: there is no column '%s'"), file, option);
}

enum nl_status nl_columns_check(const struct nl_columns *columns, const char *file,
                                struct nl_error *err) {
    const struct nl_import_options *options = columns->options;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < options->map_count; i++)
        status = check_named(columns, map_target(options->maps[i]), file, err);
    for (size_t i = 0; status == NL_OK && i < options->ignore_count; i++)
        status = check_named(columns, options->ignores[i], file, err);
    return status;
}

/* ---- what a column is ---- */

static void add_unused(struct nl_columns *columns, const char *name) {
    nl_buf_addf(&columns->unused, "%s%s", columns->unused.len > 0 ? ", " : "", name);
}

/* By its name alone. */
static void look_up(struct nl_columns *columns, struct nl_file_column *column) {
    static const char prefix[] = "attribute.";
    if (strncmp(column->name, prefix, sizeof prefix - 1) == 0) {
        column->kind = NL_COLUMN_ATTRIBUTE;
        column->attribute = nl_strdup(column->name + sizeof prefix - 1);
        return;
    }
    column->kind = names(NL_STATE_COLUMN, column->name)
                       ? NL_COLUMN_STATE
                       : nl_lexicon_column(columns->lexicon, column->name, &column->guessed);
    column->apart = column->kind == NL_COLUMN_PLAIN && column->guessed;
    column->guessed = column->guessed && !column->apart; /* it gives way to no other */
    column->suspect =
        column->kind == NL_COLUMN_NONE && nl_lexicon_is_suspect(columns->lexicon, column->name);
}

/* --keep-columns: what has no other use becomes an attribute. */
static enum nl_status keep(struct nl_file_column *column, struct nl_error *err) {
    column->attribute = nl_attribute_name(column->name);
    if (column->attribute == NULL && column->suspect) /* its first value is refused */
        return NL_OK;
    if (column->attribute == NULL)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("column '%s' cannot be the name of an attribute: give it one with --map "
                    "'attribute.NAME=%s', or leave it out with --ignore"),
            column->name, column->name);
    column->kind = NL_COLUMN_ATTRIBUTE;
    column->kept = true;
    return NL_OK;
}

enum nl_status nl_columns_add(struct nl_columns *columns, const char *name, struct nl_error *err) {
    const char *attribute = NULL;
    enum nl_status status = NL_OK;
    if (columns->count == NL_COLUMNS_LIMIT)
        return nl_error_set(err, NL_DATA, NL_TEXT("more than %d columns"), NL_COLUMNS_LIMIT);
    struct nl_file_column *column = &columns->list[columns->count];
    *column = (struct nl_file_column){.name = nl_strdup(name), .kind = NL_COLUMN_NONE};
    columns->count++;
    const char *map = find_map(columns, name);
    column->unused = map == NULL && is_ignored(columns, name);
    column->mapped = map != NULL;
    if (map != NULL) {
        column->kind = field_of(map, &attribute);
        if (attribute != NULL)
            column->attribute = nl_strndup(attribute, strcspn(attribute, "="));
    } else if (!column->unused) {
        look_up(columns, column);
        bool free_to_keep = column->kind == NL_COLUMN_NONE || column->kind == NL_COLUMN_PLAIN;
        if (free_to_keep && columns->options->keep_columns && name[0] != '\0')
            status = keep(column, err);
        else if (free_to_keep)
            add_unused(columns, name[0] != '\0' ? name : "(one without a name)");
    }
    /* Which column it is has been said; another one of that sort does not count. A sign of a state
     * stays one: that somebody has left may stand in any of them. */
    if (!column->mapped && column->kind < NL_COLUMN_STATE && columns->mapped[column->kind]) {
        column->unused = true;
        add_unused(columns, name);
    }
    return status;
}

size_t nl_columns_find(const struct nl_columns *columns, const char *name) {
    size_t at = 0;
    while (at < columns->count && strcmp(columns->list[at].name, name) != 0)
        at++;
    return at;
}

static bool is_outdone(const struct nl_columns *columns, const struct nl_file_column *column) {
    for (size_t i = 0; i < columns->count; i++)
        if (columns->list[i].kind == column->kind && !columns->list[i].unused &&
            !columns->list[i].guessed)
            return true;
    return false;
}

void nl_columns_settle(struct nl_columns *columns) {
    for (size_t i = 0; i < columns->count; i++) {
        struct nl_file_column *column = &columns->list[i];
        if (!column->guessed || column->unused || !is_outdone(columns, column))
            continue;
        column->unused = true;
        add_unused(columns, column->name);
    }
}

bool nl_columns_have(const struct nl_columns *columns, enum nl_column kind) {
    for (size_t i = 0; i < columns->count; i++)
        if (columns->list[i].kind == kind && !columns->list[i].unused)
            return true;
    return false;
}

enum nl_status nl_columns_speak(struct nl_columns *columns, size_t index, struct nl_error *err) {
    const struct nl_file_column *column = &columns->list[index];
    size_t *speaker = &columns->speaker[column->kind];
    if (*speaker == 0 || *speaker == index + 1) {
        *speaker = index + 1;
        return NL_OK;
    }
    const struct nl_file_column *other = &columns->list[*speaker - 1];
    if (other->guessed != column->guessed) {
        *speaker = column->guessed ? *speaker : index + 1;
        return NL_OK;
    }
    const char *field = nl_column_names[column->kind];
    return nl_error_set(err, NL_DATA,
                        NL_TEXT("columns '%s' and '%s' both say the %s: choose one with --map "
                                "'%s=%s', or leave one out with --ignore '%s'"),
                        other->name, column->name, field, field, other->name, column->name);
}

enum nl_status nl_columns_refuse(const struct nl_columns *columns, struct nl_error *err) {
    struct nl_buf list = {0};
    const char *first = NULL;
    for (size_t i = 0; i < columns->count; i++) {
        if (!columns->list[i].suspect)
            continue;
        nl_buf_addf(&list, "%s'%s'", first != NULL ? ", " : "", columns->list[i].name);
        first = first != NULL ? first : columns->list[i].name;
    }
    nl_error_set(
        err, NL_DATA,
        NL_TEXT("the name suggests consent or a state, but is not understood: %s: say what it is, "
                "such as --map 'subscribed=%s', or leave it out with --ignore '%s'"),
        nl_buf_text(&list), first != NULL ? first : "", first != NULL ? first : "");
    nl_buf_free(&list);
    return NL_DATA;
}
