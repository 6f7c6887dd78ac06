#include "bulletin/expression.h"

#include "newsletter/base/segment_match.h"

#include <string.h>

enum { LENGTH_LIMIT = 1000 };

static const char hidden[] = "0x";

bool nl_expression_is_if(const char *name) {
    return strncmp(name, "if", 2) == 0 && (name[2] == '\0' || strchr(" \t\n", name[2]) != NULL);
}

/* The "}}" that ends an expression, which may hold braces in quotation marks; NULL for none. */
static const char *find_end(const char *text, const char *end) {
    char quote = '\0';
    for (const char *at = text; at + 1 < end && at - text < LENGTH_LIMIT; at++) {
        if (quote == '\0' && at[0] == '}' && at[1] == '}')
            return at;
        if (quote != '\0' && *at == '\\' && at + 2 < end)
            at++;
        else if (*at == quote)
            quote = '\0';
        else if (quote == '\0' && (*at == '"' || *at == '\''))
            quote = *at;
    }
    return NULL;
}

static void hide(const char *text, size_t len, struct nl_buf *out) {
    static const char digits[] = "0123456789abcdef";
    nl_buf_adds(out, hidden);
    for (size_t i = 0; i < len; i++) {
        nl_buf_addc(out, digits[(unsigned char)text[i] >> 4]);
        nl_buf_addc(out, digits[(unsigned char)text[i] & 15]);
    }
}

void nl_expressions_hide(const char *text, size_t len, struct nl_buf *out) {
    const char *end = text + len;
    for (const char *open = NULL; (open = memmem(text, (size_t)(end - text), "{{", 2)) != NULL;) {
        const char *name = open + 3;
        const char *close = end - open > 6 && (open[2] == '#' || open[2] == '^') &&
                                    strncmp(name, "if", 2) == 0 && strchr(" \t\n", name[2]) != NULL
                                ? find_end(name + 2, end)
                                : NULL;
        if (close == NULL) {
            nl_buf_add(out, text, (size_t)(open + 2 - text));
            text = open + 2;
            continue;
        }
        nl_buf_add(out, text, (size_t)(open - text));
        nl_buf_addf(out, "{{%cif ", open[2]);
        hide(name + 3, (size_t)(close - name - 3), out);
        text = close;
    }
    nl_buf_add(out, text, (size_t)(end - text));
}

size_t nl_expressions_lines(const char *text, size_t len) {
    static const char start[] = "if 0x";
    const char *end = text + len;
    size_t count = 0;
    for (const char *at = text; at < end; at++) {
        count += *at == '\n';
        if (*at != 'i' || (size_t)(end - at) < sizeof start || strncmp(at, start, 5) != 0)
            continue;
        for (at += 5; at + 1 < end && strchr("}\n", *at) == NULL; at += 2)
            count += at[0] == '0' && at[1] == 'a';
        at--;
    }
    return count;
}

static int digit_of(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_hidden(const char *text) {
    size_t len = strlen(text);
    return strncmp(text, hidden, 2) == 0 && len % 2 == 0 &&
           strspn(text + 2, "0123456789abcdef") == len - 2;
}

void nl_expression_show(const char *text, struct nl_buf *out) {
    struct nl_buf plain = {0};
    text += strspn(text, " \t\n");
    if (is_hidden(text))
        for (text += 2; *text != '\0'; text += 2)
            nl_buf_addc(&plain, (char)(digit_of(text[0]) * 16 + digit_of(text[1])));
    else
        nl_buf_adds(&plain, text);
    const char *start = nl_buf_text(&plain) + strspn(nl_buf_text(&plain), " \t\n");
    size_t len = strlen(start);
    while (len > 0 && strchr(" \t\n", start[len - 1]) != NULL)
        len--;
    for (size_t i = 0; i < len; i++)
        nl_buf_addc(out, (unsigned char)start[i] < ' ' ? ' ' : start[i]);
    nl_buf_free(&plain);
}

enum nl_status nl_expression_read(const char *text, const char *where, struct nl_segment **out,
                                  struct nl_error *err) {
    static const char *const names[] = {[NL_FIELD_LANGUAGE] = "language",
                                        [NL_FIELD_SOURCE] = "source",
                                        [NL_FIELD_JOINED] = "joined"};
    enum nl_segment_field field = NL_FIELD_EMAIL;
    if (nl_segment_parse(text, 0, out, err) != NL_OK)
        return nl_error_context(err, "%s: {{#if %s}}", where, text);
    if (nl_segment_is_personal(*out, &field))
        return NL_OK;
    nl_segment_free(*out);
    *out = NULL;
    return nl_error_set(err, NL_DATA,
                        "%s: {{#if %s}}: an issue can ask for email, domain, name and attributes, "
                        "not for %s",
                        where, text, names[field]);
}
