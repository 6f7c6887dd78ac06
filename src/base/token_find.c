#include "newsletter/base/token_find.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DECODINGS = 4, TEXT_LIMIT = 64 * 1024, JUNK_LIMIT = 16, ISSUE_DIGITS = 18 };

/* Sequences that stand for something else, or for nothing, wherever they occur. */
static const struct replacement {
    const char *from, *to;
} replacements[] = {
    {"\xe2\x80\x90", "-"}, /* U+2010 to U+2015, U+2212 and others: what editors make of "-" */
    {"\xe2\x80\x91", "-"}, {"\xe2\x80\x92", "-"}, {"\xe2\x80\x93", "-"}, {"\xe2\x80\x94", "-"},
    {"\xe2\x80\x95", "-"}, {"\xe2\x88\x92", "-"}, {"\xef\xb9\xa3", "-"}, {"\xef\xbc\x8d", "-"},
    {"&#45;", "-"},        {"&#x2d;", "-"},       {"&#8209;", "-"},      {"&hyphen;", "-"},
    {"&shy;", ""},         {"&nbsp;", ""},        {"&#8203;", ""},       {"<wbr>", ""},
    {"\xc2\xad", ""},     /* soft hyphen */
    {"\xc2\xa0", ""},     /* no-break space */
    {"\xe2\x80\x8b", ""}, /* U+200B to U+200F: zero-width space, joiners, direction */
    {"\xe2\x80\x8c", ""},  {"\xe2\x80\x8d", ""},  {"\xe2\x80\x8e", ""},  {"\xe2\x80\x8f", ""},
    {"\xe2\x80\xa8", ""},                        /* line and paragraph separator */
    {"\xe2\x80\xa9", ""},  {"\xe2\x80\xaa", ""}, /* U+202A to U+202E, U+2066 to U+2069: direction */
    {"\xe2\x80\xac", ""},  {"\xe2\x80\xaf", ""},  {"\xe2\x81\xa0", ""}, /* word joiner */
    {"\xe2\x81\xa6", ""},  {"\xe2\x81\xa9", ""},  {"\xef\xbb\xbf", ""}, /* byte order mark */
    {"=E2=80=91", "-"}, /* the same in quoted-printable */
    {"=E2=80=90", "-"},    {"=E2=80=93", "-"},    {"=C2=AD", ""},        {"=C2=A0", ""},
    {"=E2=80=8B", ""},
};

static void replace_sequences(char *text) {
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        size_t i = 0;
        size_t count = sizeof replacements / sizeof replacements[0];
        while (i < count &&
               strncasecmp(from, replacements[i].from, strlen(replacements[i].from)) != 0)
            i++;
        if (i == count) {
            *to++ = *from++;
            continue;
        }
        from += strlen(replacements[i].from);
        if (replacements[i].to[0] != '\0')
            *to++ = replacements[i].to[0];
    }
    *to = '\0';
}

/* White space, the ends of quoted-printable lines, marks of quoting and of emphasis. */
static const char *skip_junk(const char *p) {
    for (int i = 0; i < JUNK_LIMIT; i++, p++)
        if (*p == '\0' || (!isspace((unsigned char)*p) && strchr("=<>\"'|*_`+\\", *p) == NULL))
            break;
    return p;
}

static bool is_hyphen_place(size_t digits) {
    return digits == 8 || digits == 12 || digits == 16 || digits == 20;
}

/* Reads a token that begins at `p`. *end is the place after it. */
static bool read_token(const char *p, bool hyphens, char out[NL_TOKEN_LEN + 1], const char **end) {
    size_t len = 0;
    for (size_t digits = 0; digits < 32; digits++) {
        if (is_hyphen_place(digits)) {
            const char *next = skip_junk(p);
            bool encoded = strncasecmp(p, "=2D", 3) == 0;
            bool there = encoded || *next == '-';
            if (there)
                p = encoded ? p + 3 : next + 1;
            else if (hyphens)
                return false;
            out[len++] = '-';
        }
        if (digits > 0)
            p = skip_junk(p);
        if (!isxdigit((unsigned char)*p))
            return false;
        out[len++] = *p++;
    }
    out[len] = '\0';
    *end = p;
    return true;
}

/* Without hyphens nothing shows where a token begins: no digit may stand before or after it, except
 * the "3D" of a quoted-printable "=". */
static bool stands_alone(const char *text, const char *start, const char *end) {
    size_t before = 0;
    while (start - before > text && isxdigit((unsigned char)start[-1 - (ptrdiff_t)before]))
        before++;
    bool sign = before == 2 && strncasecmp(start - 2, "3D", 2) == 0;
    return (before == 0 || sign) && !isxdigit((unsigned char)*end);
}

/* The end of a line in quoted-printable, which may stand anywhere within a link. */
static const char *skip_soft_break(const char *p) {
    if (p[0] == '=' && p[1] == '\n')
        return p + 2;
    return p[0] == '=' && p[1] == '\r' && p[2] == '\n' ? p + 3 : p;
}

/* Reads the "-ISSUE" of a link at `p`; 0 if something else stands there. */
static int64_t read_issue(const char *p) {
    int64_t issue = 0;
    int digits = 0;
    p = skip_soft_break(p);
    bool encoded = strncasecmp(p, "=2D", 3) == 0;
    if (!encoded && *p != '-')
        return 0;
    for (p = skip_soft_break(p + (encoded ? 3 : 1)); isdigit((unsigned char)*p);
         p = skip_soft_break(p + 1), digits++)
        if (digits < ISSUE_DIGITS)
            issue = 10 * issue + (*p - '0');
    return digits <= ISSUE_DIGITS && !isalnum((unsigned char)*p) ? issue : 0;
}

static bool find_token(const char *text, bool hyphens, struct nl_token *token) {
    char found[NL_TOKEN_LEN + 1];
    const char *end = NULL;
    for (const char *p = text; *p != '\0'; p++)
        if (isxdigit((unsigned char)*p) && read_token(p, hyphens, found, &end) &&
            (hyphens || stands_alone(text, p, end)) && nl_token_parse(found, token)) {
            token->issue = read_issue(end);
            return true;
        }
    return false;
}

bool nl_token_find(const char *text, struct nl_token *token) {
    char *copy = nl_strndup(text, TEXT_LIMIT);
    bool found = false;
    for (int i = 0; i < DECODINGS && nl_text_decode_percent(copy); i++)
        ;
    replace_sequences(copy);
    const char *named = strcasestr(copy, "token");
    for (int pass = 0; pass < 2 && !found; pass++)
        found = (named != NULL && find_token(named, pass == 0, token)) ||
                find_token(copy, pass == 0, token);
    free(copy);
    return found;
}
