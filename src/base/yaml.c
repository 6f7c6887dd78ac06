#include "newsletter/base/yaml.h"
#include "newsletter/base/memory.h"

#include "base/yaml_hint.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

enum { DEPTH_LIMIT = 8, ENTRY_LIMIT = 1000 };

struct reader {
    yaml_document_t document;
    const char *text;
    size_t len;
    const char *name;
    size_t first_line;
    struct nl_yaml *out;
    struct nl_error *err;
};

static size_t line_of(const struct reader *reader, const yaml_node_t *node) {
    return reader->first_line + node->start_mark.line;
}

static enum nl_yaml_form form_of(const yaml_node_t *node) {
    const char *value = (const char *)node->data.scalar.value;
    switch (node->data.scalar.style) {
    case YAML_PLAIN_SCALAR_STYLE:
        return value[0] == '\0'                                            ? NL_YAML_EMPTY
               : strcmp(value, "~") == 0 || strcasecmp(value, "null") == 0 ? NL_YAML_NULL
                                                                           : NL_YAML_PLAIN;
    case YAML_LITERAL_SCALAR_STYLE:
    case YAML_FOLDED_SCALAR_STYLE:
        return NL_YAML_BLOCK;
    default:
        return NL_YAML_QUOTED;
    }
}

/* Whether "#" comes next after a value, on the same line. libyaml counts columns in characters. */
static bool has_comment(const struct reader *reader, const yaml_node_t *node,
                        enum nl_yaml_form form) {
    if (form == NL_YAML_QUOTED || form == NL_YAML_BLOCK)
        return false;
    const char *line = nl_yaml_line(reader->text, reader->len, node->end_mark.line);
    const char *end = reader->text + reader->len;
    for (size_t column = 0; column < node->end_mark.column && line < end; column++)
        for (line++; line < end && ((unsigned char)*line & 0xc0) == 0x80;)
            line++;
    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    return line < end && *line == '#';
}

/* Adds a scalar, or a mapping or sequence that is empty: "city: {}" says as much as "city:". */
static enum nl_status add_entry(struct reader *reader, const char *path, const yaml_node_t *node) {
    struct nl_yaml *out = reader->out;
    bool scalar = node->type == YAML_SCALAR_NODE;
    const char *value = scalar ? (const char *)node->data.scalar.value : "";
    size_t len = scalar ? node->data.scalar.length : 0;
    if (strlen(value) != len)
        return nl_error_set(reader->err, NL_DATA, "%s:%zu: a NUL byte in the value of '%s'",
                            reader->name, line_of(reader, node), path);
    if (nl_yaml_get(out, path) != NULL)
        return nl_error_set(reader->err, NL_DATA,
                            NL_TEXT("%s:%zu: '%s' is given twice: remove one"), reader->name,
                            line_of(reader, node), path);
    if (out->count == ENTRY_LIMIT)
        return nl_error_set(reader->err, NL_DATA, "%s: more than %d settings", reader->name,
                            ENTRY_LIMIT);
    struct nl_yaml_entry *grown =
        nl_realloc(out->entries, (out->count + 1) * sizeof out->entries[0]);
    out->entries = grown;
    enum nl_yaml_form form = scalar ? form_of(node) : NL_YAML_EMPTY;
    grown[out->count++] =
        (struct nl_yaml_entry){.path = nl_strdup(path),
                               .value = nl_strdup(form == NL_YAML_NULL ? "" : value),
                               .line = line_of(reader, node),
                               .form = form,
                               .comment = scalar && has_comment(reader, node, form)};
    return NL_OK;
}

static enum nl_status walk(struct reader *reader, const char *path, int index, int depth);

static enum nl_status walk_child(struct reader *reader, const char *path, const char *key,
                                 int index, int depth) {
    struct nl_buf child = {0};
    nl_buf_addf(&child, "%s%s%s", path, path[0] != '\0' ? "." : "", key);
    enum nl_status status = walk(reader, child.data, index, depth + 1);
    nl_buf_free(&child);
    return status;
}

static enum nl_status walk_mapping(struct reader *reader, const char *path, const yaml_node_t *node,
                                   int depth) {
    yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    if (pair == node->data.mapping.pairs.top && path[0] != '\0')
        return add_entry(reader, path, node);
    for (; pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
        if (key == NULL || key->type != YAML_SCALAR_NODE || key->data.scalar.length == 0)
            return nl_error_set(reader->err, NL_DATA, NL_TEXT("%s:%zu: a key is not a plain word"),
                                reader->name, line_of(reader, key != NULL ? key : node));
        enum nl_status status =
            walk_child(reader, path, (const char *)key->data.scalar.value, pair->value, depth);
        if (status != NL_OK)
            return status;
    }
    return NL_OK;
}

