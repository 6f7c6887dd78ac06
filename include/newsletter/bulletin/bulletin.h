/* From a Markdown file to a message ready to be filled. */
#ifndef NEWSLETTER_BULLETIN_BULLETIN_H
#define NEWSLETTER_BULLETIN_BULLETIN_H

#include "newsletter/base/buf.h"
#include "newsletter/bulletin/message.h"
#include "newsletter/config/config.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/list.h"

/* The parts of one edition, for previews and checks. */
struct nl_view {
    char *path;         /* of its file */
    struct nl_buf html; /* the HTML part alone, packed like the message */
    struct nl_buf
        page; /* the HTML part with its images embedded, so that a browser can show it alone */
    struct nl_buf text;  /* the text part alone, packed */
    struct nl_buf plain; /* what is between its head and its foot, packed */
    struct nl_buf files; /* a line for each file that goes along: its digest, size and name */
    char *placed;        /* a picture that says where it was taken; NULL: none does */
};

/* A composed issue. Free with nl_bulletin_free. */
struct nl_bulletin {
    struct nl_issue issue; /* all members but the ids and the state */
    char *former_slug; /* that of earlier versions, under which they may have stored it; or NULL */
    struct nl_view *views; /* one for each edition, the issue's own first */
    size_t view_count;
};

/* Reads the issue in `path` and composes it for `list`: front matter, Markdown, templates, MIME.
 * Files in the same folder whose names differ only by a language before the ending (issue.ru.md)
 * are its editions. Each fault of the input is an error that names the line. */
NL_CHECKED enum nl_status nl_bulletin_compose(const char *path, const struct nl_list *list,
                                              const struct nl_config *config,
                                              struct nl_bulletin *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Edition number `index`; 0 is the issue's own. Borrowed. */
struct nl_edition nl_bulletin_edition(const struct nl_bulletin *bulletin,
                                      size_t index) NL_ALL_NONNULL;

/* The names by which the issue of a file may be in the store. Zero-initialise; free with
 * nl_issue_names_free. */
struct nl_issue_names {
    char *slug;
    char *former_slug; /* that of earlier versions, where the title must be the same; or NULL */
    char *title;
};
void nl_issue_names_free(struct nl_issue_names *names);

/* Reads only the front matter of `path`. */
NL_CHECKED enum nl_status nl_bulletin_names(const char *path, struct nl_issue_names *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

void nl_bulletin_free(struct nl_bulletin *bulletin);

/* Composes the notice of `kind` (one of nl_notice_kinds) for `list` in `language`, packed, into
 * `out`. Notices carry Auto-Submitted (RFC 3834) and never a subscriber's name, which a stranger
 * may have typed into the form. */
NL_CHECKED enum nl_status nl_notice_compose(const char *kind, const char *language,
                                            const struct nl_list *list,
                                            const struct nl_config *config, struct nl_buf *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Appends what such a notice says: its subject, an empty line and its text, with NL_DIFFERS in the
 * place of links and dates, which differ from one mail to the next. */
#define NL_DIFFERS "\xef\xbf\xbc" /* U+FFFC */
NL_CHECKED enum nl_status nl_notice_wording(const char *kind, const char *language,
                                            const struct nl_list *list,
                                            const struct nl_config *config, struct nl_buf *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

#endif
