/* One page of the archive while it is made: what the files that make pages share. archive.c, which
 * knows the paths, calls list_page.c, feed.c and issue_page.c; these call page_builder.c. */
#ifndef NL_ARCHIVE_PAGE_BUILDER_H
#define NL_ARCHIVE_PAGE_BUILDER_H

#include "newsletter/archive/archive.h"
#include "newsletter/base/language.h"
#include "newsletter/bulletin/frontmatter.h"

#include <jansson.h>

struct nl_page_builder {
    const struct nl_archive *archive;
    struct nl_buf root;    /* from the page to the archive: "", "../", "../../" ... */
    json_t *array;         /* gets what a callback finds */
    struct nl_entry entry; /* the issue of a page, with copies of its texts */
    char *strings[8];      /* the copies */
};

void nl_page_builder_free(struct nl_page_builder *builder);

/* The address of the archive as seen from the page: "./", "../" ... */
const char *nl_page_root(const struct nl_page_builder *builder);

/* An issue as templates show it: its title, number, date and so on. The caller owns it. */
json_t *nl_page_entry(const struct nl_page_builder *builder, const struct nl_entry *entry);

/* edition_pick.c: the language of the edition that serves the visitor best; "" for the issue's own.
 */
enum nl_status nl_edition_pick(const struct nl_archive *archive, const struct nl_entry *entry,
                               char out[NL_LANGUAGE_TAG], struct nl_error *err);

/* edition_pick.c: the text of an issue in a language ("" for its own), with what its front matter
 * says of title, series, number, category and author. Free with nl_edition_free. */
struct nl_edition_view {
    struct nl_archived text;
    struct nl_frontmatter front; /* empty where it cannot be read any more */
    struct nl_entry entry;       /* borrows from both, and from the entry of the issue */
    bool own;                    /* it is the issue's own text */
};
enum nl_status nl_edition_open(const struct nl_archive *archive, const struct nl_entry *entry,
                               const char *language, bool *found, struct nl_edition_view *out,
                               struct nl_error *err);
void nl_edition_free(struct nl_edition_view *edition);

/* card.c: an issue in a list, with the beginning of its text (`limit` bytes) and its first picture,
 * in the edition that serves the visitor best. With `words`, also the place where they stand. The
 * caller owns *out. */
enum nl_status nl_page_card(const struct nl_page_builder *builder, const struct nl_entry *entry,
                            size_t limit, const char *words, json_t **out, struct nl_error *err);

/* month.c: this month's calendar, with links to its events. It may be that of several lists. */
struct nl_month;
struct nl_month *nl_month_new(const struct nl_theme *theme);
enum nl_status nl_month_add(struct nl_month *month, const struct nl_page_builder *builder,
                            struct nl_error *err);
json_t *nl_month_data(const struct nl_month *month);
void nl_month_free(struct nl_month *month);

/* side.c: what stands next to the text: the form to join, the calendar, the years, the feeds. All
 * builders are of one page. */
enum nl_status nl_side_add(struct nl_page_builder *const *builders, size_t count, json_t *data,
                           struct nl_error *err);

/* Adds the reference number of an edition that was signed, and where a reader asks about it. */
enum nl_status nl_page_reference(const struct nl_archive *archive,
                                 const struct nl_edition_view *edition, json_t *data,
                                 struct nl_error *err);

/* The data that every page has. The caller owns it. */
json_t *nl_page_data(const struct nl_page_builder *builder, const char *heading);

/* Renders the template `file` over `data` as the page. */
enum nl_status nl_page_render(const struct nl_page_builder *builder, const char *file, json_t *data,
                              struct nl_archive_page *out, struct nl_error *err);

/* Fills a stored text as a page or a feed shows it, with its pictures at the address `base`; NULL:
 * within it, for a page that is printed. */
enum nl_status nl_page_body(const struct nl_archived *text, const char *base, struct nl_buf *out,
                            struct nl_error *err);

/* list_page.c: the pages that list issues: the newest ones, those that hold `words`, those of a
 * year (and month, if it is not NULL), and those of the kind `name` ("category", "series" or "by")
 * whose value has the key `key`. */
enum nl_status nl_page_newest(struct nl_page_builder *builder, struct nl_archive_page *out,
                              struct nl_error *err);
enum nl_status nl_page_search(struct nl_page_builder *builder, const char *words,
                              struct nl_archive_page *out, struct nl_error *err);
enum nl_status nl_page_date(struct nl_page_builder *builder, const char *year, const char *month,
                            struct nl_archive_page *out, struct nl_error *err);
enum nl_status nl_page_kind(struct nl_page_builder *builder, const char *name, const char *key,
                            struct nl_archive_page *out, struct nl_error *err);

/* feed.c: the feeds: Atom (RFC 4287), JSON Feed 1.1, and RSS 2.0 with the fields of podcasts. In
 * `language` where issues have an edition in it; NULL: each issue's own. There are none where the
 * archive's address is not known, nor in a language that no issue has. */
enum nl_feed { NL_FEED_ATOM, NL_FEED_JSON, NL_FEED_PODCAST };
enum nl_status nl_page_feed(struct nl_page_builder *builder, enum nl_feed kind,
                            const char *language, struct nl_archive_page *out,
                            struct nl_error *err);

