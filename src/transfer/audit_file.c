#include "newsletter/transfer/audit_file.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/pieces.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/transfer/csv_line.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_LINES = 500 };

/* Where the next page of the log begins. */
struct pages {
    struct nl_store *store;
    struct nl_audit_filter filter;
    char *text; /* of the filter */
    struct nl_buf *page;
};

static enum nl_status write_line(const struct nl_audit_line *line, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    struct pages *pages = ctx;
    char at[NL_TIMESTAMP_LEN];
    nl_timestamp_text(line->at, at);
    const char *const fields[] = {at,           line->actor,  line->door,  line->client,
                                  line->action, line->object, line->detail};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        nl_csv_add(pages->page, fields[i], i == 0);
    nl_csv_end(pages->page);
    pages->filter.before = line->id;
    return NL_OK;
}

static enum nl_status add_page(void *ctx, struct nl_buf *out, struct nl_error *err) {
    struct pages *pages = ctx;
    pages->page = out;
    return nl_audit_each(pages->store, &pages->filter, write_line, pages, err);
}

static void free_pages(void *ctx) {
    struct pages *pages = ctx;
    free(pages->text);
    free(pages);
}

enum nl_status nl_audit_open_csv(struct nl_store *store, const struct nl_audit_filter *filter,
                                 FILE **out, struct nl_error *err) {
    struct pages *pages = nl_calloc(1, sizeof *pages);
    *out = NULL;
    struct nl_pieces pieces = {.next = add_page, .free = free_pages, .ctx = pages};
    pages->store = store;
    pages->filter = *filter;
    pages->filter.limit = PAGE_LINES;
    pages->text = filter->text != NULL ? nl_strdup(filter->text) : NULL;
    pages->filter.text = pages->text;
    nl_buf_adds(&pieces.first, "at,actor,door,client,action,object,detail\r\n");
    /* The first page is read here, so that a failure is reported before anything is sent. */
    enum nl_status status = add_page(pages, &pieces.first, err);
    if (status != NL_OK) {
        nl_buf_free(&pieces.first);
        free_pages(pages);
        return status;
    }
    *out = nl_pieces_open(&pieces, err);
    return *out != NULL ? NL_OK : err->status;
}
