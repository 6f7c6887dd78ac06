/* The block between two "---" lines at the top of an issue. */
#ifndef NEWSLETTER_BULLETIN_FRONTMATTER_H
#define NEWSLETTER_BULLETIN_FRONTMATTER_H

#include "newsletter/base/error.h"
#include "newsletter/base/medium.h"
#include "newsletter/bulletin/events.h"
#include "newsletter/config/config.h"

#include <stddef.h>

/* Optional texts are NULL. Free with nl_frontmatter_free. */
struct nl_frontmatter {
    char *series, *number, *title, *date, *category, *posted_by;
    char *subject;             /* default: number and title */
    char *alternative_subject; /* the other subject of an A/B test; NULL: none */
    char *slug;                /* default: from series and number, or from the title */
    char *former_slug;  /* that of earlier versions, which left out what is not ASCII; NULL with a
                           slug of its own */
    char *language;     /* default: the list's */
    char *preheader;    /* the line that mail programs show after the subject */
    char **attachments; /* paths relative to the issue */
    size_t attachment_count;
    char *timezone; /* of the events' times and the embargo; default: UTC */
    char *embargo;  /* not to be published before: "2026-09-14 09:00" */
    char *images;   /* "inline" (the default) or "links" */
    char *archive;  /* "public", "unlisted" or "never" */
    char *design;   /* a name of enum nl_design; NULL: that of the list */
    struct nl_contact contact;
    struct nl_events events;
    struct nl_media media; /* to listen to */
};

/* Reads and checks the front matter of `text`. *body is the offset of the Markdown after it,
 * *body_line its line. Required are title and date (YYYY-MM-DD, a day that exists). Unknown keys
 * are errors, since the value of a misspelt one would be lost silently. */
enum nl_status nl_frontmatter_read(const char *text, size_t len, const char *name,
                                   struct nl_frontmatter *out, size_t *body, size_t *body_line,
                                   struct nl_error *err);

void nl_frontmatter_free(struct nl_frontmatter *front);

#endif
