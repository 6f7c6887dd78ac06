#include "inbound/table.h"

#include "inbound/vocabulary.h"

#include "newsletter/base/embedded.h"
#include "newsletter/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEAR = 3, FAR = 8 };

static const char *const sort_names[NL_SORTS] = {
    "daemon", "subject", "answer", "away",       "delayed", "success", "final", "intro", "label",
    "noise",  "quoted",  "frame",  "at-connect", "at-mail", "at-data", "end",   "why"};

static const char *const fault_names[] = {"none",  "recipient", "sender",
                                          "relay", "network",   "content"};

/* A line of the table, being read. */
struct line {
    struct nl_bounce_reader *reader;
    char *at;
    unsigned number;
    bool weak;         /* it stands below the line "weak" */
    const char *wrong; /* what is wrong with it; NULL for nothing so far */
};

static void add_phrase(struct line *line, unsigned set, const char *text, size_t len) {
    nl_table_add_phrase(line->reader, set, text, len, &line->wrong);
}

/* The class of that name. */
static unsigned find_set(struct line *line, const char *name, size_t len) {
    for (size_t i = 0; i < line->reader->sets_count; i++) {
        const char *known = line->reader->sets[i].name;
        if (known != NULL && strncmp(known, name, len) == 0 && known[len] == '\0')
            return (unsigned)i;
    }
    line->wrong = "no class of that name stands above";
    return 0;
}

/* Calls `add` for each phrase of "unknown|not found". */
static void each_phrase(struct line *line, unsigned set, const char *text,
                        void (*add)(struct line *line, unsigned set, const char *text,
                                    size_t len)) {
    size_t len = strcspn(text, "}");
    while (len > 0 && line->wrong == NULL) {
        const char *bar = memchr(text, '|', len);
        size_t phrase = bar != NULL ? (size_t)(bar - text) : len;
        add(line, set, text, phrase);
        phrase += bar != NULL ? 1 : 0;
        text += phrase;
        len -= phrase;
    }
}

/* Adds a phrase, or all of those of a "<class>". Classes hold no classes. */
static void add_either(struct line *line, unsigned set, const char *text, size_t len) {
    if (len < 3 || text[0] != '<' || text[len - 1] != '>') {
        add_phrase(line, set, text, len);
        return;
    }
    unsigned class = find_set(line, text + 1, len - 2);
    const char *phrases = line->reader->sets[class].phrases;
    if (line->wrong == NULL && phrases != NULL)
        each_phrase(line, set, phrases, add_phrase);
}

/* Adds "unknown|not found|<class>", which ends with the text or a brace, to a set. */
static void add_phrases(struct line *line, unsigned set, const char *text) {
    each_phrase(line, set, text, add_either);
}

static unsigned add_set(struct line *line, const char *name) {
    struct nl_bounce_reader *reader = line->reader;
    nl_table_grow((void **)&reader->sets, &reader->sets_cap, reader->sets_count,
                  sizeof *reader->sets);
    if (name != NULL)
        reader->sets[reader->sets_count].name = nl_strdup(name);
    return (unsigned)reader->sets_count++;
}

/* The next word of a line, cut off. */
static char *take_word(struct line *line) {
    char *word = line->at;
    line->at += strcspn(line->at, " ");
    if (*line->at != '\0')
        *line->at++ = '\0';
    line->at += strspn(line->at, " ");
    return word;
}

static void take_codes(struct line *line, struct nl_rule *rule) {
    rule->codes = nl_strdup(take_word(line) + 1);
}

static void add_part(struct line *line, struct nl_rule *rule, unsigned set, unsigned char gap) {
    if (rule->count == NL_PARTS) {
        line->wrong = "it has too many parts";
        return;
    }
    rule->parts[rule->count] = set;
    rule->gaps[rule->count++] = gap;
}

