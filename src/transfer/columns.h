/* What the columns of a file mean. */
#ifndef NL_TRANSFER_COLUMNS_H
#define NL_TRANSFER_COLUMNS_H

#include "newsletter/transfer/transfer.h"

enum nl_column {
    NL_COLUMN_EMAIL,
    NL_COLUMN_NAME,
    NL_COLUMN_FIRST_NAME,
    NL_COLUMN_LAST_NAME,
    NL_COLUMN_LANGUAGE,
    NL_COLUMN_LIST,
    NL_COLUMN_STATE,
    NL_COLUMN_CONFIRMED, /* yes or no */
    NL_COLUMN_BLOCKED,   /* yes or no */
    NL_COLUMN_CONSENT_AT,
    NL_COLUMN_CONSENT_SOURCE,
    NL_COLUMN_CONSENT_IP,
    NL_COLUMN_CONSENT_VERSION,
    NL_COLUMN_CONFIRMED_AT,
    NL_COLUMN_ENDED_AT,
    NL_COLUMN_CREATED_AT,
    NL_COLUMN_TAGS,
    NL_COLUMN_ATTRIBUTES, /* a JSON object */
    NL_COLUMN_ATTRIBUTE,  /* one of them, under a name */
    NL_COLUMN_NONE
};

/* The names that our own exports give, up to NL_COLUMN_ATTRIBUTES. */
extern const char *const nl_column_names[];

/* What a column called `header` is, as newsletter, listmonk, phpList, Mailman and Mailchimp call
 * theirs, whatever the case and signs between the words. "attribute.KEY" gives *attribute, within
 * `header`. */
enum nl_column nl_column_of(const char *header, const char **attribute);

/* The state that a word in such a file stands for, or NULL. */
const char *nl_column_state(const char *word);

/* Yes, no, or neither. */
bool nl_column_flag(const char *word, bool *out);

#endif
