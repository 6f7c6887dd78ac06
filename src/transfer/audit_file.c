#include "newsletter/transfer/audit_file.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/transfer/csv_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_LINES = 500 };

/* A file that is read page by page: what is on its way is one page of the log. */
struct pages {
    struct nl_store *store;
    struct nl_audit_filter filter;
    char *text; /* of the filter */
    struct nl_buf page;
    size_t at;
    bool end;
};

static enum nl_status write_line(const struct nl_audit_line *line, void *ctx,
                                 struct nl_error *err) {
    struct pages *pages = ctx;
    struct nl_buf *out = &pages->page;
    char at[NL_TIMESTAMP_LEN];
    nl_timestamp_text(line->at, at);
    const char *const fields[] = {at,           line->actor,  line->door,  line->client,
                                  line->action, line->object, line->detail};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        nl_csv_add(out, fields[i], i == 0);
    nl_csv_end(out);
    pages->filter.before = line->id;
    pages->end = false;
    return out->failed ? nl_error_nomem(err) : NL_OK;
}

static enum nl_status turn(struct pages *pages, struct nl_error *err) {
    pages->end = true; /* unless there is a line */
    return nl_audit_each(pages->store, &pages->filter, write_line, pages, err);
}

static ssize_t read_pages(void *cookie, char *data, size_t size) {
    struct pages *pages = cookie;
    struct nl_error err = {0};
    if (pages->at == pages->page.len && !pages->end) {
        nl_buf_clear(&pages->page);
        pages->at = 0;
        enum nl_status status = turn(pages, &err);
        nl_error_free(&err);
        if (status != NL_OK) {
            errno = EIO;
            return -1;
        }
    }
    size_t left = pages->page.len - pages->at;
    size_t taken = left < size ? left : size;
    if (taken > 0)
        memcpy(data, pages->page.data + pages->at, taken);
    pages->at += taken;
    return (ssize_t)taken;
}

static int close_pages(void *cookie) {
    struct pages *pages = cookie;
    nl_buf_free(&pages->page);
    free(pages->text);
    free(pages);
    return 0;
}

enum nl_status nl_audit_open_csv(struct nl_store *store, const struct nl_audit_filter *filter,
                                 FILE **out, struct nl_error *err) {
    struct pages *pages = calloc(1, sizeof *pages);
    *out = NULL;
    if (pages == NULL)
        return nl_error_nomem(err);
    pages->store = store;
    pages->filter = *filter;
    pages->filter.limit = PAGE_LINES;
    pages->text = filter->text != NULL ? strdup(filter->text) : NULL;
    pages->filter.text = pages->text;
    nl_buf_adds(&pages->page, "at,actor,door,client,action,object,detail\r\n");
    enum nl_status status =
        filter->text != NULL && pages->text == NULL ? nl_error_nomem(err) : turn(pages, err);
    if (status == NL_OK)
        *out = fopencookie(pages, "r",
                           (cookie_io_functions_t){.read = read_pages, .close = close_pages});
    if (*out == NULL)
        close_pages(pages);
    return status == NL_OK && *out == NULL ? nl_error_nomem(err) : status;
}
