#include "newsletter/service/drafts.h"

#include "newsletter/base/kept_error.h"
#include "newsletter/bulletin/check.h"
#include "newsletter/store/draft.h"
#include "service/draft_folder.h"
#include "service/draft_number_check.h"

#include <stdlib.h>
#include <string.h>

void nl_draft_composed_free(struct nl_draft_composed *composed) {
    nl_bulletin_free(&composed->bulletin);
    nl_list_free(&composed->list);
    json_decref(composed->findings);
    *composed = (struct nl_draft_composed){0};
}

/* Appends `text` without the path of the folder, which means nothing to its author. */
static void add_without(struct nl_buf *out, const char *text, const struct nl_buf *folder) {
    const char *path = nl_buf_text(folder);
    for (const char *at = text; *at != '\0';) {
        const char *found = strstr(at, path);
        size_t len = found != NULL ? (size_t)(found - at) : strlen(at);
        nl_buf_add(out, at, len);
        at += len + (found != NULL ? folder->len : 0);
    }
}

/* The number of "12: " or, in a warning, "line 12: " that *text begins with; 0 for none. */
static int64_t take_line(const char **text) {
    static const char word[] = "line ";
    bool named = strncmp(*text, word, sizeof word - 1) == 0;
    char *rest = NULL;
    int64_t line = strtoll(named ? *text + sizeof word - 1 : *text, &rest, 10);
    if (line <= 0 || *rest != ':')
        return 0;
    *text = rest + 1 + strspn(rest + 1, " ");
    return line;
}

const char *nl_draft_finding_place(const char *text, char language[NL_FINDING_LANGUAGE],
                                   int64_t *line) {
    static const char head[] = "issue.";
    const char *end = strstr(text, ".md:");
    language[0] = '\0';
    *line = 0;
    if (strncmp(text, head, sizeof head - 1) != 0 || end == NULL)
        return text;
    size_t len = (size_t)(end - text) - (sizeof head - 1);
    if (len == 0 || len >= NL_FINDING_LANGUAGE || memchr(text + sizeof head - 1, ' ', len) != NULL)
        return text;
    memcpy(language, text + sizeof head - 1, len);
    language[len] = '\0';
    const char *said = end + 4 + strspn(end + 4, " ");
    *line = take_line(&said);
    return said;
}

/* The parts of a finding for pages, without the path of the folder in its words. */
static json_t *keep(const struct nl_error *said, const struct nl_buf *folder) {
    json_t *kept = nl_error_keep(said);
    size_t at = 0;
    json_t *part = NULL;
    json_array_foreach(kept, at, part) {
        for (size_t i = 1; i < json_array_size(part); i++) {
            struct nl_buf word = {0};
            add_without(&word, json_string_value(json_array_get(part, i)), folder);
            json_array_set_new(part, i, json_string(nl_buf_text(&word)));
            nl_buf_free(&word);
        }
    }
    return kept != NULL ? kept : json_null();
}

static enum nl_status add_finding(struct nl_draft_composed *out, const struct nl_buf *folder,
                                  const struct nl_finding *item, struct nl_error *err) {
    const char *path = item->path;
    const char *text = item->text;
    struct nl_buf plain = {0};
    char language[40];
    int64_t line = 0;
    if (path != NULL && strstr(text, path) == NULL) {
        add_without(&plain, path, folder);
        nl_buf_adds(&plain, ": ");
    }
    add_without(&plain, text, folder);
    const char *said = nl_draft_finding_place(nl_buf_text(&plain), language, &line);
    json_t *finding = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "level",
                                item->level == NL_LEVEL_ERROR ? "error" : "warning", "rule",
                                item->rule, "text", said, "language", language, "line",
                                (json_int_t)line, NL_FINDING_PARTS, keep(&item->said, folder));
    bool failed = json_array_append_new(out->findings, finding) != 0;
    nl_buf_free(&plain);
    if (item->level == NL_LEVEL_ERROR)
        out->errors++;
    else
        out->warnings++;
    return failed ? nl_error_nomem(err) : NL_OK;
}

static enum nl_status check(const struct nl_office *office, const struct nl_draft *draft,
                            const struct nl_buf *folder, struct nl_draft_composed *out,
                            struct nl_error *err) {
    struct nl_findings findings = {0};
    enum nl_status status =
        nl_bulletin_check(&out->bulletin, &out->list, office->config, &findings, err);
    if (status == NL_OK)
        status = nl_bulletin_check_attributes(&out->bulletin, office->store, &findings, err);
    if (status == NL_OK)
        status = nl_draft_check_number(office, draft, &out->bulletin, &findings, err);
    for (size_t i = 0; status == NL_OK && i < findings.count; i++) {
        const struct nl_finding *item = &findings.items[i];
        if (item->level != NL_LEVEL_GOOD)
            status = add_finding(out, folder, item, err);
    }
    nl_findings_free(&findings);
    return status;
}

/* Whether a failure is the author's to correct. */
static bool is_mistake(enum nl_status status) {
    return status == NL_DATA || status == NL_NOINPUT || status == NL_CONFIG || status == NL_USAGE;
}

static enum nl_status compose(const struct nl_office *office, const struct nl_draft *draft,
                              struct nl_draft_folder *folder, struct nl_draft_composed *out,
                              struct nl_error *err) {
    enum nl_status status = nl_draft_folder_make(office, draft->id, folder, err);
    if (status == NL_OK)
        status = nl_bulletin_compose(nl_buf_text(&folder->issue), &out->list, office->config,
                                     &out->bulletin, err);
    out->whole = status == NL_OK;
    if (out->whole)
        return check(office, draft, &folder->path, out, err);
    if (!is_mistake(status))
        return status;
    struct nl_error mistake = *err;
    *err = (struct nl_error){0};
    const struct nl_finding item = {NL_LEVEL_ERROR, "text", NULL, (char *)nl_error_text(&mistake),
                                    mistake};
    status = add_finding(out, &folder->path, &item, err);
    nl_error_free(&mistake);
    return status;
}

enum nl_status nl_office_draft_compose(const struct nl_office *office, int64_t id,
                                       struct nl_draft_composed *out, struct nl_error *err) {
    struct nl_draft draft = {0};
    struct nl_draft_folder folder = {0};
    *out = (struct nl_draft_composed){.findings = json_array()};
    enum nl_status status = nl_draft_get(office->store, id, &draft, err);
    if (status == NL_OK)
        status = nl_list_get(office->store, draft.list, &out->list, err);
    if (status == NL_OK)
        status = compose(office, &draft, &folder, out, err);
    nl_draft_folder_free(&folder);
    nl_draft_free(&draft);
    if (status != NL_OK)
        nl_draft_composed_free(out);
    return status;
}