/* One element of an expression: a class, phrases in braces, or words that follow each other. */
static unsigned take_set(struct line *line) {
    char *at = line->at;
    size_t len = 0;
    if (*at == '<') {
        len = strcspn(at, ">");
        line->at += len + (at[len] != '\0' ? 1 : 0);
        line->at += strspn(line->at, " ");
        return find_set(line, at + 1, len - 1);
    }
    unsigned set = add_set(line, NULL);
    if (*at == '{') {
        len = strcspn(at, "}");
        add_phrases(line, set, at + 1);
        line->at += len + (at[len] != '\0' ? 1 : 0);
    } else {
        while (at[len] != '\0' && strchr("<{~$#", at[len]) == NULL)
            len++;
        line->at += len;
        while (len > 0 && at[len - 1] == ' ')
            len--;
        add_phrase(line, set, at, len);
    }
    line->at += strspn(line->at, " ");
    return set;
}

/* "^ <who> ~ {unknown|not found} $" */
static void take_expression(struct line *line, struct nl_rule *rule) {
    unsigned char gap = 0;
    while (*line->at != '\0' && line->wrong == NULL) {
        if (*line->at == '#') {
            take_codes(line, rule);
        } else if (strchr("~^$", *line->at) != NULL) {
            const char *sign = take_word(line);
            gap = strcmp(sign, "~") == 0 ? NEAR : strcmp(sign, "~~") == 0 ? FAR : 0;
            rule->at_start |= *sign == '^';
            rule->at_end |= *sign == '$';
        } else {
            unsigned set = take_set(line);
            add_part(line, rule, set, gap);
            gap = 0;
        }
    }
}

const struct nl_reason *nl_reader_reason(const struct nl_bounce_reader *reader, const char *name) {
    for (size_t i = 0; i < reader->reasons_count; i++)
        if (strcmp(reader->reasons[i].name, name) == 0)
            return &reader->reasons[i];
    return NULL;
}

static enum nl_fault find_fault(struct line *line, const char *name) {
    for (size_t i = 0; i < sizeof fault_names / sizeof fault_names[0]; i++)
        if (strcmp(fault_names[i], name) == 0)
            return (enum nl_fault)i;
    line->wrong = "it names no fault";
    return NL_FAULT_NONE;
}

/* "no-such-user" or "policy/sender" */
static void take_reason(struct line *line, struct nl_rule *rule) {
    char *word = take_word(line);
    char *slash = strchr(word, '/');
    size_t len = strlen(word);
    if (len > 0 && word[len - 1] == '!') {
        rule->certain = true;
        word[len - 1] = '\0';
    }
    if (slash != NULL)
        *slash++ = '\0';
    rule->reason = nl_reader_reason(line->reader, word);
    if (rule->reason == NULL)
        line->wrong = "no reason of that name stands above";
    else
        rule->fault = slash != NULL ? find_fault(line, slash) : rule->reason->fault;
}

enum { REASONS = 32 };

static void add_reason(struct line *line) {
    struct nl_bounce_reader *reader = line->reader;
    if (reader->reasons_count == REASONS) {
        line->wrong = "there are too many reasons";
        return;
    }
    struct nl_reason *reason = &reader->reasons[reader->reasons_count++];
    snprintf(reason->name, sizeof reason->name, "%s", take_word(line));
    reason->hard = strcmp(take_word(line), "hard") == 0;
    reason->fault = find_fault(line, take_word(line));
}

static void add_rule(struct line *line, const char *name) {
    struct nl_bounce_reader *reader = line->reader;
    struct nl_rule rule = {.line = line->number, .weak = line->weak};
    while (rule.sort < NL_SORTS && strcmp(sort_names[rule.sort], name) != 0)
        rule.sort++;
    if (rule.sort == NL_SORTS) {
        line->wrong = "it begins with no sort of rule";
        return;
    }
    if (rule.sort == NL_SORT_WHY)
        take_reason(line, &rule);
    if (line->wrong == NULL)
        take_expression(line, &rule);
    if (line->wrong == NULL && rule.count == 0 && rule.codes == NULL)
        line->wrong = "it holds no expression";
    nl_table_grow((void **)&reader->rules, &reader->rules_cap, reader->rules_count,
                  sizeof *reader->rules);
    if (line->wrong == NULL)
        reader->rules[reader->rules_count++] = rule;
}

