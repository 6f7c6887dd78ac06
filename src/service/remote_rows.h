/* The common part of the readers of other programs: lists that are asked for, rows, issues. */
#ifndef NL_SERVICE_REMOTE_ROWS_H
#define NL_SERVICE_REMOTE_ROWS_H

#include "newsletter/service/remote_import.h"
#include "service/remote_call.h"

/* One list of theirs that is read. */
struct nl_remote_list {
    char id[64];
    char *title;
    char *name;   /* of ours */
    bool doubled; /* they ask for a confirmation */
};

enum { NL_REMOTE_LISTS = 500, NL_REMOTE_PAGES = 200000 };

struct nl_remote_reading {
    const struct nl_office *office;
    const struct nl_remote_source *source;
    struct nl_remote_call *call;
    FILE *rows;
    struct nl_remote_result *out;
    struct nl_remote_list lists[NL_REMOTE_LISTS];
    size_t list_count;
};

/* Takes a list of theirs if it is asked for. */
NL_CHECKED enum nl_status nl_remote_add_list(struct nl_remote_reading *reading, const char *id,
                                             const char *title, bool doubled, struct nl_error *err);

/* Whether all lists that are asked for are there, here and there. */
NL_CHECKED enum nl_status nl_remote_check_lists(struct nl_remote_reading *reading,
                                                struct nl_error *err);

/* The list with an id; NULL: it is not read. */
const struct nl_remote_list *nl_remote_find_list(const struct nl_remote_reading *reading,
                                                 const char *id);

/* Writes a row and counts it. Takes it. */
NL_CHECKED enum nl_status nl_remote_put_row(struct nl_remote_reading *reading, json_t *row,
                                            struct nl_error *err);

/* A past issue. Texts are NULL where there are none. */
struct nl_remote_issue {
    const char *title, *subject;
    const char *sent_at; /* "2024-05-01T10:00:00Z" */
    const char *html, *text;
};

/* Writes it as a Markdown file, unless that is there. */
NL_CHECKED enum nl_status nl_remote_put_issue(struct nl_remote_reading *reading,
                                              const struct nl_remote_issue *issue,
                                              struct nl_error *err);

/* How their API gives many entries: in pages, each an array within an object. */
struct nl_remote_walk {
    const char *path;
    int per_page;
    bool numbered;      /* pages have numbers; else one begins after that many entries */
    bool may_be_null;   /* where there are no entries */
    const char *inside; /* the member in which the others stand; NULL: the answer itself */
    const char *items, *total;
};
typedef enum nl_status nl_remote_visit(struct nl_remote_reading *reading, const json_t *item,
                                       void *ctx, struct nl_error *err);

/* Visits all entries. One that is removed meanwhile makes others change their page, so that one of
 * them might be missed: NL_TEMPFAIL where the totals tell of that. */
NL_CHECKED enum nl_status nl_remote_each(struct nl_remote_reading *reading,
                                         const struct nl_remote_walk *walk, nl_remote_visit *visit,
                                         void *ctx, struct nl_error *err);

/* A text of an object, NULL for anything else; a number or text as an id. */
const char *nl_remote_text(const json_t *object, const char *name);
bool nl_remote_id(const json_t *object, const char *name, char out[64]);

/* remote_listmonk.c, remote_mailchimp.c */
NL_CHECKED enum nl_status nl_remote_read_listmonk(struct nl_remote_reading *reading,
                                                  struct nl_error *err);
NL_CHECKED enum nl_status nl_remote_read_mailchimp(struct nl_remote_reading *reading,
                                                   struct nl_error *err);

#endif
