/* The columns of a file, or the keys of its JSON objects, and what each of them holds. */
#ifndef NL_TRANSFER_COLUMNS_H
#define NL_TRANSFER_COLUMNS_H

#include "newsletter/transfer/transfer.h"
#include "transfer/lexicon.h"

#include <jansson.h>

enum { NL_COLUMNS_LIMIT = 256, NL_MEMO_SIZE = 32 };

struct nl_file_column {
    char *name; /* as the file has it */
    enum nl_column kind;
    char *attribute; /* of NL_COLUMN_ATTRIBUTE */
    bool mapped;     /* by --map */
    bool guessed;    /* gives way to a column with a better name */
    bool unused;     /* ignored, or another column is better */
    bool suspect;    /* nobody has said what it is, and its name speaks of consent or state */
    bool apart;      /* whatever it says is not about mail */
    bool kept;       /* an attribute only since --keep-columns is given */
    bool told;       /* what it holds was not what its name says */
    char memo[NL_MEMO_SIZE]; /* the last value, and what it said */
    enum nl_sign memo_sign;
};

/* Zero-initialise; free with nl_columns_free. */
struct nl_columns {
    const struct nl_lexicon *lexicon;
    const struct nl_import_options *options;
    struct nl_file_column list[NL_COLUMNS_LIMIT];
    size_t count;
    bool mapped[NL_COLUMN_FIELDS];    /* --map says which column it is */
    size_t speaker[NL_COLUMN_FIELDS]; /* the column that has had a value, plus one */
    struct nl_buf unused;             /* names of those that are not used */
    struct nl_buf notes;              /* what else is to be told, a line each */
    json_t *note_parts; /* the same as nl_error_keep has it, an array; NULL without a note */
};

/* Checks the options that name columns. */
enum nl_status nl_columns_open(struct nl_columns *columns, const struct nl_lexicon *lexicon,
                               const struct nl_import_options *options, struct nl_error *err);
void nl_columns_free(struct nl_columns *columns);

/* Adds a note, which is a line. The format in NL_TEXT is shown translated on staff's pages. */
void nl_columns_note(struct nl_columns *columns, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds the next column. */
enum nl_status nl_columns_add(struct nl_columns *columns, const char *name, struct nl_error *err);

/* The column of such a name; count if there is none. */
size_t nl_columns_find(const struct nl_columns *columns, const char *name);

/* All columns are there: those with a better name win. */
void nl_columns_settle(struct nl_columns *columns);

/* Whether each column that an option names was there. */
enum nl_status nl_columns_check(const struct nl_columns *columns, const char *file,
                                struct nl_error *err);

/* Whether a column holds an attribute, or what is such a field. */
bool nl_columns_have(const struct nl_columns *columns, enum nl_column kind);

/* Notes that the column `index` has said what only one column may say. NL_DATA if another one has:
 * then the file is not understood. */
enum nl_status nl_columns_speak(struct nl_columns *columns, size_t index, struct nl_error *err);

/* NL_DATA: a column whose name speaks of consent or state has a value, and nobody has said what it
 * means. */
enum nl_status nl_columns_refuse(const struct nl_columns *columns, struct nl_error *err);

#endif