static void add_line(struct line *line) {
    struct nl_vocabulary *vocabulary = line->reader->vocabulary;
    const char *name = take_word(line);
    bool full = false;
    if (strcmp(name, "drop") == 0) {
        while (*line->at != '\0')
            full |= !nl_vocabulary_drop(vocabulary, take_word(line));
    } else if (strcmp(name, "keep") == 0) {
        while (*line->at != '\0')
            full |= !nl_vocabulary_keep(vocabulary, take_word(line));
    } else if (strcmp(name, "same") == 0) {
        const char *word = take_word(line);
        full |= !nl_vocabulary_same(vocabulary, word, line->at);
    } else if (strcmp(name, "class") == 0) {
        unsigned set = add_set(line, take_word(line));
        line->reader->sets[set].phrases = nl_strdup(line->at);
        add_phrases(line, set, line->at);
    } else if (strcmp(name, "reason") == 0) {
        add_reason(line);
    } else {
        add_rule(line, name);
    }
    if (full)
        line->wrong = "there are too many words";
}

/* Chains the rules that begin with the same set, in the order of the table. */
static void chain_rules(struct nl_bounce_reader *reader) {
    reader->next_rule = nl_calloc(reader->rules_count + 1, sizeof *reader->next_rule);
    reader->scans = nl_calloc(NL_SCANS, sizeof *reader->scans);
    unsigned *last = &reader->first_code_rule;
    for (size_t i = 0; i < reader->rules_count; i++) {
        if (reader->rules[i].count == 0) {
            *last = (unsigned)i + 1;
            last = &reader->next_rule[i];
        }
    }
    for (size_t i = reader->rules_count; i > 0; i--) {
        const struct nl_rule *rule = &reader->rules[i - 1];
        if (rule->count == 0)
            continue;
        reader->next_rule[i - 1] = reader->sets[rule->parts[0]].rules;
        reader->sets[rule->parts[0]].rules = (unsigned)i;
    }
}

static enum nl_status read_table(struct nl_bounce_reader *reader, char *text,
                                 struct nl_error *err) {
    size_t number = 1;
    bool weak = false;
    for (char *at = text; *at != '\0'; number++) {
        size_t len = strcspn(at, "\n");
        char *next = at[len] != '\0' ? at + len + 1 : at + len;
        struct line line = {.reader = reader, .at = at, .number = (unsigned)number};
        at[len] = '\0';
        weak |= strcmp(at, "weak") == 0;
        line.weak = weak;
        if (len > 0 && *at != '#' && strcmp(at, "weak") != 0)
            add_line(&line);
        if (line.wrong != NULL)
            return nl_error_set(err, NL_INTERNAL, "inbound/patterns.txt:%zu: %s", number,
                                line.wrong);
        at = next;
    }
    chain_rules(reader);
    return NL_OK;
}

enum nl_status nl_bounce_reader_new(struct nl_bounce_reader **out, struct nl_error *err) {
    struct nl_bounce_reader *reader = nl_calloc(1, sizeof *reader);
    char *text = nl_strdup(nl_embedded_patterns[0].data);
    *out = reader;
    nl_vocabulary_fold(text);
    reader->vocabulary = nl_vocabulary_new();
    reader->reasons = nl_calloc(REASONS, sizeof *reader->reasons);
    nl_table_grow((void **)&reader->nodes, &reader->nodes_cap, reader->nodes_count++,
                  sizeof *reader->nodes);
    enum nl_status status = read_table(reader, text, err);
    free(text);
    if (status != NL_OK) {
        nl_bounce_reader_free(reader);
        *out = NULL;
    }
    return status;
}

void nl_bounce_reader_free(struct nl_bounce_reader *reader) {
    if (reader == NULL)
        return;
    nl_vocabulary_free(reader->vocabulary);
    for (size_t i = 0; i < reader->sets_count; i++) {
        free(reader->sets[i].name);
        free(reader->sets[i].phrases);
    }
    for (size_t i = 0; reader->scans != NULL && i < NL_SCANS; i++)
        nl_scan_free(&reader->scans[i]);
    for (size_t i = 0; i < reader->rules_count; i++)
        free(reader->rules[i].codes);
    free(reader->reasons);
    free(reader->rules);
    free(reader->next_rule);
    free(reader->sets);
    free(reader->nodes);
    free(reader->endings);
    free(reader->edges);
    free(reader->scans);
    free(reader);
}
