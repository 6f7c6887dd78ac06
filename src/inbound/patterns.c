#define PCRE2_CODE_UNIT_WIDTH 8
#include "inbound/patterns.h"

#include "newsletter/base/embedded.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 500000, LINE_LIMIT = 600 };

struct pattern {
    enum nl_rule rule;
    char reason[24];
    bool hard;
    pcre2_code *code;
};

struct nl_bounce_reader {
    struct pattern *patterns;
    size_t count;
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

static const char *const rule_names[NL_RULES] = {"daemon", "subject", "away",  "delayed",
                                                 "intro",  "line",    "noise", "end",
                                                 "reason", "status",  "hint"};

static bool find(const struct nl_bounce_reader *reader, const struct pattern *pattern,
                 const char *text) {
    size_t len = strnlen(text, LINE_LIMIT);
    while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80) /* not within a character */
        len--;
    /* 0 is a match with more groups than asked for. */
    return pcre2_match(pattern->code, (PCRE2_SPTR)text, len, 0, 0, reader->match, reader->limits) >=
           0;
}

static const struct pattern *first(const struct nl_bounce_reader *reader, enum nl_rule rule,
                                   const char *text) {
    for (size_t i = 0; i < reader->count; i++)
        if (reader->patterns[i].rule == rule && find(reader, &reader->patterns[i], text))
            return &reader->patterns[i];
    return NULL;
}

bool nl_patterns_match(const struct nl_bounce_reader *reader, enum nl_rule rule, const char *text) {
    return first(reader, rule, text) != NULL;
}

const char *nl_patterns_reason(const struct nl_bounce_reader *reader, enum nl_rule rule,
                               const char *text) {
    const struct pattern *pattern = first(reader, rule, text);
    return pattern != NULL ? pattern->reason : NULL;
}

bool nl_patterns_is_hard(const struct nl_bounce_reader *reader, const char *reason) {
    for (size_t i = 0; i < reader->count; i++)
        if (reader->patterns[i].rule == NL_RULE_REASON &&
            strcmp(reader->patterns[i].reason, reason) == 0)
            return reader->patterns[i].hard;
    return false;
}

/* The next word of a line, cut off; *line moves behind it. */
static const char *take_word(char **line) {
    char *word = *line;
    *line += strcspn(word, " \t");
    if (**line != '\0')
        *(*line)++ = '\0';
    *line += strspn(*line, " \t");
    return word;
}

static enum nl_status add_pattern(struct nl_bounce_reader *reader, char *line, size_t number,
                                  struct nl_error *err) {
    struct pattern *grown =
        realloc(reader->patterns, (reader->count + 1) * sizeof *reader->patterns);
    if (grown == NULL)
        return nl_error_nomem(err);
    reader->patterns = grown;
    struct pattern *pattern = &grown[reader->count];
    *pattern = (struct pattern){0};
    const char *name = take_word(&line);
    while (pattern->rule < NL_RULES && strcmp(rule_names[pattern->rule], name) != 0)
        pattern->rule++;
    if (pattern->rule == NL_RULES)
        return nl_error_set(err, NL_INTERNAL, "bounce/patterns.txt:%zu: no rule '%s'", number,
                            name);
    if (pattern->rule >= NL_RULE_REASON)
        snprintf(pattern->reason, sizeof pattern->reason, "%s", take_word(&line));
    if (pattern->rule != NL_RULE_STATUS && pattern->rule >= NL_RULE_REASON)
        pattern->hard = strcmp(take_word(&line), "hard") == 0;
    int code = 0;
    PCRE2_SIZE offset = 0;
    pattern->code = pcre2_compile((PCRE2_SPTR)line, PCRE2_ZERO_TERMINATED,
                                  PCRE2_CASELESS | PCRE2_UTF, &code, &offset, NULL);
    if (pattern->code == NULL)
        return nl_error_set(err, NL_INTERNAL,
                            "bounce/patterns.txt:%zu: the expression is wrong "
                            "at character %zu",
                            number, (size_t)offset);
    reader->count++;
    return NL_OK;
}

enum nl_status nl_bounce_reader_new(struct nl_bounce_reader **out, struct nl_error *err) {
    struct nl_bounce_reader *reader = calloc(1, sizeof *reader);
    char *text = strdup(nl_embedded_patterns[0].data);
    enum nl_status status = reader != NULL && text != NULL ? NL_OK : nl_error_nomem(err);
    size_t number = 1;
    if (status == NL_OK) {
        reader->match = pcre2_match_data_create(2, NULL);
        reader->limits = pcre2_match_context_create(NULL);
        if (reader->match == NULL || reader->limits == NULL)
            status = nl_error_nomem(err);
        else
            pcre2_set_match_limit(reader->limits, STEPS);
    }
    char *rest = NULL;
    for (char *line = text; status == NL_OK && *line != '\0'; line = rest, number++) {
        size_t len = strcspn(line, "\n");
        rest = line[len] != '\0' ? line + len + 1 : line + len;
        line[len] = '\0';
        if (len > 0 && line[0] != '#')
            status = add_pattern(reader, line, number, err);
    }
    free(text);
    *out = reader;
    if (status != NL_OK) {
        nl_bounce_reader_free(reader);
        *out = NULL;
    }
    return status;
}

void nl_bounce_reader_free(struct nl_bounce_reader *reader) {
    if (reader == NULL)
        return;
    for (size_t i = 0; i < reader->count; i++)
        pcre2_code_free(reader->patterns[i].code);
    pcre2_match_data_free(reader->match);
    pcre2_match_context_free(reader->limits);
    free(reader->patterns);
    free(reader);
}
