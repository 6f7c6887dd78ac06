#include "transfer/lexicon.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/embedded.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

const char *const nl_column_names[NL_COLUMN_FIELDS] = {
    [NL_COLUMN_EMAIL] = "email",
    [NL_COLUMN_NAME] = "name",
    [NL_COLUMN_FIRST_NAME] = "first_name",
    [NL_COLUMN_MIDDLE_NAME] = "middle_name",
    [NL_COLUMN_LAST_NAME] = "last_name",
    [NL_COLUMN_LANGUAGE] = "language",
    [NL_COLUMN_LIST] = "list",
    [NL_COLUMN_CONSENT_AT] = "consent_at",
    [NL_COLUMN_CONSENT_SOURCE] = "consent_source",
    [NL_COLUMN_CONSENT_IP] = "consent_ip",
    [NL_COLUMN_CONSENT_VERSION] = "consent_version",
    [NL_COLUMN_CONFIRMED_AT] = "confirmed_at",
    [NL_COLUMN_CREATED_AT] = "created_at",
    [NL_COLUMN_TIMEZONE] = "timezone",
    [NL_COLUMN_TAGS] = "tags",
    [NL_COLUMN_ATTRIBUTES] = "attributes",
    [NL_COLUMN_STATE] = "state",
    [NL_COLUMN_TYPE] = "type",
    [NL_COLUMN_SUBSCRIBED] = "subscribed",
    [NL_COLUMN_CONFIRMED] = "confirmed",
    [NL_COLUMN_DOUBLE_OPT_IN] = "double_opt_in",
    [NL_COLUMN_ENDED_AT] = "ended_at",
    [NL_COLUMN_UNSUBSCRIBED] = "unsubscribed",
    [NL_COLUMN_DO_NOT_EMAIL] = "do_not_email",
    [NL_COLUMN_BOUNCED] = "bounced",
    [NL_COLUMN_COMPLAINED] = "complained",
    [NL_COLUMN_BLOCKED] = "blocked",
    [NL_COLUMN_LEAVING_REASON] = "leaving_reason",
    [NL_COLUMN_BOUNCE_REASON] = "bounce_reason",
};

const char *const nl_sign_names[NL_SIGNS] = {NULL,      "active",     "pending", "unsubscribed",
                                             "bounced", "complained", "blocked"};

/* What a word is looked up as. Values of one kind of column have a class of their own behind these.
 */
enum class {
    CLASS_COLUMN,
    CLASS_SUSPECT,
    CLASS_STATE,
    CLASS_ENDING,
    CLASS_FLAG,
    CLASS_MONTH,
    CLASS_LANGUAGE,
    CLASS_VALUE
};

enum flag { FLAG_NO, FLAG_YES, FLAG_NONE };

struct entry {
    char *word; /* folded */
    int class, value;
    bool guessed;
};

struct nl_lexicon {
    struct entry *entries; /* in order, once they are read */
    size_t count, room;
    enum nl_sign flags[NL_COLUMN_FIELDS][3]; /* what yes, no and a blank mean */
    char languages[64][12];
    int language_count;
};

/* ---- folding ---- */

static const char no_word[] = "\x01";

/* A sign before a number and the backslash of a database's \N make a difference. */
static bool keeps(const char *text, const char *at) {
    return *at == '\\' || (*at == '-' && at == text && isdigit((unsigned char)at[1]));
}

static void fold_ascii(const char *text, char out[NL_WORD_SIZE]) {
    size_t len = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (!isalnum((unsigned char)*p) && !keeps(text, p))
            continue;
        if (len == NL_WORD_SIZE - 1) {
            memcpy(out, no_word, sizeof no_word);
            return;
        }
        out[len++] = (char)tolower((unsigned char)*p);
    }
    out[len] = '\0';
}

/* Without accents, since these are left out where keyboards have none. */
static void fold_unicode(const char *text, char out[NL_WORD_SIZE]) {
    size_t count = 0;
    size_t len = 0;
    uint8_t *folded =
        u8_casefold((const uint8_t *)text, strlen(text), NULL, UNINORM_NFKD, NULL, &count);
    for (size_t at = 0; folded != NULL && at < count;) {
        ucs4_t c = 0;
        int used = u8_mbtoucr(&c, folded + at, count - at);
        if (used <= 0)
            break;
        if (uc_is_general_category(c, UC_CATEGORY_L) || uc_is_general_category(c, UC_CATEGORY_N)) {
            if (len + (size_t)used >= NL_WORD_SIZE) {
                memcpy(out, no_word, sizeof no_word);
                free(folded);
                return;
            }
            memcpy(out + len, folded + at, (size_t)used);
            len += (size_t)used;
        }
        at += (size_t)used;
    }
    free(folded);
    out[len] = '\0';
}

