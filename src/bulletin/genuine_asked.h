/* A text or a mail that somebody asks about, taken apart. */
#ifndef NL_BULLETIN_GENUINE_ASKED_H
#define NL_BULLETIN_GENUINE_ASKED_H

#include "bulletin/wording.h"
#include "newsletter/bulletin/genuine.h"
#include "newsletter/inbound/mail_texts.h"

/* One text of it, in words. */
struct nl_asked_text {
    struct nl_wording words;
    bool html;
    size_t message, choice; /* as in nl_mail_item */
};

struct nl_asked {
    struct nl_asked_text *texts;
    size_t count;
    struct nl_mail_texts mail; /* its files; empty for a text */
    bool front_matter;         /* a text that begins as Markdown files do */
    char digest[NL_HEX_LEN];   /* of a text as it came, with LF line ends */
};

#endif
