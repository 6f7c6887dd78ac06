#include "transfer/lexicon_entry.h"

#include "newsletter/base/buf.h"

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

/* ---- folding ---- */

/* The most of a remark that is read. */
enum { REMARK_SIZE = 4096 };

static const char no_word[] = "\x01";

/* A sign before a number and the backslash of a database's \N make a difference. */
static bool keeps(const char *text, const char *at) {
    return *at == '\\' || (*at == '-' && at == text && isdigit((unsigned char)at[1]));
}

static void fold_ascii(const char *text, char *out, size_t size) {
    size_t len = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (!isalnum((unsigned char)*p) && !keeps(text, p))
            continue;
        if (len == size - 1) {
            memcpy(out, no_word, sizeof no_word);
            return;
        }
        out[len++] = (char)tolower((unsigned char)*p);
    }
    out[len] = '\0';
}

/* Without accents, since these are left out where keyboards have none. */
static void fold_unicode(const char *text, char *out, size_t size) {
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
            if (len + (size_t)used >= size) {
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

static void fold(const char *text, char *out, size_t size) {
    bool ascii = true;
    size_t len = 0;
    text += strspn(text, " \t\r\n");
    for (; text[len] != '\0'; len++)
        ascii = ascii && (unsigned char)text[len] < 0x80;
    memcpy(out, no_word, sizeof no_word);
    if (len > size * 4)
        return;
    if (ascii)
        fold_ascii(text, out, size);
    else
        fold_unicode(text, out, size);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    if (out[0] == '\0' && len < 8) {
        memcpy(out, text, len);
        out[len] = '\0';
    } else if (out[0] == '\0') {
        memcpy(out, no_word, sizeof no_word);
    }
}

bool nl_word_fold(const char *text, char out[NL_WORD_SIZE]) {
    fold(text, out, NL_WORD_SIZE);
    return strcmp(out, no_word) != 0;
}

/* ---- looking up ---- */

int nl_lexicon_compare(const void *a, const void *b) {
    const struct nl_lexicon_entry *left = a;
    const struct nl_lexicon_entry *right = b;
    int order = left->class - right->class;
    return order != 0 ? order : strcmp(left->word, right->word);
}

static const struct nl_lexicon_entry *find_entry(const struct nl_lexicon *lexicon, int class,
                                                 const char *folded) {
    const struct nl_lexicon_entry key = {.word = (char *)folded, .class = class};
    return folded[0] == '\0' ? NULL
                             : bsearch(&key, lexicon->entries, lexicon->count,
                                       sizeof *lexicon->entries, nl_lexicon_compare);
}

enum nl_column nl_lexicon_column(const struct nl_lexicon *lexicon, const char *name,
                                 bool *guessed) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(name, folded);
    const struct nl_lexicon_entry *entry = find_entry(lexicon, CLASS_COLUMN, folded);
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

bool nl_lexicon_file_word(const struct nl_lexicon *lexicon, const char *word, enum nl_sign *sign) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(word, folded);
    const struct nl_lexicon_entry *entry = find_entry(lexicon, CLASS_FILE, folded);
    *sign = entry != NULL ? (enum nl_sign)entry->value : NL_SIGN_NONE;
    return entry != NULL;
}

enum nl_sign nl_lexicon_tag(const struct nl_lexicon *lexicon, const char *tag) {
    enum nl_sign sign = nl_lexicon_sign(lexicon, NL_COLUMN_NONE, tag);
    char folded[NL_WORD_SIZE];
    nl_word_fold(tag, folded);
    const struct nl_lexicon_entry *entry = find_entry(lexicon, CLASS_FILE, folded);
    if (sign == NL_SIGN_UNKNOWN && entry != NULL && !entry->guessed)
        sign = (enum nl_sign)entry->value;
    return sign == NL_SIGN_UNKNOWN ? NL_SIGN_NONE : sign;
}

bool nl_lexicon_is_flag(const struct nl_lexicon *lexicon, const char *value) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(value, folded);
    const struct nl_lexicon_entry *entry = find_entry(lexicon, CLASS_FLAG, folded);
    return entry != NULL && entry->value != FLAG_NONE;
}

bool nl_lexicon_is_remark(const struct nl_lexicon *lexicon, const char *text) {
    char folded[REMARK_SIZE];
    text += strspn(text, " \t\r\n");
    if (text[strcspn(text, " \t\r\n")] == '\0')
        return false; /* one word is a value */
    fold(text, folded, sizeof folded);
    for (size_t i = 0; i < lexicon->remarks; i++)
        if (strstr(folded, lexicon->entries[lexicon->first_remark + i].word) != NULL)
            return true;
    return false;
}

bool nl_lexicon_is_none(const struct nl_lexicon *lexicon, const char *value) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(value, folded);
    const struct nl_lexicon_entry *entry = find_entry(lexicon, CLASS_FLAG, folded);
    return value[strspn(value, " \t\r\n")] == '\0' || (entry != NULL && entry->value == FLAG_NONE);
}

static bool is_positive_number(const char *folded) {
    return folded[0] != '\0' && folded[strspn(folded, "0123456789")] == '\0' &&
           strspn(folded, "0") < strlen(folded) && strlen(folded) < 6;
}

/* A yes or no by its meaning in that column. */
static enum nl_sign flag_sign(const struct nl_lexicon *lexicon, enum nl_column kind,
                              const char *folded) {
    const struct nl_lexicon_entry *entry = find_entry(lexicon, CLASS_FLAG, folded);
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
    const struct nl_lexicon_entry *entry = find_entry(lexicon, CLASS_VALUE + (int)kind, folded);
    if (entry != NULL)
        return (enum nl_sign)entry->value;
    if (kind == NL_COLUMN_NONE) {
        entry = find_entry(lexicon, CLASS_ENDING, folded);
        return entry != NULL ? (enum nl_sign)entry->value : NL_SIGN_UNKNOWN;
    }
    bool words = kind == NL_COLUMN_STATE || kind == NL_COLUMN_TYPE;
    enum nl_sign sign = words ? NL_SIGN_UNKNOWN : flag_sign(lexicon, kind, folded);
    if (sign != NL_SIGN_UNKNOWN)
        return sign;
    entry = find_entry(lexicon, CLASS_ENDING, folded);
    if (entry == NULL)
        entry = find_entry(lexicon, CLASS_STATE, folded);
    if (entry != NULL)
        return (enum nl_sign)entry->value;
    if (!words)
        return NL_SIGN_UNKNOWN;
    if (nl_lexicon_is_none(lexicon, value) || kind == NL_COLUMN_TYPE)
        return NL_SIGN_NONE;
    entry = find_entry(lexicon, CLASS_FLAG, folded);
    return entry == NULL || isdigit((unsigned char)folded[0]) ? NL_SIGN_UNKNOWN
           : entry->value == FLAG_YES                         ? NL_SIGN_ACTIVE
                                                              : NL_SIGN_UNSUBSCRIBED;
}

int nl_lexicon_month(const struct nl_lexicon *lexicon, const char *word) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(word, folded);
    const struct nl_lexicon_entry *entry = find_entry(lexicon, CLASS_MONTH, folded);
    return entry != NULL ? entry->value : 0;
}

const char *nl_lexicon_language(const struct nl_lexicon *lexicon, const char *name) {
    char folded[NL_WORD_SIZE];
    nl_word_fold(name, folded);
    const struct nl_lexicon_entry *entry = find_entry(lexicon, CLASS_LANGUAGE, folded);
    return entry != NULL ? lexicon->languages[entry->value] : NULL;
}
