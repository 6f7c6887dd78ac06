/* A mail as its reader sees it: texts and files, also those of mails within it. */
#ifndef NEWSLETTER_INBOUND_MAIL_TEXTS_H
#define NEWSLETTER_INBOUND_MAIL_TEXTS_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"
#include "newsletter/base/token.h"

enum nl_mail_text_kind { NL_MAIL_PLAIN, NL_MAIL_HTML, NL_MAIL_FILE };

struct nl_mail_item {
    enum nl_mail_text_kind kind;
    struct nl_buf text;      /* in UTF-8; empty for a file */
    char digest[NL_HEX_LEN]; /* SHA-256 of a file */
    char *name;              /* of a file; NULL if it has none */
    size_t message;          /* which mail it belongs to, 0: the outermost */
    size_t choice;           /* texts of one mail with the same number (not 0) are alternatives */
};

/* Free with nl_mail_texts_free. */
struct nl_mail_texts {
    struct nl_mail_item *items;
    size_t count;
};

/* Whether a text begins as a mail does: with a header that has a field "From". */
bool nl_mail_is_one(const char *data, size_t len) NL_NONNULL(1);

/* Takes a mail of at most `limit` bytes apart; what is beyond is left out. */
void nl_mail_texts_read(const char *data, size_t len, size_t limit, struct nl_mail_texts *out)
    NL_NONNULL(1, 4);

void nl_mail_texts_free(struct nl_mail_texts *texts);

#endif
