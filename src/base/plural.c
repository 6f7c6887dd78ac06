#include "newsletter/base/plural.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_LIMIT = 40, LEVELS = 6 };

/* An expression that is evaluated while it is read. */
struct expression {
    const char *at;
    unsigned long n;
    int depth;
    bool bad;
};

/* The operators of C, by how closely they bind; within a level, the longer ones first. */
static const struct {
    int level;
    const char *sign;
} operators[] = {{0, "||"}, {1, "&&"}, {2, "=="}, {2, "!="}, {3, "<="}, {3, ">="}, {3, "<"},
                 {3, ">"},  {4, "+"},  {4, "-"},  {5, "*"},  {5, "/"},  {5, "%"}};

enum { OPERATORS = sizeof operators / sizeof operators[0] };

static unsigned long choice(struct expression *e);

static bool take(struct expression *e, const char *sign) {
    while (isblank((unsigned char)*e->at))
        e->at++;
    size_t len = strlen(sign);
    if (strncmp(e->at, sign, len) != 0)
        return false;
    e->at += len;
    return true;
}

static unsigned long operand(struct expression *e) {
    unsigned long value = 0;
    if (++e->depth > DEPTH_LIMIT) {
        e->bad = true;
    } else if (take(e, "!")) {
        value = !operand(e);
    } else if (take(e, "(")) {
        value = choice(e);
        e->bad = !take(e, ")") || e->bad;
    } else if (take(e, "n")) {
        value = e->n;
    } else {
        char *end = NULL;
        e->bad = !isdigit((unsigned char)*e->at) || e->bad;
        value = strtoul(e->at, &end, 10);
        e->at = end;
    }
    e->depth--;
    return value;
}

static unsigned long divide(struct expression *e, char sign, unsigned long a, unsigned long b) {
    e->bad = b == 0 || e->bad;
    if (b == 0)
        return 0;
    return sign == '/' ? a / b : a % b;
}

static unsigned long apply(struct expression *e, const char *sign, unsigned long a,
                           unsigned long b) {
    switch (sign[0]) {
    case '|':
        return a || b;
    case '&':
        return a && b;
    case '=':
        return a == b;
    case '!':
        return a != b;
    case '<':
        return sign[1] == '=' ? a <= b : a < b;
    case '>':
        return sign[1] == '=' ? a >= b : a > b;
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    default:
        return divide(e, sign[0], a, b);
    }
}

static const char *take_operator(struct expression *e, int level) {
    for (size_t i = 0; i < OPERATORS; i++)
        if (operators[i].level == level && take(e, operators[i].sign))
            return operators[i].sign;
    return NULL;
}

static unsigned long binary(struct expression *e, int level) {
    if (level == LEVELS)
        return operand(e);
    unsigned long value = binary(e, level + 1);
    const char *sign = NULL;
    while (!e->bad && (sign = take_operator(e, level)) != NULL)
        value = apply(e, sign, value, binary(e, level + 1));
    return value;
}

/* Both branches are evaluated, for there is nothing that could go wrong in the other one only,
 * besides a division by zero, which no rule needs. */
static unsigned long choice(struct expression *e) {
    unsigned long value = 0;
    if (++e->depth > DEPTH_LIMIT)
        e->bad = true;
    else
        value = binary(e, 0);
    if (!e->bad && take(e, "?")) {
        unsigned long yes = choice(e);
        e->bad = !take(e, ":") || e->bad;
        unsigned long no = e->bad ? 0 : choice(e);
        value = value ? yes : no;
    }
    e->depth--;
    return value;
}

size_t nl_plural_form(const char *head, unsigned long n, size_t forms) {
    static const char key[] = "plural="; /* "nplurals=" does not hold it */
    const char *line = strcasestr(head, "Plural-Forms:");
    const char *rule = line != NULL ? strstr(line, key) : NULL;
    struct expression e = {.at = rule != NULL ? rule + sizeof key - 1 : "", .n = n};
    unsigned long form = choice(&e);
    if (e.bad || !take(&e, ";"))
        form = n != 1;
    return form < forms ? form : forms - 1;
}