void nl_word_fold(const char *text, char out[NL_WORD_SIZE]) {
    bool ascii = true;
    size_t len = 0;
    text += strspn(text, " \t\r\n");
    for (; text[len] != '\0'; len++)
        ascii = ascii && (unsigned char)text[len] < 0x80;
    memcpy(out, no_word, sizeof no_word);
    if (len > (size_t)NL_WORD_SIZE * 4)
        return;
    if (ascii)
        fold_ascii(text, out);
    else
        fold_unicode(text, out);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    if (out[0] == '\0' && len < 8) {
        memcpy(out, text, len);
        out[len] = '\0';
    } else if (out[0] == '\0') {
        memcpy(out, no_word, sizeof no_word);
    }
}

/* ---- looking up ---- */

static int compare(const void *a, const void *b) {
    const struct entry *left = a;
    const struct entry *right = b;
    int order = left->class - right->class;
    return order != 0 ? order : strcmp(left->word, right->word);
}

static const struct entry *find(const struct nl_lexicon *lexicon, int class, const char *folded) {
    const struct entry key = {.word = (char *)folded, .class = class};
    return folded[0] == '\0'
               ? NULL
               : bsearch(&key, lexicon->entries, lexicon->count, sizeof *lexicon->entries, compare);
}

enum nl_column nl_lexicon_column(const struct nl_lexicon *lexicon, const char *name,
                                 bool *guessed) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(name, folded);
    const struct entry *entry = find(lexicon, CLASS_COLUMN, folded);
    *guessed = entry != NULL && entry->guessed;
    return entry != NULL ? (enum nl_column)entry->value : NL_COLUMN_NONE;
}

bool nl_lexicon_is_suspect(const struct nl_lexicon *lexicon, const char *name) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(name, folded);
    for (size_t i = 0; i < lexicon->count; i++)
        if (lexicon->entries[i].class == CLASS_SUSPECT &&
            strstr(folded, lexicon->entries[i].word) != NULL)
            return true;
    return false;
}

bool nl_lexicon_is_none(const struct nl_lexicon *lexicon, const char *value) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(value, folded);
    const struct entry *entry = find(lexicon, CLASS_FLAG, folded);
    return value[strspn(value, " \t\r\n")] == '\0' || (entry != NULL && entry->value == FLAG_NONE);
}

static bool is_positive_number(const char *folded) {
    return folded[0] != '\0' && folded[strspn(folded, "0123456789")] == '\0' &&
           strspn(folded, "0") < strlen(folded) && strlen(folded) < 6;
}

/* A yes or no by its meaning in that column. */
static enum nl_sign flag_sign(const struct nl_lexicon *lexicon, enum nl_column kind,
                              const char *folded) {
    const struct entry *entry = find(lexicon, CLASS_FLAG, folded);
    const enum nl_sign *flags = lexicon->flags[kind];
    if (folded[0] == '\0' || (entry != NULL && entry->value == FLAG_NONE))
        return flags[2];
    if (entry != NULL)
        return flags[entry->value == FLAG_YES ? 0 : 1];
    /* How often, or since which day: yes, where yes ends. */
    return is_positive_number(folded) && flags[0] > NL_SIGN_PENDING ? flags[0] : NL_SIGN_UNKNOWN;
}

enum nl_sign nl_lexicon_sign(const struct nl_lexicon *lexicon, enum nl_column kind,
                             const char *value) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(value, folded);
    const struct entry *entry = find(lexicon, CLASS_VALUE + (int)kind, folded);
    if (entry != NULL)
        return (enum nl_sign)entry->value;
    if (kind == NL_COLUMN_NONE) {
        entry = find(lexicon, CLASS_ENDING, folded);
        return entry != NULL ? (enum nl_sign)entry->value : NL_SIGN_UNKNOWN;
    }
    bool words = kind == NL_COLUMN_STATE || kind == NL_COLUMN_TYPE;
    enum nl_sign sign = words ? NL_SIGN_UNKNOWN : flag_sign(lexicon, kind, folded);
    if (sign != NL_SIGN_UNKNOWN)
        return sign;
    entry = find(lexicon, CLASS_ENDING, folded);
    if (entry == NULL)
        entry = find(lexicon, CLASS_STATE, folded);
    if (entry != NULL)
        return (enum nl_sign)entry->value;
    if (!words)
        return NL_SIGN_UNKNOWN;
    if (nl_lexicon_is_none(lexicon, value) || kind == NL_COLUMN_TYPE)
        return NL_SIGN_NONE;
    entry = find(lexicon, CLASS_FLAG, folded);
    return entry == NULL || isdigit((unsigned char)folded[0]) ? NL_SIGN_UNKNOWN
           : entry->value == FLAG_YES                         ? NL_SIGN_ACTIVE
                                                              : NL_SIGN_UNSUBSCRIBED;
}

