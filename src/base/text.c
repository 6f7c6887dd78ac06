#include "newsletter/base/text.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

enum { TAG_LIMIT = 4096, URL_LIMIT = 900 };

static bool is_control(ucs4_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

/* Characters that set the direction of what follows (UAX 9 section 2): overrides show letters in an
 * order that is not theirs, and one that is left open turns what stands after the text, too. */
struct directions {
    int embeddings, isolates;
    bool overrides;
};

static void follow(struct directions *directions, ucs4_t c) {
    if (c == 0x202d || c == 0x202e)
        directions->overrides = true;
    else if (c == 0x202a || c == 0x202b)
        directions->embeddings++;
    else if (c == 0x202c && directions->embeddings > 0)
        directions->embeddings--;
    else if (c >= 0x2066 && c <= 0x2068)
        directions->isolates++;
    else if (c == 0x2069 && directions->isolates > 0)
        directions->isolates--;
}

enum nl_status nl_text_check_line(const char *text, const char *what, struct nl_error *err) {
    const uint8_t *p = (const uint8_t *)text;
    size_t left = strlen(text);
    while (left > 0) {
        ucs4_t c = *p;
        int used = c >= 0x20 && c < 0x7f ? 1 : u8_mbtoucr(&c, p, left);
        if (used <= 0)
            return nl_error_set(err, NL_DATA, NL_TEXT("%s is not valid UTF-8: save it as UTF-8"),
                                what);
        if (is_control(c))
            return nl_error_set(
                err, NL_DATA,
                NL_TEXT("%s holds a line break or control character: write it on one line"), what);
        p += used;
        left -= (size_t)used;
    }
    return NL_OK;
}

enum nl_status nl_text_check_directions(const char *text, const char *what, struct nl_error *err) {
    static const char block[] = "\xe2"; /* all of them begin with this byte */
    struct directions directions = {0};
    ucs4_t c = 0;
    if (strstr(text, block) == NULL)
        return NL_OK;
    for (const uint8_t *p = (const uint8_t *)text; (p = u8_next(&c, p)) != NULL;)
        follow(&directions, c);
    if (directions.overrides || directions.embeddings > 0 || directions.isolates > 0)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s holds an invisible character that turns the direction of the text: "
                    "type it again"),
            what);
    return NL_OK;
}

enum nl_status nl_text_check_label(const char *text, const char *what, struct nl_error *err) {
    enum nl_status status = nl_text_check_line(text, what, err);
    return status == NL_OK ? nl_text_check_directions(text, what, err) : status;
}

enum nl_status nl_text_check_body(const char *text, size_t len, const char *what,
                                  struct nl_error *err) {
    size_t line = 1;
    for (size_t at = 0; at < len;) {
        ucs4_t c = 0;
        int used = u8_mbtoucr(&c, (const uint8_t *)text + at, len - at);
        if (used <= 0)
            return nl_error_set(err, NL_DATA,
                                NL_TEXT("%s:%zu: not valid UTF-8: save the file as UTF-8"), what,
                                line);
        if (c == '\n')
            line++;
        else if (c != '\t' && (c < 0x20 || (c >= 0x7f && c < 0xa0)))
            return nl_error_set(err, NL_DATA,
                                NL_TEXT("%s:%zu: control character 0x%02x: remove it"), what, line,
                                (unsigned)c);
        at += (size_t)used;
    }
    return NL_OK;
}

bool nl_text_is_name(const char *text, const char *signs, size_t limit) {
    size_t len = 0;
    for (; text[len] != '\0'; len++)
        if (!(isascii((unsigned char)text[len]) && isalnum((unsigned char)text[len])) &&
            strchr(signs, text[len]) == NULL)
            return false;
    return len > 0 && len <= limit;
}

size_t nl_text_fit(const char *text, size_t most) {
    size_t len = strnlen(text, most);
    while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
        len--; /* within a character */
    return len;
}

void nl_text_add_printable(struct nl_buf *out, const char *text, size_t len) {
    for (size_t i = 0; i < len;) {
        size_t plain = i;
        while (plain < len && text[plain] >= ' ' && text[plain] <= '~')
            plain++;
        nl_buf_add(out, text + i, plain - i);
        i = plain;
        if (i == len)
            return;
        ucs4_t c = 0;
        int used = u8_mbtoucr(&c, (const uint8_t *)text + i, len - i);
        bool shown =
            used > 0 && !uc_is_general_category_withtable(
                            c, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Cs |
                                   UC_CATEGORY_MASK_Co | UC_CATEGORY_MASK_Cn | UC_CATEGORY_MASK_Zl |
                                   UC_CATEGORY_MASK_Zp);
        size_t step = used > 0 ? (size_t)used : 1;
        if (shown)
            nl_buf_add(out, text + i, step);
        else
            nl_buf_addc(out, '?');
        i += step;
    }
}

