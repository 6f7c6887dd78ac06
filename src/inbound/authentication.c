/* Authentication-Results (RFC 8601), as far as a canary asks for it: who says it, and the results
 * of SPF, DKIM and DMARC. */
#include "newsletter/base/buf.h"
#include "newsletter/inbound/seed.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A field that is longer is cut off. */
enum { VALUE_LIMIT = 16384 };

static bool is_space(char sign) {
    return sign == ' ' || sign == '\t' || sign == '\r' || sign == '\n';
}

/* ---- the text of a field ---- */

/* Where a comment ends, which may hold others (RFC 5322 section 3.2.2). */
static size_t skip_comment(const char *text, size_t at, size_t len) {
    size_t depth = 0;
    do {
        if (text[at] == '\\' && at + 1 < len)
            at++;
        else if (text[at] == '(')
            depth++;
        else if (text[at] == ')')
            depth--;
        at++;
    } while (at < len && depth > 0);
    return at;
}

/* Signs within quotes separate nothing. */
static size_t take_quoted(const char *text, size_t at, size_t len, struct nl_buf *out) {
    for (at++; at < len && text[at] != '"'; at++) {
        if (text[at] == '\\' && at + 1 < len)
            at++;
        nl_buf_addc(out, strchr(";= \t\r\n", text[at]) != NULL ? '_' : text[at]);
    }
    return at < len ? at + 1 : at;
}

/* Without comments and quotes, with one blank between words and none around "=". */
static void simplify(const char *text, size_t len, struct nl_buf *out) {
    size_t at = 0;
    nl_buf_clear(out);
    while (at < len) {
        char last = out->len > 0 ? out->data[out->len - 1] : ' ';
        if (text[at] == '(') {
            at = skip_comment(text, at, len);
        } else if (text[at] == '"') {
            at = take_quoted(text, at, len, out);
        } else if (is_space(text[at])) {
            if (last != ' ' && last != '=')
                nl_buf_addc(out, ' ');
            at++;
        } else {
            if (text[at] == '=' && last == ' ' && out->len > 0)
                out->len--;
            nl_buf_addc(out, text[at++]);
        }
    }
}

/* ---- its parts ---- */

static void copy_lower(char *out, size_t size, const char *text, size_t len) {
    size_t fit = len < size - 1 ? len : size - 1;
    for (size_t i = 0; i < fit; i++) {
        unsigned char sign = (unsigned char)text[i];
        out[i] = sign > ' ' && sign < 127 ? (char)tolower(sign) : '?';
    }
    out[fit] = '\0';
}

/* The next word up to a blank. */
static size_t word_length(const char *text, size_t len) {
    size_t at = 0;
    while (at < len && text[at] != ' ')
        at++;
    return at;
}

/* "header.d=example.org" of a DKIM result. */
static void find_domain(const char *text, size_t len, char out[NL_AUTH_NAME]) {
    static const char property[] = "header.d=";
    size_t at = 0;
    while (at < len) {
        size_t word = word_length(text + at, len - at);
        if (word > sizeof property - 1 &&
            strncasecmp(text + at, property, sizeof property - 1) == 0)
            copy_lower(out, NL_AUTH_NAME, text + at + sizeof property - 1,
                       word - (sizeof property - 1));
        at += word + 1;
    }
}

/* The first result counts, but of several signatures one that passes. */
static void take_result(const char *text, size_t len, struct nl_authentication *out) {
    const struct {
        const char *method;
        char *result;
    } methods[] = {{"spf", out->spf}, {"dkim", out->dkim}, {"dmarc", out->dmarc}};
    size_t word = word_length(text, len);
    const char *equals = memchr(text, '=', word);
    char result[NL_AUTH_RESULT];
    if (equals == NULL)
        return; /* "none" */
    size_t name = strcspn(text, "/=");
    copy_lower(result, sizeof result, equals + 1, word - (size_t)(equals + 1 - text));
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        bool dkim = methods[i].result == out->dkim;
        if (name != strlen(methods[i].method) || strncasecmp(text, methods[i].method, name) != 0)
            continue;
        if (methods[i].result[0] != '\0' && !(dkim && strcmp(result, "pass") == 0))
            continue;
        if (dkim && strcmp(out->dkim, "pass") == 0)
            continue;
        memcpy(methods[i].result, result, sizeof result);
        if (dkim)
            find_domain(text + word, len - word, out->dkim_domain);
    }
}

/* The name of who says it stands first, and may have a version after it. */
static void take_field(const char *text, size_t len, const char *authserv_id,
                       struct nl_authentication *out) {
    struct nl_buf simple = {0};
    char name[NL_AUTH_NAME];
    simplify(text, len < VALUE_LIMIT ? len : VALUE_LIMIT, &simple);
    const char *at = nl_buf_text(&simple);
    size_t part = strcspn(at, ";");
    at += strspn(at, " ");
    copy_lower(name, sizeof name, at, strcspn(at, " ;"));
    const char *wanted = authserv_id != NULL           ? authserv_id
                         : out->authserv_id[0] != '\0' ? out->authserv_id
                                                       : name;
    if (name[0] != '\0' && strcasecmp(name, wanted) == 0) {
        memcpy(out->authserv_id, name, sizeof name);
        at = nl_buf_text(&simple) + part;
        while (*at == ';') {
            at += 1 + strspn(at + 1, " ");
            part = strcspn(at, ";");
            take_result(at, part, out);
            at += part;
        }
    }
    nl_buf_free(&simple);
}

/* ---- the header ---- */

/* The length of a field with its continuation lines. */
static size_t field_length(const char *text, size_t len) {
    size_t at = 0;
    for (;;) {
        const char *end = memchr(text + at, '\n', len - at);
        if (end == NULL)
            return len;
        at = (size_t)(end - text) + 1;
        if (at == len || (text[at] != ' ' && text[at] != '\t'))
            return at;
    }
}

static bool is_field(const char *text, size_t len, const char *name) {
    size_t own = strlen(name);
    return len > own && text[own] == ':' && strncasecmp(text, name, own) == 0;
}

void nl_authentication_read(const char *header, size_t len, const char *authserv_id,
                            struct nl_authentication *out) {
    static const char name[] = "Authentication-Results";
    size_t at = 0;
    *out = (struct nl_authentication){0};
    while (at < len && header[at] != '\r' && header[at] != '\n') {
        const char *field = header + at;
        size_t own = field_length(field, len - at);
        if (out->authserv_id[0] != '\0' && is_field(field, own, "Received"))
            return;
        if (is_field(field, own, name))
            take_field(field + sizeof name, own - sizeof name, authserv_id, out);
        at += own;
    }
}
