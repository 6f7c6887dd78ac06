#include "service/draft_number_check.h"
#include "newsletter/base/catalog.h"
#include "newsletter/bulletin/frontmatter.h"
#include "newsletter/store/issue.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { ISSUES_READ = 100 };

/* Issues of the series, those made last first. */
struct earlier {
    const char *series; /* "" for none */
    int64_t own;        /* the issue that was made of the draft; 0: none */
    json_t *issues;     /* number, title */
};

static const char *text_of(const char *text) {
    return text != NULL ? text : "";
}

static enum nl_status keep(const struct nl_issue_summary *issue, void *ctx, struct nl_error *err) {
    const struct earlier *earlier = ctx;
    if (issue->state == NL_ISSUE_CANCELLED || issue->id == earlier->own ||
        text_of(issue->number)[0] == '\0' || strcmp(text_of(issue->series), earlier->series) != 0)
        return NL_OK;
    json_t *item = json_pack("{s:s, s:s}", "number", issue->number, "title", text_of(issue->title));
    return json_array_append_new(earlier->issues, item) == 0 ? NL_OK : nl_error_nomem(err);
}

/* The last digits of a number: "012" of "No 012/a". */
static const char *digits_of(const char *number, size_t *len) {
    const char *end = number + strlen(number);
    while (end > number && !isdigit((unsigned char)end[-1]))
        end--;
    const char *begin = end;
    while (begin > number && isdigit((unsigned char)begin[-1]))
        begin--;
    *len = (size_t)(end - begin);
    return begin;
}

static const char *without_zeros(const char *digits, size_t *len) {
    for (; *len > 1 && *digits == '0'; --*len)
        digits++;
    return digits;
}

static bool is_same(const char *a, const char *b) {
    size_t a_len = 0;
    size_t b_len = 0;
    const char *left = digits_of(a, &a_len);
    const char *right = digits_of(b, &b_len);
    left = without_zeros(left, &a_len);
    right = without_zeros(right, &b_len);
    return a_len > 0 && a_len == b_len && strncmp(left, right, a_len) == 0;
}

/* The issue that has this number; NULL for none. */
static const json_t *find_user(const struct earlier *earlier, const char *number) {
    size_t at = 0;
    const json_t *issue = NULL;
    json_array_foreach(earlier->issues, at, issue) {
        if (is_same(json_string_value(json_object_get(issue, "number")), number))
            return issue;
    }
    return NULL;
}

/* The number after the last one, as this text writes numbers: "No. 12" where that had "# 11". */
static void add_next(const struct earlier *earlier, const char *number, struct nl_buf *out) {
    struct nl_buf next = {0};
    size_t len = 0;
    size_t own_len = 0;
    const json_t *last = json_array_get(earlier->issues, 0);
    nl_draft_next_number(json_string_value(json_object_get(last, "number")), &next);
    const char *digits = digits_of(nl_buf_text(&next), &len);
    const char *own = digits_of(number, &own_len);
    if (own_len == 0) {
        nl_buf_adds(out, nl_buf_text(&next));
    } else {
        nl_buf_add(out, number, (size_t)(own - number));
        nl_buf_add(out, digits, len);
        nl_buf_adds(out, own + own_len);
    }
    nl_buf_free(&next);
}

static void check_number(const struct earlier *earlier, const char *path, const char *number,
                         struct nl_findings *out) {
    struct nl_buf next = {0};
    const json_t *last = json_array_get(earlier->issues, 0);
    const json_t *user = find_user(earlier, number);
    if (last == NULL || (number[0] != '\0' && user == NULL))
        return;
    add_next(earlier, number, &next);
    if (number[0] == '\0')
        nl_findings_add(out, NL_LEVEL_WARNING, "number", path,
                        NL_TEXT("the issue has no number, and the one before it has: use '%s'"),
                        nl_buf_text(&next));
    else
        nl_findings_add(out, NL_LEVEL_WARNING, "number", path,
                        NL_TEXT("use the number '%s': %s is that of an earlier issue, %s"),
                        nl_buf_text(&next), number,
                        json_string_value(json_object_get(user, "title")));
    nl_buf_free(&next);
}

static enum nl_status check_edition(const struct nl_bulletin *bulletin, size_t at,
                                    struct earlier *earlier, const struct nl_issue_filter *filter,
                                    struct nl_store *store, struct nl_findings *out,
                                    struct nl_error *err) {
    struct nl_frontmatter front = {0};
    const char *source = nl_bulletin_edition(bulletin, at).source;
    const char *path = bulletin->views[at].path;
    size_t body = 0;
    size_t line = 0;
    enum nl_status status =
        nl_frontmatter_read(source, strlen(source), path, &front, &body, &line, err);
    if (status == NL_OK && at == 0) {
        earlier->series = text_of(front.series);
        status = nl_issue_summaries(store, filter, keep, earlier, err);
    }
    if (status == NL_OK)
        check_number(earlier, path, text_of(front.number), out);
    nl_frontmatter_free(&front);
    return status;
}

enum nl_status nl_draft_check_number(const struct nl_office *office, const struct nl_draft *draft,
                                     const struct nl_bulletin *bulletin, struct nl_findings *out,
                                     struct nl_error *err) {
    const struct nl_issue_filter filter = {.list = draft->list_name, .limit = ISSUES_READ};
    struct earlier earlier = {"", draft->issue, json_array()};
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < bulletin->view_count; i++)
        status = check_edition(bulletin, i, &earlier, &filter, office->store, out, err);
    json_decref(earlier.issues);
    return status;
}
