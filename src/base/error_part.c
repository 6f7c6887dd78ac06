#include "base/error_part.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 9999 }; /* of a width, a precision or a place */

/* A va_list is an array on some machines and none on others: within a struct, functions can take
 * arguments from the same one everywhere. */
struct arguments {
    va_list list;
};

void nl_error_one_line(char *text, size_t len) {
    for (char *p = text; p < text + len; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
}

static const char *read_number(const char *p, int *out) {
    for (*out = 0; *p >= '0' && *p <= '9' && *out < MOST; p++)
        *out = *out * 10 + (*p - '0');
    return p;
}

static const char *read_length(const char *p, char *out) {
    if (strncmp(p, "ll", 2) == 0) {
        *out = 'q';
        return p + 2;
    }
    *out = *p == 'l' || *p == 'z' ? *p : '\0';
    return *out != '\0' ? p + 1 : p;
}

bool nl_conversion_read(const char *format, struct nl_conversion *out) {
    int number = 0;
    const char *p = format + 1;
    *out = (struct nl_conversion){.begin = format, .precision = -1};
    const char *after = read_number(p, &number);
    if (after > p && *after == '$') {
        out->place = (size_t)number;
        p = after + 1;
    }
    out->zeros = *p == '0';
    if (*p == '*') {
        out->width_given = true;
        p++;
    } else {
        p = read_number(p, &out->width);
    }
    if (strncmp(p, ".*", 2) == 0) {
        out->precision_given = true;
        p += 2;
    } else if (*p == '.') {
        p = read_number(p + 1, &out->precision);
    }
    p = read_length(p, &out->length);
    out->kind = *p;
    out->end = p + 1;
    return *p != '\0' && strchr("sdiuxc%", *p) != NULL;
}

static int64_t take_number(const struct nl_conversion *wanted, struct arguments *from) {
    switch (wanted->length) {
    case 'q':
        return va_arg(from->list, long long);
    case 'l':
        return va_arg(from->list, long);
    case 'z':
        return (int64_t)va_arg(from->list, size_t);
    default:
        return wanted->kind == 'u' || wanted->kind == 'x' ? (int64_t)va_arg(from->list, unsigned)
                                                          : va_arg(from->list, int);
    }
}

/* Appends the word that printf would put in, and its NUL. */
static void add_word(struct nl_buf *words, const struct nl_conversion *wanted,
                     struct arguments *from) {
    int width = wanted->width_given ? va_arg(from->list, int) : wanted->width;
    int precision = wanted->precision_given ? va_arg(from->list, int) : wanted->precision;
    if (wanted->kind == 's') {
        const char *word = va_arg(from->list, const char *);
        if (word == NULL)
            word = "(null)";
        nl_buf_add(words, word, precision >= 0 ? strnlen(word, (size_t)precision) : strlen(word));
    } else if (wanted->kind == 'c') {
        nl_buf_addc(words, (char)va_arg(from->list, int));
    } else {
        int64_t number = take_number(wanted, from);
        if (wanted->kind == 'x')
            nl_buf_addf(words, wanted->zeros ? "%0*llx" : "%*llx", width,
                        (unsigned long long)number);
        else if (wanted->kind == 'u')
            nl_buf_addf(words, "%*llu", width, (unsigned long long)number);
        else
            nl_buf_addf(words, wanted->zeros ? "%0*lld" : "%*lld", width, (long long)number);
    }
    nl_buf_addc(words, '\0');
}

static bool take_apart(const char *format, va_list args, struct nl_buf *words) {
    struct nl_conversion conversion;
    struct arguments rest;
    bool known = true;
    va_copy(rest.list, args);
    for (const char *p = strchr(format, '%'); known && p != NULL; p = strchr(conversion.end, '%')) {
        known = nl_conversion_read(p, &conversion) && conversion.place == 0;
        if (known && conversion.kind != '%')
            add_word(words, &conversion, &rest);
    }
    va_end(rest.list);
    return known;
}

struct nl_error_part *nl_error_part_make(const char *format, va_list args) {
    struct nl_buf words = {0};
    struct nl_error_part *part = nl_calloc(1, sizeof *part);
    if (!take_apart(format, args, &words)) {
        nl_buf_free(&words);
        free(part);
        return NULL;
    }
    part->format = format;
    part->words_len = words.len;
    for (size_t at = 0; at < words.len; at += strlen(words.data + at) + 1)
        nl_error_one_line(words.data + at, strlen(words.data + at));
    part->words = nl_buf_take(&words);
    return part;
}

void nl_error_part_free(struct nl_error_part *part) {
    while (part != NULL) {
        struct nl_error_part *within = part->within;
        free(part->words);
        free(part);
        part = within;
    }
}
