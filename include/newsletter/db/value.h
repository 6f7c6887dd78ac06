/* Values that go into a statement and columns that come out of a row, of types that the compiler
 * checks: a value of another type is an error, not a wrong row. */
#ifndef NEWSLETTER_DB_VALUE_H
#define NEWSLETTER_DB_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- into a statement ---- */

/* One parameter. Texts and bytes are borrowed until the statement has run; data of NULL, or `null`,
 * is NULL. Make one with the macros below. */
struct nl_value {
    char type; /* 'i' number, 'd' real number, 's' text, 'b' bytes, 'p' and 'q' see NL_OF; '\0'
                * ends a list */
    bool null;
    int64_t number;
    double real;
    const void *data;
    size_t len; /* 'b' */
};

static inline struct nl_value nl_value_int(int64_t number) {
    return (struct nl_value){.type = 'i', .number = number};
}

static inline struct nl_value nl_value_real(double real) {
    return (struct nl_value){.type = 'd', .real = real};
}

static inline struct nl_value nl_value_string(const char *text) {
    return (struct nl_value){.type = 's', .data = text};
}

static inline struct nl_value nl_value_bytes(const void *data, size_t len) {
    return (struct nl_value){.type = 'b', .data = data, .len = len};
}

/* Whole numbers of any width, and truth values. */
#define NL_INT(x)                                                                                  \
    _Generic((x), bool                                                                             \
             : nl_value_int, int                                                                   \
             : nl_value_int, unsigned                                                              \
             : nl_value_int, long                                                                  \
             : nl_value_int, unsigned long                                                         \
             : nl_value_int, long long                                                             \
             : nl_value_int, unsigned long long                                                    \
             : nl_value_int)(x)
#define NL_REAL(x) _Generic((x), float : nl_value_real, double : nl_value_real)(x)
#define NL_STRING(x) _Generic((x), char * : nl_value_string, const char * : nl_value_string)(x)
#define NL_BYTES(data, len) nl_value_bytes(data, len)
#define NL_NULL ((struct nl_value){.type = 's', .null = true})

/* Before the parameters of a statement that has NL_OF_ISSUE (sql.h): whose deliveries it is about,
 * those of an issue (0: those without one) or that of one delivery. */
#define NL_OF(issue) ((struct nl_value){.type = 'p', .number = (issue)})
#define NL_OF_DELIVERY(id) ((struct nl_value){.type = 'q', .number = (id)})

/* The parameters of a statement, from ?1 on. */
#define NL_VALUES(...) ((const struct nl_value[]){__VA_ARGS__, {.type = '\0'}})
#define NL_NO_VALUES ((const struct nl_value[]){{.type = '\0'}})

/* ---- out of a row ---- */

/* Where one column goes. Make one with the macros below. */
struct nl_column {
    char type; /* 'i', 'n' int, 'o' truth, 'd', 'c' copied text, 's' borrowed text, 'f' fixed
                  length, 'b' bytes, '-' passed over; '\0' ends a list */
    void *to;
    size_t size; /* 'f' */
    size_t *len; /* 'b' */
};

static inline struct nl_column nl_into_int64(int64_t *to) {
    return (struct nl_column){.type = 'i', .to = to};
}

static inline struct nl_column nl_into_int(int *to) {
    return (struct nl_column){.type = 'n', .to = to};
}

static inline struct nl_column nl_into_bool(bool *to) {
    return (struct nl_column){.type = 'o', .to = to};
}

static inline struct nl_column nl_into_real(double *to) {
    return (struct nl_column){.type = 'd', .to = to};
}

static inline struct nl_column nl_into_copy(char **to) {
    return (struct nl_column){.type = 'c', .to = to};
}

static inline struct nl_column nl_into_borrowed(const char **to) {
    return (struct nl_column){.type = 's', .to = (void *)to};
}

static inline struct nl_column nl_into_fixed(char *to, size_t size) {
    return (struct nl_column){.type = 'f', .to = to, .size = size};
}

static inline struct nl_column nl_into_bytes(char **to, size_t *len) {
    return (struct nl_column){.type = 'b', .to = to, .len = len};
}

/* By the type of what `to` points at: int64_t, int, bool or double; char * for a copy of a text,
 * which is the caller's to free; const char * for a text that lives until the next row. NULL stays
 * NULL, or is 0. */
#define NL_INTO(to)                                                                                \
    _Generic((to), int64_t *                                                                       \
             : nl_into_int64, int *                                                                \
             : nl_into_int, bool *                                                                 \
             : nl_into_bool, double *                                                              \
             : nl_into_real, char **                                                               \
             : nl_into_copy, const char **                                                         \
             : nl_into_borrowed)(to)

/* A text into an array of `size` bytes; "" where it is NULL or does not fit. */
#define NL_INTO_FIXED(to, size) nl_into_fixed(to, size)

/* A copy of bytes, the caller's to free, with a NUL after them; NULL stays NULL. */
#define NL_INTO_BYTES(to, len) nl_into_bytes(to, len)

/* A column that is not wanted. */
#define NL_SKIP ((struct nl_column){.type = '-'})

/* The columns of a row, from the first on. */
#define NL_COLUMNS(...) ((const struct nl_column[]){__VA_ARGS__, {.type = '\0'}})

#endif