bool nl_text_integer(const char *text, int64_t *value) {
    char *end = NULL;
    if (!isdigit((unsigned char)text[0]) && text[0] != '-')
        return false;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        return false;
    *value = number;
    return true;
}

bool nl_text_duration(const char *text, int64_t *seconds) {
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}, {'\0', 1}};
    char *end = NULL;
    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || number > INT32_MAX)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (*end != units[i].unit || (*end != '\0' && end[1] != '\0'))
            continue;
        *seconds = number * units[i].seconds;
        return true;
    }
    return false;
}

void nl_text_slug(struct nl_buf *out, const char *text) {
    bool pending = false;
    for (const char *p = text; *p; p++) {
        if (!isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80) {
            pending = true;
            continue;
        }
        if (pending && out->len > 0)
            nl_buf_addc(out, '-');
        pending = false;
        nl_buf_addc(out, (char)tolower((unsigned char)*p));
    }
}

bool nl_text_is_http_url(const char *text) {
    size_t scheme = strncasecmp(text, "https://", 8) == 0  ? 8
                    : strncasecmp(text, "http://", 7) == 0 ? 7
                                                           : 0;
    if (scheme == 0 || text[scheme] == '\0' || text[scheme] == '/' || strlen(text) > URL_LIMIT)
        return false;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f || strchr("<>\"\\^`", *p))
            return false;
    return true;
}

void nl_text_from_html(struct nl_buf *out, const char *html, size_t limit) {
    static const struct {
        const char *name, *text;
    } entities[] = {{"&lt;", "<"},   {"&gt;", ">"},  {"&amp;", "&"},
                    {"&nbsp;", " "}, {"&#64;", "@"}, {"&quot;", "\""}};
    for (const char *p = html; *p != '\0' && out->len < limit;) {
        const char *close = *p == '<' && (isalpha((unsigned char)p[1]) || strchr("/!", p[1]))
                                ? memchr(p, '>', strnlen(p, TAG_LIMIT))
                                : NULL;
        if (close != NULL && memchr(p, '@', (size_t)(close - p)) == NULL) {
            bool breaks = strncasecmp(p, "<br", 3) == 0 || strncasecmp(p, "<p", 2) == 0 ||
                          strncasecmp(p, "</p", 3) == 0 || strncasecmp(p, "</div", 5) == 0 ||
                          strncasecmp(p, "</tr", 4) == 0 || strncasecmp(p, "</h", 3) == 0;
            nl_buf_addc(out, breaks ? '\n' : ' ');
            p = close + 1;
            if (breaks)
                p += strspn(p, "\r\n");
            continue;
        }
        size_t entity = 0;
        while (entity < sizeof entities / sizeof entities[0] &&
               strncmp(p, entities[entity].name, strlen(entities[entity].name)) != 0)
            entity++;
        if (entity < sizeof entities / sizeof entities[0]) {
            nl_buf_adds(out, entities[entity].text);
            p += strlen(entities[entity].name);
        } else {
            nl_buf_addc(out, *p++);
        }
    }
}

char *nl_text_fold(const char *text) {
    size_t len = 0;
    char *folded =
        (char *)u8_casefold((const uint8_t *)text, strlen(text) + 1, NULL, UNINORM_NFC, NULL, &len);
    if (folded == NULL && errno == ENOMEM)
        nl_memory_end();
    return folded;
}

static int hex_of(char letter) {
    return isdigit((unsigned char)letter) ? letter - '0'
                                          : tolower((unsigned char)letter) - 'a' + 10;
}

bool nl_text_decode_percent(char *text) {
    char *to = text;
    bool changed = false;
    for (const char *from = text; *from != '\0'; to++) {
        bool encoded = *from == '%' && isxdigit((unsigned char)from[1]) &&
                       isxdigit((unsigned char)from[2]) && (from[1] != '0' || from[2] != '0');
        *to = encoded ? (char)(hex_of(from[1]) * 16 + hex_of(from[2])) : *from;
        from += encoded ? 3 : 1;
        changed = changed || encoded;
    }
    *to = '\0';
    return changed;
}

void nl_text_encode_percent(struct nl_buf *out, const char *text) {
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if ((byte < 128 && isalnum(byte)) || strchr("-._~", byte) != NULL)
            nl_buf_addc(out, *text);
        else
            nl_buf_addf(out, "%%%02X", byte);
    }
}

bool nl_text_is_record(const char *text, const char *version) {
    size_t len = strlen(version);
    return strncmp(text, version, len) == 0 && text[len + strspn(text + len, " \t")] == ';';
}

bool nl_text_has_word(const char *words, const char *word) {
    size_t wanted = strlen(word);
    while (*words != '\0') {
        size_t len = strcspn(words, " ");
        if (len == wanted && len > 0 && strncmp(words, word, len) == 0)
            return true;
        words += len + (words[len] == ' ');
    }
    return false;
}