int nl_lexicon_month(const struct nl_lexicon *lexicon, const char *word) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(word, folded);
    const struct entry *entry = find(lexicon, CLASS_MONTH, folded);
    return entry != NULL ? entry->value : 0;
}

const char *nl_lexicon_language(const struct nl_lexicon *lexicon, const char *name) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(name, folded);
    const struct entry *entry = find(lexicon, CLASS_LANGUAGE, folded);
    return entry != NULL ? lexicon->languages[entry->value] : NULL;
}

/* ---- reading lexicon.txt ---- */

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

static bool add_word(struct nl_lexicon *lexicon, const char *word, const struct entry *like) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(word, folded);
    if (lexicon->count == lexicon->room) {
        size_t room = lexicon->room * 2 + 256;
        struct entry *grown = realloc(lexicon->entries, room * sizeof *grown);
        if (grown == NULL)
            return false;
        lexicon->entries = grown;
        lexicon->room = room;
    }
    struct entry *entry = &lexicon->entries[lexicon->count];
    *entry = *like;
    entry->word = strdup(folded);
    if (entry->word == NULL)
        return false;
    lexicon->count++;
    return true;
}

/* What the words of a line with such a head are; false for a head that is none. */
static bool read_head(struct nl_lexicon *lexicon, char words[3][24], struct entry *like) {
    static const struct {
        const char *name;
        enum class class;
        int value;
    } plain[] = {{"plain", CLASS_COLUMN, NL_COLUMN_PLAIN},
                 {"suspect", CLASS_SUSPECT, 0},
                 {"yes", CLASS_FLAG, FLAG_YES},
                 {"no", CLASS_FLAG, FLAG_NO},
                 {"none", CLASS_FLAG, FLAG_NONE}};
    const char *rule = words[0];
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (strcmp(plain[i].name, rule) == 0) {
            *like = (struct entry){.class = plain[i].class, .value = plain[i].value};
            return true;
        }
    if (strcmp(rule, "month") == 0) {
        *like = (struct entry){.class = CLASS_MONTH, .value = (int)strtol(words[1], NULL, 10)};
        return like->value >= 1 && like->value <= 12;
    }
    if (strcmp(rule, "language") == 0) {
        *like = (struct entry){.class = CLASS_LANGUAGE, .value = lexicon->language_count};
        snprintf(lexicon->languages[lexicon->language_count++], sizeof lexicon->languages[0],
                 "%.11s", words[1]);
        return lexicon->language_count < 64;
    }
    if (strcmp(rule, "state") == 0 || strcmp(rule, "ending") == 0) {
        *like = (struct entry){.class = rule[0] == 's' ? CLASS_STATE : CLASS_ENDING,
                               .value = sign_by_name(words[1])};
        return like->value > 0;
    }
    int column = column_by_name(words[1]);
    if (strcmp(rule, "value") == 0)
        *like = (struct entry){.class = CLASS_VALUE + column, .value = sign_by_name(words[2])};
    else
        *like = (struct entry){
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
    struct entry like = {0};
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
        if (!add_word(lexicon, trim(word), &like))
            return false;
    return true;
}

/* One word with two meanings would be a mistake in the file. */
static const char *find_contradiction(const struct nl_lexicon *lexicon) {
    for (size_t i = 1; i < lexicon->count; i++) {
        const struct entry *a = &lexicon->entries[i - 1];
        const struct entry *b = &lexicon->entries[i];
        if (compare(a, b) == 0 && (a->value != b->value || a->guessed != b->guessed))
            return a->word;
    }
    return NULL;
}

enum nl_status nl_lexicon_new(struct nl_lexicon **out, struct nl_error *err) {
    struct nl_lexicon *lexicon = calloc(1, sizeof *lexicon);
    char *text = strdup(nl_embedded_lexicon[0].data);
    size_t number = 1;
    enum nl_status status = lexicon != NULL && text != NULL ? NL_OK : nl_error_nomem(err);
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
        qsort(lexicon->entries, lexicon->count, sizeof *lexicon->entries, compare);
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
