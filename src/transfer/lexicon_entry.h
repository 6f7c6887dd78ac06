/* The words of a lexicon: made by lexicon_file.c, looked up by lexicon.c. */
#ifndef NL_TRANSFER_LEXICON_ENTRY_H
#define NL_TRANSFER_LEXICON_ENTRY_H

#include "transfer/lexicon.h"

/* The classes of words to look up. The values of each kind of column have a class of their own
 * after these. */
enum nl_lexicon_class {
    CLASS_COLUMN,
    CLASS_SUSPECT,
    CLASS_STATE,
    CLASS_ENDING,
    CLASS_FLAG,
    CLASS_MONTH,
    CLASS_LANGUAGE,
    CLASS_FILE,
    CLASS_REMARK,
    CLASS_VALUE
};

enum nl_lexicon_flag { FLAG_NO, FLAG_YES, FLAG_NONE };

struct nl_lexicon_entry {
    char *word; /* folded */
    int class, value;
    bool guessed; /* of a column: gives way, or says nothing; of a file: not in tags */
};

struct nl_lexicon {
    struct nl_lexicon_entry *entries; /* in order, once they are read */
    size_t count, room;
    size_t first_remark, remarks;
    enum nl_sign flags[NL_COLUMN_FIELDS][3]; /* what yes, no and a blank mean */
    char languages[64][12];
    int language_count;
};

/* Finds what some words of a file's name mean together; false if nothing. */
bool nl_lexicon_file_word(const struct nl_lexicon *lexicon, const char *word, enum nl_sign *sign);

/* The order of the entries. */
int nl_lexicon_compare(const void *a, const void *b);

#endif
