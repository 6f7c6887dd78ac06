#include "transfer/lexicon_entry.h"

#include "newsletter/base/embedded.h"
#include "newsletter/base/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads lexicon.txt. */

static int column_by_name(const char *name) {
    for (int i = 0; i < NL_COLUMN_FIELDS; i++)
        if (strcmp(nl_column_names[i], name) == 0)
            return i;
    return -1;
}

static int sign_by_name(const char *name) {
    for (int i = 1; i < NL_SIGNS; i++)
        if (strcmp(nl_sign_names[i], name) == 0)
            return i;
    return strcmp(name, "-") == 0 ? NL_SIGN_NONE : -1;
}

static void add_word(struct nl_lexicon *lexicon, const char *word,
                     const struct nl_lexicon_entry *like) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(word, folded);
    if (lexicon->count == lexicon->room) {
        size_t room = lexicon->room * 2 + 256;
        lexicon->entries = nl_realloc(lexicon->entries, room * sizeof *lexicon->entries);
        lexicon->room = room;
    }
    struct nl_lexicon_entry *entry = &lexicon->entries[lexicon->count];
    *entry = *like;
    entry->word = nl_strdup(folded);
    lexicon->count++;
}

/* Finds the class of the words after a line's head; false for an unknown head. */
static bool read_head(struct nl_lexicon *lexicon, char words[3][24],
                      struct nl_lexicon_entry *like) {
    static const struct {
        const char *name;
        enum nl_lexicon_class class;
        int value;
        bool guessed;
    } plain[] = {{"plain", CLASS_COLUMN, NL_COLUMN_PLAIN, false},
                 {"apart", CLASS_COLUMN, NL_COLUMN_PLAIN, true},
                 {"suspect", CLASS_SUSPECT, 0, false},
                 {"remark", CLASS_REMARK, 0, false},
                 {"yes", CLASS_FLAG, FLAG_YES, false},
                 {"no", CLASS_FLAG, FLAG_NO, false},
                 {"none", CLASS_FLAG, FLAG_NONE, false}};
    const char *rule = words[0];
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (strcmp(plain[i].name, rule) == 0) {
            *like = (struct nl_lexicon_entry){
                .class = plain[i].class, .value = plain[i].value, .guessed = plain[i].guessed};
            return true;
        }
    if (strcmp(rule, "month") == 0) {
        *like = (struct nl_lexicon_entry){.class = CLASS_MONTH,
                                          .value = (int)strtol(words[1], NULL, 10)};
        return like->value >= 1 && like->value <= 12;
    }
    if (strcmp(rule, "language") == 0) {
        *like =
            (struct nl_lexicon_entry){.class = CLASS_LANGUAGE, .value = lexicon->language_count};
        snprintf(lexicon->languages[lexicon->language_count++], sizeof lexicon->languages[0],
                 "%.11s", words[1]);
        return lexicon->language_count < 64;
    }
    if (strcmp(rule, "state") == 0 || strcmp(rule, "ending") == 0) {
        *like = (struct nl_lexicon_entry){.class = rule[0] == 's' ? CLASS_STATE : CLASS_ENDING,
                                          .value = sign_by_name(words[1])};
        return like->value > 0;
    }
    if (strcmp(rule, "file") == 0 || strcmp(rule, "title") == 0) {
        *like = (struct nl_lexicon_entry){
            .class = CLASS_FILE, .value = sign_by_name(words[1]), .guessed = rule[0] == 't'};
        return like->value >= 0;
    }
    int column = column_by_name(words[1]);
    if (strcmp(rule, "value") == 0)
        *like = (struct nl_lexicon_entry){.class = CLASS_VALUE + column,
                                          .value = sign_by_name(words[2])};
    else
        *like = (struct nl_lexicon_entry){
            .class = CLASS_COLUMN, .value = column, .guessed = strcmp(rule, "guess") == 0};
    return column >= 0 && like->value >= 0 &&
           (rule[0] == 'v' || strcmp(rule, "column") == 0 || like->guessed);
}

static char *trim(char *text) {
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

/* "sign KIND: yes | no | blank" */
static bool read_sign(struct nl_lexicon *lexicon, const char *kind, char *rest) {
    int column = column_by_name(kind);
    char *state = NULL;
    for (int i = 0; i < 3 && column >= 0; i++) {
        char *word = strtok_r(i == 0 ? rest : NULL, "|", &state);
        int sign = word != NULL ? sign_by_name(trim(word)) : -1;
        if (sign < 0)
            return false;
        lexicon->flags[column][i] = (enum nl_sign)sign;
    }
    return column >= 0;
}

static bool read_line(struct nl_lexicon *lexicon, char *line) {
    char words[3][24] = {"", "", ""};
    struct nl_lexicon_entry like = {0};
    char *state = NULL;
    char *rest = strchr(line, ':');
    if (line[0] == '#' || line[0] == '\0')
        return true;
    if (rest == NULL)
        return false;
    *rest++ = '\0';
    if (sscanf(line, "%23s %23s %23s", words[0], words[1], words[2]) < 1)
        return false;
    if (strcmp(words[0], "sign") == 0)
        return read_sign(lexicon, words[1], rest);
    if (!read_head(lexicon, words, &like))
        return false;
    for (char *word = strtok_r(rest, "|", &state); word != NULL; word = strtok_r(NULL, "|", &state))
        add_word(lexicon, trim(word), &like);
    return true;
}

/* One word with two meanings would be a mistake in the file. */
static const char *find_contradiction(const struct nl_lexicon *lexicon) {
    for (size_t i = 1; i < lexicon->count; i++) {
        const struct nl_lexicon_entry *a = &lexicon->entries[i - 1];
        const struct nl_lexicon_entry *b = &lexicon->entries[i];
        if (nl_lexicon_compare(a, b) == 0 && (a->value != b->value || a->guessed != b->guessed))
            return a->word;
    }
    return NULL;
}

enum nl_status nl_lexicon_new(struct nl_lexicon **out, struct nl_error *err) {
    struct nl_lexicon *lexicon = nl_calloc(1, sizeof *lexicon);
    char *text = nl_strdup(nl_embedded_lexicon[0].data);
    size_t number = 1;
    enum nl_status status = NL_OK;
    for (char *line = text; status == NL_OK && line != NULL; number++) {
        char *next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (!read_line(lexicon, line))
            status = nl_error_set(err, NL_INTERNAL, "transfer/lexicon.txt:%zu: not a rule: '%s'",
                                  number, line);
        line = next;
    }
    free(text);
    if (status == NL_OK) {
        qsort(lexicon->entries, lexicon->count, sizeof *lexicon->entries, nl_lexicon_compare);
        for (size_t i = lexicon->count; i-- > 0;) {
            if (lexicon->entries[i].class != CLASS_REMARK)
                continue;
            lexicon->first_remark = i;
            lexicon->remarks++;
        }
        const char *word = find_contradiction(lexicon);
        if (word != NULL)
            status = nl_error_set(err, NL_INTERNAL,
                                  "transfer/lexicon.txt: '%s' stands for two things", word);
    }
    *out = status == NL_OK ? lexicon : NULL;
    if (status != NL_OK)
        nl_lexicon_free(lexicon);
    return status;
}

void nl_lexicon_free(struct nl_lexicon *lexicon) {
    if (lexicon == NULL)
        return;
    for (size_t i = 0; i < lexicon->count; i++)
        free(lexicon->entries[i].word);
    free(lexicon->entries);
    free(lexicon);
}