static enum nl_status walk_sequence(struct reader *reader, const char *path,
                                    const yaml_node_t *node, int depth) {
    yaml_node_item_t *item = node->data.sequence.items.start;
    if (item == node->data.sequence.items.top)
        return add_entry(reader, path, node);
    for (; item < node->data.sequence.items.top; item++) {
        struct nl_buf key = {0};
        nl_buf_addf(&key, "%td", item - node->data.sequence.items.start);
        enum nl_status status = walk_child(reader, path, nl_buf_text(&key), *item, depth);
        nl_buf_free(&key);
        if (status != NL_OK)
            return status;
    }
    return NL_OK;
}

static enum nl_status walk(struct reader *reader, const char *path, int index, int depth) {
    const yaml_node_t *node = yaml_document_get_node(&reader->document, index);
    if (node == NULL)
        return nl_error_set(reader->err, NL_DATA, "%s: '%s' has no value", reader->name, path);
    if (depth > DEPTH_LIMIT)
        return nl_error_set(reader->err, NL_DATA, NL_TEXT("%s:%zu: nested too deeply"),
                            reader->name, line_of(reader, node));
    switch (node->type) {
    case YAML_MAPPING_NODE:
        return walk_mapping(reader, path, node, depth);
    case YAML_SEQUENCE_NODE:
        return walk_sequence(reader, path, node, depth);
    case YAML_SCALAR_NODE:
        return add_entry(reader, path, node);
    default:
        return nl_error_set(reader->err, NL_DATA, "%s:%zu: '%s' has no value", reader->name,
                            line_of(reader, node), path);
    }
}

/* The anchor or tag of an event, which would be taken off its value silently; NULL for none. */
static const yaml_char_t *anchor_or_tag(const yaml_event_t *event) {
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    return anchor != NULL ? anchor : tag;
}

static enum nl_status check_event(const struct reader *reader, const yaml_event_t *event,
                                  int *documents) {
    size_t line = reader->first_line + event->start_mark.line;
    const yaml_char_t *lost = anchor_or_tag(event);
    /* libyaml resolves aliases while it composes, so nested aliases turn a small file into a huge
     * document. */
    if (event->type == YAML_ALIAS_EVENT)
        return nl_error_set(
            reader->err, NL_DATA,
            NL_TEXT("%s:%zu: YAML aliases are not supported: put a value that begins with "
                    "* in quotation marks"),
            reader->name, line);
    if (lost != NULL)
        return nl_error_set(
            reader->err, NL_DATA,
            NL_TEXT("%s:%zu: '%s' would be an anchor or a tag of YAML, and lost: put a "
                    "value that begins with & or ! in quotation marks"),
            reader->name, line, (const char *)lost);
    if (event->type == YAML_DOCUMENT_START_EVENT && ++*documents > 1)
        return nl_error_set(
            reader->err, NL_DATA,
            NL_TEXT("%s:%zu: a second document begins here, and would be lost: remove the "
                    "line '...' or '---' before it"),
            reader->name, line);
    return NL_OK;
}

/* Reads the whole text once for its form, and for the things that composing it would hide. */
static enum nl_status check_form(const struct reader *reader) {
    yaml_parser_t parser;
    enum nl_status status = NL_OK;
    int documents = 0;
    if (!yaml_parser_initialize(&parser))
        return nl_error_nomem(reader->err);
    yaml_parser_set_input_string(&parser, (const unsigned char *)reader->text, reader->len);
    for (bool more = true; more && status == NL_OK;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = nl_yaml_explain(&parser, reader->text, reader->len, reader->name,
                                     reader->first_line, reader->err);
            break;
        }
        status = check_event(reader, &event, &documents);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status;
}

enum nl_status nl_yaml_read(const char *text, size_t len, const char *name, size_t first_line,
                            struct nl_yaml *out, struct nl_error *err) {
    struct reader reader = {
        .text = text, .len = len, .name = name, .first_line = first_line, .out = out, .err = err};
    yaml_parser_t parser;
    *out = (struct nl_yaml){0};
    enum nl_status status = check_form(&reader);
    if (status != NL_OK)
        return status;
    if (!yaml_parser_initialize(&parser))
        return nl_error_nomem(err);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    if (yaml_parser_load(&parser, &reader.document)) {
        const yaml_node_t *root = yaml_document_get_root_node(&reader.document);
        if (root != NULL && root->type != YAML_MAPPING_NODE)
            status = nl_error_set(err, NL_DATA,
                                  NL_TEXT("%s:%zu: expected lines of the form 'key: value'"), name,
                                  first_line);
        else if (root != NULL)
            status = walk(&reader, "", 1, 0);
        yaml_document_delete(&reader.document);
    } else {
        status = nl_error_nomem(err);
    }
    yaml_parser_delete(&parser);
    return status;
}

const char *nl_yaml_get(const struct nl_yaml *yaml, const char *path) {
    for (size_t i = 0; i < yaml->count; i++)
        if (strcmp(yaml->entries[i].path, path) == 0)
            return yaml->entries[i].value;
    return NULL;
}

void nl_yaml_free(struct nl_yaml *yaml) {
    for (size_t i = 0; i < yaml->count; i++) {
        free(yaml->entries[i].path);
        free(yaml->entries[i].value);
    }
    free(yaml->entries);
    *yaml = (struct nl_yaml){0};
}
