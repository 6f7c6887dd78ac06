/* The pages of the public archive, both for `serve` and for files. */
#ifndef NEWSLETTER_ARCHIVE_ARCHIVE_H
#define NEWSLETTER_ARCHIVE_ARCHIVE_H

#include "newsletter/config/config.h"
#include "newsletter/store/archived_issue.h"
#include "newsletter/store/list.h"
#include "newsletter/template/theme.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

/* One list's archive in one language. All borrowed. */
struct nl_archive {
    struct nl_store *store;
    const struct nl_theme *theme;
    const struct nl_config *config; /* whose organisation the pages are */
    const struct nl_list *list;
    const char *url;    /* absolute, ends with "/"; "" if it is not known: then there is no feed */
    const char *join;   /* where to join; "" for nowhere */
    const char *action; /* where the form to join posts to; NULL: there is only a link */
    const char *stamp;  /* for that form; see web/stamp.h */
    const char *home;   /* the site's front page; NULL: the folder above the archive */
    const char *language; /* that the visitor prefers; NULL: the theme's */
    bool searchable;      /* a server answers search?q= */
};

/* A finished page. Free `body`. */
struct nl_archive_page {
    struct nl_buf body;
    const char *type; /* a constant */
    bool found;
    bool download; /* a file to be saved, which browsers must not show */
    bool ranges;   /* parts of it may be asked for, as programs do that play it */
    bool to_print; /* the body is HTML, and nl_pdf_render makes the file of it: that takes long */
};

/* Makes the page at `path`, relative to the archive: "" (newest issues), "2008/", "2008/08/",
 * "category/KEY/", "series/KEY/", "by/KEY/", "issue/SLUG/", "issue/SLUG/LANGUAGE/" (each with
 * the files of nl_page_file), "events/", "events.ics", "feed.atom" and, with `words` (else NULL),
 * "search". */
NL_CHECKED enum nl_status nl_archive_make(const struct nl_archive *archive, const char *path,
                                          const char *words, struct nl_archive_page *out,
                                          struct nl_error *err) NL_NONNULL(1, 2, 4, 5);

/* The pages about several lists: each archive has a page at PREFIX/NAME/, as seen from these pages.
 * All borrowed. */
struct nl_front {
    const struct nl_archive *archives;
    size_t count;
    const char *prefix; /* "archive/" or ""  */
    json_t *languages;  /* links to the page in others: [{href, tag, name, current}], or NULL */
};

/* front.c: the front page of the site: the latest issue of all lists, and earlier ones. `bare`, of
 * which only theme, stylesheet and home count, is for a site without a list. */
NL_CHECKED enum nl_status nl_front_make(const struct nl_front *front, const struct nl_archive *bare,
                                        struct nl_archive_page *out,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* front.c: the page that lists the archives. */
NL_CHECKED enum nl_status nl_front_lists(const struct nl_front *front,
                                         const struct nl_archive *bare, struct nl_archive_page *out,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* front.c: the accessibility statement, if the configuration has the date of one. */
NL_CHECKED enum nl_status nl_front_statement(const struct nl_front *front,
                                             const struct nl_archive *bare,
                                             struct nl_archive_page *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* look.c: the stylesheet in the colours of a list; with NULL, of the organisation. */
NL_CHECKED enum nl_status nl_look_style(const struct nl_config *config, const char *list,
                                        const struct nl_theme *theme, struct nl_buf *out,
                                        struct nl_error *err) NL_NONNULL(1, 3, 4, 5);

/* look.c: a logo by its name in paths, "logo.png" or "logo-dark.jpg". *found is false where there
 * is none of that name. *type is a constant. */
NL_CHECKED enum nl_status nl_look_logo(const struct nl_config *config, const char *list,
                                       const char *name, bool *found, struct nl_buf *out,
                                       const char **type, struct nl_error *err)
    NL_NONNULL(1, 3, 4, 5, 6, 7);

/* look.c: whether a list has settings of its own in `organisation`, and so files of its own. */
bool nl_look_is_own(const struct nl_config *config, const char *list) NL_NONNULL(1);

/* look.c: adds the organisation, its colours, and the addresses of stylesheet and logos to the data
 * of a page. They lie below `home`, or below `root` for a list with a look of its own. */
void nl_look_add(const struct nl_config *config, const char *list, const char *home,
                 const char *root, json_t *data) NL_NONNULL(1, 3, 4, 5);

/* keys_file.c: where the office's public keys lie on its site, and the file: a JWK Set. *found is
 * false where there is no key. */
#define NL_KEYS_PATH ".well-known/newsletter-keys.json"
NL_CHECKED enum nl_status nl_keys_file(const struct nl_config *config, bool *found,
                                       struct nl_buf *out, struct nl_error *err) NL_ALL_NONNULL;

/* keys_file.c: the newest checkpoint of the ledger, likewise. */
#define NL_CHECKPOINT_PATH ".well-known/newsletter-checkpoint"
NL_CHECKED enum nl_status nl_checkpoint_file(struct nl_store *store, bool *found,
                                             struct nl_buf *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* recordings.c: a recording of the configuration by its name in paths, such as "media/audio-1.mp3".
 * *found is false where there is none of that name. *type is a constant. */
NL_CHECKED enum nl_status nl_listen_own(const struct nl_config *config, const char *name,
                                        bool *found, struct nl_buf *out, const char **type,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Writes the name of one in paths; nothing where it is a web address. */
void nl_listen_own_name(const struct nl_config *config, size_t index,
                        struct nl_buf *out) NL_ALL_NONNULL;

/* front.c: the newest issue of a list as a card for templates: JSON null if there is none. `root`
 * is the address of the archive. The caller owns *out. */
NL_CHECKED enum nl_status nl_archive_latest(const struct nl_archive *archive, const char *root,
                                            json_t **out, struct nl_error *err) NL_ALL_NONNULL;

/* pdf.c: makes a PDF of a page that holds all that it needs, by the program in `archive.pdf`, which
 * gets a minute and a gigabyte and no network; true in `cancel` (may be NULL) ends it. For any
 * thread. */
NL_CHECKED enum nl_status nl_pdf_render(const struct nl_config *config, const struct nl_buf *html,
                                        const atomic_bool *cancel, struct nl_buf *out,
                                        struct nl_error *err) NL_NONNULL(1, 2, 4, 5);

/* The name of the PDF among the files of an issue. */
#define NL_PDF_NAME "issue.pdf"

/* Calls `each` with the path of every page. */
NL_CHECKED enum nl_status nl_archive_paths(const struct nl_archive *archive,
                                           enum nl_status (*each)(const char *path, void *ctx,
                                                                  struct nl_error *err),
                                           void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Appends an issue's text as an unknown reader sees it, with its pictures as data: URLs. Appends
 * nothing for an issue that was sent before bodies were stored. */
NL_CHECKED enum nl_status nl_archive_fill(const struct nl_archived *text, struct nl_buf *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Appends the name of a category, series or author in a path: ASCII, and always the same for the
 * same value. */
void nl_archive_key(const char *value, struct nl_buf *out) NL_ALL_NONNULL;

/* calendar.c: all events of the list's issues, once each: as JSON for nl_events_data ("upcoming"
 * ones only), and as iCalendar. */
struct nl_events;
NL_CHECKED enum nl_status nl_archive_upcoming(const struct nl_archive *archive,
                                              struct nl_events *out,
                                              struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_archive_ics(const struct nl_archive *archive, struct nl_buf *out,
                                         struct nl_error *err) NL_ALL_NONNULL;

#endif
