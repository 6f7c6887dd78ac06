/* A signed note of an edition, read back, for the files that compare. */
#ifndef NL_BULLETIN_GENUINE_NOTE_H
#define NL_BULLETIN_GENUINE_NOTE_H

#include "bulletin/wording.h"
#include "newsletter/base/error.h"

enum nl_token_kind {
    NL_TOKEN_WORD,
    NL_TOKEN_SLOT,  /* a value: some words, of which the first and the last are known in part */
    NL_TOKEN_LINK,  /* the address of a link, perhaps with a value in it */
    NL_TOKEN_RUN,   /* words of which only the digest is known */
    NL_TOKEN_LINKED /* a link of which only the digest is known */
};

struct nl_token_of_note {
    enum nl_token_kind kind;
    const char *text; /* of a word or a link; of a slot, with NL_WORD_SLOT in it; or the digest */
    size_t len;
    uint64_t hash;
    size_t count; /* words of a run */
};

/* One paragraph. */
struct nl_passage {
    char kind; /* as in the note: b, f, c or s */
    struct nl_token_of_note *tokens;
    size_t count;
    size_t known;     /* words and runs' words */
    const char *line; /* its text in the note, */
    size_t line_len;
};

/* All paragraphs of one section. */
struct nl_section {
    struct nl_passage *passages;
    size_t count;
};

enum nl_section_name { NL_SECTION_TEXT, NL_SECTION_HTML, NL_SECTION_SOURCE, NL_SECTIONS };

/* Borrows from the note. Free with nl_note_of_issue_free. */
struct nl_note_of_issue {
    const char *note;
    size_t len; /* of its text, without the signatures */
    struct nl_section sections[NL_SECTIONS];
};

NL_CHECKED enum nl_status nl_note_of_issue_read(const char *note, size_t len,
                                                struct nl_note_of_issue *out,
                                                struct nl_error *err) NL_ALL_NONNULL;
void nl_note_of_issue_free(struct nl_note_of_issue *note);

/* Finds line number `at` (from 0) of that name before the sections: its value, up to the line's
 * end; NULL if there is none. */
const char *nl_note_value(const struct nl_note_of_issue *note, const char *name, size_t at,
                          size_t *len) NL_ALL_NONNULL;

#endif
