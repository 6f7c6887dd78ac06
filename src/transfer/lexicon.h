/* The meaning of words in the files of other tools: names of columns and their values, as
 * lexicon.txt has them. */
#ifndef NL_TRANSFER_LEXICON_H
#define NL_TRANSFER_LEXICON_H

#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* The contents of a column. The order is that of nl_column_names. */
enum nl_column {
    NL_COLUMN_EMAIL,
    NL_COLUMN_NAME,
    NL_COLUMN_FIRST_NAME,
    NL_COLUMN_MIDDLE_NAME,
    NL_COLUMN_LAST_NAME,
    NL_COLUMN_LANGUAGE,
    NL_COLUMN_LIST,
    NL_COLUMN_CONSENT_AT,
    NL_COLUMN_CONSENT_SOURCE,
    NL_COLUMN_CONSENT_IP,
    NL_COLUMN_CONSENT_VERSION,
    NL_COLUMN_CONFIRMED_AT,
    NL_COLUMN_CREATED_AT,
    NL_COLUMN_TIMEZONE,
    NL_COLUMN_TAGS,
    NL_COLUMN_ATTRIBUTES, /* a JSON object */
    /* From here on: signs of a state, of which several may stand in a row. */
    NL_COLUMN_STATE,
    NL_COLUMN_TYPE, /* a state where the word is one */
    NL_COLUMN_SUBSCRIBED,
    NL_COLUMN_CONFIRMED,
    NL_COLUMN_DOUBLE_OPT_IN,
    NL_COLUMN_ENDED_AT,
    NL_COLUMN_UNSUBSCRIBED,
    NL_COLUMN_DO_NOT_EMAIL,
    NL_COLUMN_BOUNCED,
    NL_COLUMN_COMPLAINED,
    NL_COLUMN_BLOCKED,
    NL_COLUMN_LEAVING_REASON,
    NL_COLUMN_BOUNCE_REASON,
    NL_COLUMN_FIELDS, /* how many can be named */
    NL_COLUMN_ATTRIBUTE = NL_COLUMN_FIELDS,
    NL_COLUMN_PLAIN, /* known and not needed */
    NL_COLUMN_NONE
};

extern const char *const nl_column_names[NL_COLUMN_FIELDS];

/* A state that somebody is in, from the weakest sign to the strongest. */
enum nl_sign {
    NL_SIGN_NONE,
    NL_SIGN_ACTIVE,
    NL_SIGN_PENDING,
    NL_SIGN_UNSUBSCRIBED,
    NL_SIGN_BOUNCED,
    NL_SIGN_COMPLAINED,
    NL_SIGN_BLOCKED, /* never to be mailed */
    NL_SIGNS,
    NL_SIGN_UNKNOWN = NL_SIGNS /* a word that is not understood */
};

/* Their names; NULL for NL_SIGN_NONE. */
extern const char *const nl_sign_names[NL_SIGNS];

struct nl_lexicon;

/* Free with nl_lexicon_free. */
enum nl_status nl_lexicon_new(struct nl_lexicon **out, struct nl_error *err);
void nl_lexicon_free(struct nl_lexicon *lexicon);

/* Words are compared in this form: small letters without accents, and digits; what is neither stays
 * only where nothing else is there. A text too long to be a word gets a form that no word has, and
 * false is returned. */
enum { NL_WORD_SIZE = 96 };
bool nl_word_fold(const char *text, char out[NL_WORD_SIZE]);

/* Finds the contents of a column by its name. *guessed: only if no other column has a better name;
 * of NL_COLUMN_PLAIN: the values are not about mail. */
enum nl_column nl_lexicon_column(const struct nl_lexicon *lexicon, const char *name, bool *guessed);

/* Whether a name speaks of consent or of a state. */
bool nl_lexicon_is_suspect(const struct nl_lexicon *lexicon, const char *name);

/* Whether a value is a yes or a no, which says nothing where nobody knows the question. */
bool nl_lexicon_is_flag(const struct nl_lexicon *lexicon, const char *value);

/* Finds the meaning of a value in a column of that kind; with NL_COLUMN_NONE, whether the word has
 * such a meaning in any column. NL_SIGN_UNKNOWN if it cannot be told. */
enum nl_sign nl_lexicon_sign(const struct nl_lexicon *lexicon, enum nl_column kind,
                             const char *value);

/* file_name.c: the state of the people in a file by its name, "cleaned_members_export_1a2b.csv";
 * NL_SIGN_NONE if that says nothing of an end. */
enum nl_sign nl_lexicon_file(const struct nl_lexicon *lexicon, const char *path);

/* The same of a tag, which is such a word as a whole. */
enum nl_sign nl_lexicon_tag(const struct nl_lexicon *lexicon, const char *tag);

/* Whether a text of several words may say that somebody does not want mail, or gets none:
 * "asked by telephone to be taken off the list". */
bool nl_lexicon_is_remark(const struct nl_lexicon *lexicon, const char *text);

/* Whether a value stands for none: "-", "NULL", "never". */
bool nl_lexicon_is_none(const struct nl_lexicon *lexicon, const char *value);

/* The number of a month by its name or the beginning of it; 0 for any other word. */
int nl_lexicon_month(const struct nl_lexicon *lexicon, const char *word);

/* The tag of a language by its name, or NULL. */
const char *nl_lexicon_language(const struct nl_lexicon *lexicon, const char *name);

#endif