/* preview_picture.c: the cover of a list's recordings. */
enum nl_status nl_page_cover(const struct nl_page_builder *builder, struct nl_archive_page *out,
                             struct nl_error *err);

/* feed.c: reads "feed.atom", "feed.ru.json" and so on; false for another name. */
bool nl_feed_parse(const char *name, enum nl_feed *kind, char language[NL_LANGUAGE_TAG]);

/* feed_entry.c: an issue with all that a feed says of it. The caller owns *out. */
enum nl_status nl_feed_entry(const struct nl_page_builder *builder, const struct nl_entry *entry,
                             const char *language, json_t **out, struct nl_error *err);

/* issue_page.c: the page of an issue in one language, NULL for its own. */
enum nl_status nl_page_issue(struct nl_page_builder *builder, const char *slug,
                             const char *language, struct nl_archive_page *out,
                             struct nl_error *err);

/* print_page.c: the same for paper: HTML that holds all it needs, in the language of the edition.
 */
enum nl_status nl_page_print(const struct nl_archive *archive, const char *slug,
                             const char *language, struct nl_archive_page *out,
                             struct nl_error *err);

/* issue_page.c: an edition as templates show it, with its contact and its events. The caller owns
 * it. */
json_t *nl_page_edition(const struct nl_page_builder *builder,
                        const struct nl_edition_view *edition);

/* edition_pick.c: opens the issue with that slug in a language (NULL: its own) and keeps its entry
 * in the builder. Free *out with nl_edition_free. */
enum nl_status nl_issue_open(struct nl_page_builder *builder, const char *slug,
                             const char *language, bool *found, struct nl_edition_view *out,
                             struct nl_error *err);

/* issue_files.c: one file of the issue that the parts of a path name: a picture of its text
 * ("image-1.png"), an attachment ("file-1.pdf"), its events ("events.ics"), or a picture of its
 * title for links in other places ("preview.png"). */
enum nl_status nl_page_file(struct nl_page_builder *builder, char *const parts[3], size_t count,
                            const char *name, struct nl_archive_page *out, struct nl_error *err);

/* issue_files.c: the names of all these files, each with a NUL after it. */
enum nl_status nl_issue_file_list(const struct nl_archive *archive,
                                  const struct nl_edition_view *edition, struct nl_buf *names,
                                  struct nl_error *err);

/* issue_files.c: the media type of an attachment by its name: a constant. */
const char *nl_issue_file_type(const char *file);

/* issue_files.c: attachment number `index`; `out` NULL: only its size. */
enum nl_status nl_issue_attachment(const struct nl_archive *archive,
                                   const struct nl_edition_view *edition, size_t index, bool *found,
                                   size_t *size, struct nl_buf *out, struct nl_error *err);

/* calendar.c: the events of one issue as iCalendar; *found is false without any. */
enum nl_status nl_issue_ics(const struct nl_archive *archive, const struct nl_edition_view *edition,
                            bool *found, struct nl_buf *out, struct nl_error *err);

/* issue_files.c: appends the name of attachment number `index` in paths; `file` is its own name. */
void nl_issue_file_name(size_t index, const char *file, struct nl_buf *out);

/* recordings.c: the recordings of an edition for templates, or those of the issue itself where the
 * edition names none: [{title, src, type, licence, duration, seconds, size}]. `up` leads from the
 * page to the folder of the issue's own text. The caller owns *out. */
enum nl_status nl_listen_data(const struct nl_archive *archive, const struct nl_entry *issue,
                              const struct nl_edition_view *edition, const char *here,
                              const char *up, json_t **out, struct nl_error *err);

/* recordings.c: a recording of an edition by its name in paths, such as "audio-1.mp3". */
enum nl_status nl_listen_file(const struct nl_archive *archive,
                              const struct nl_edition_view *edition, const char *name,
                              struct nl_archive_page *out, struct nl_error *err);

/* recordings.c: appends the names of those that lie with an edition, each with a NUL after it. */
void nl_listen_names(const struct nl_edition_view *edition, struct nl_buf *names);

/* recordings.c: the recordings of the configuration, as above. The caller owns it. */
json_t *nl_listen_site(const struct nl_config *config, const char *home);

/* preview_picture.c: draws title and masthead of an issue, or of a list, as a PNG. Appends nothing
 * where the program was built without Pango. Other websites show the preview, podcast programs the
 * cover, which Apple wants to be a square of 1400 to 3000 pixels. */
enum { NL_PREVIEW_WIDTH = 1200, NL_PREVIEW_HEIGHT = 630, NL_COVER_SIDE = 1400 };
#define NL_COVER_NAME "cover.png"
extern const bool nl_preview_possible;
struct nl_preview {
    int width, height;
    const char *name;         /* of the organisation or list */
    const char *line;         /* number and date */
    const char *title;        /* of the issue */
    const char *ground, *ink; /* colours, "#rrggbb" */
};
enum nl_status nl_preview_draw(const struct nl_preview *preview, struct nl_buf *out,
                               struct nl_error *err);

#endif
