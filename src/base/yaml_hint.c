#include "base/yaml_hint.h"

#include "newsletter/base/catalog.h"

#include <stdbool.h>
#include <string.h>

enum { KEY_LIMIT = 40 };

const char *nl_yaml_line(const char *text, size_t len, size_t line) {
    const char *end = text + len;
    while (line-- > 0) {
        const char *next = memchr(text, '\n', (size_t)(end - text));
        if (next == NULL)
            return end;
        text = next + 1;
    }
    return text;
}

/* The length of the key that a line begins with; 0 if it begins with none. */
static size_t key_length(const char *line, size_t len) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    size_t at = 0;
    while (at < len && at < KEY_LIMIT && strchr(letters, line[at]) != NULL && line[at] != '\0')
        at++;
    return at > 0 && at < len && line[at] == ':' ? at : 0;
}

static bool says(const yaml_parser_t *parser, const char *words) {
    return parser->problem != NULL && strstr(parser->problem, words) != NULL;
}

/* The line with the fault: for some problems libyaml names the place where it noticed. */
static size_t faulty_line(const yaml_parser_t *parser) {
    bool noticed_later = says(parser, "could not find expected ':'") ||
                         says(parser, "did not find expected") ||
                         says(parser, "found unexpected end of stream") ||
                         says(parser, "found unexpected document indicator");
    bool has_context = parser->context != NULL &&
                       strstr(parser->context, "block mapping") == NULL &&
                       strstr(parser->context, "block collection") == NULL;
    return noticed_later && has_context ? parser->context_mark.line : parser->problem_mark.line;
}

static const char *hint_for(const yaml_parser_t *parser, const char *line, size_t len) {
    size_t indent = strspn(line, " ");
    if (memchr(line, '\t', len) != NULL && (line[indent] == '\t' || says(parser, "token")))
        return NL_TEXT_IN("error", "indent with spaces, not with tabs");
    size_t key = key_length(line + indent, len - indent);
    const char *value = line + indent + key + (key > 0);
    size_t rest = len - (size_t)(value - line);
    bool pair = key > 0 && memchr(value, ':', rest) != NULL;
    if (says(parser, "mapping values are not allowed"))
        return pair || key == 0
                   ? NL_TEXT_IN("error", "a colon within a value needs quotation marks")
                   : NL_TEXT_IN("error", "indent the line as the others are");
    if (says(parser, "<document start>"))
        return NL_TEXT_IN("error", "lines after '...' would be lost: remove the '...'");
    if (says(parser, "could not find expected ':'"))
        return NL_TEXT_IN("error", "write 'key: value', with a space after the colon");
    if (says(parser, "cannot start any token"))
        return NL_TEXT_IN("error",
                          "a value that begins with such a character needs quotation marks");
    if (says(parser, "unexpected end of stream") || says(parser, "unexpected document indicator"))
        return NL_TEXT_IN("error", "a quotation mark or bracket is not closed");
    if (says(parser, "escape"))
        return NL_TEXT_IN("error",
                          "a backslash between \"...\" is an escape: write two, or use '...'");
    if (parser->context != NULL && strstr(parser->context, "block scalar") != NULL)
        return NL_TEXT_IN("error", "a value that begins with | or > needs quotation marks");
    if (says(parser, "did not find expected"))
        return NL_TEXT_IN(
            "error",
            "put the whole value in quotation marks, and a backslash before each \" in it");
    if (parser->context != NULL && strstr(parser->context, "directive") != NULL)
        return NL_TEXT_IN("error", "a line cannot begin with a percent sign: remove it");
    return NULL;
}

enum nl_status nl_yaml_explain(const yaml_parser_t *parser, const char *text, size_t len,
                               const char *name, size_t first_line, struct nl_error *err) {
    size_t number = faulty_line(parser);
    const char *line = nl_yaml_line(text, len, number);
    const char *end = memchr(line, '\n', len - (size_t)(line - text));
    size_t line_len = end != NULL ? (size_t)(end - line) : len - (size_t)(line - text);
    const char *hint = hint_for(parser, line, line_len);
    size_t indent = strspn(line, " ");
    size_t key = key_length(line + indent, line_len - indent);
    const char *problem = parser->problem != NULL ? parser->problem : "unreadable";
    if (hint != NULL && key > 0 && strstr(hint, "needs quotation marks") != NULL)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s:%zu: not valid YAML: %s: put the %.*s in quotation marks, as "
                    "'%.*s: \"...\"'"),
            name, first_line + number, hint, (int)key, line + indent, (int)key, line + indent);
    return nl_error_set(err, NL_DATA, NL_TEXT("%s:%zu: not valid YAML: %s"), name,
                        first_line + number, hint != NULL ? hint : problem);
}
