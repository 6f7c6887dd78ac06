#include "service/draft_begin.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/file_kind.h"
#include "newsletter/bulletin/front_fields.h"
#include "newsletter/store/draft.h"
#include "newsletter/transfer/packed_issue.h"
#include "service/draft_change.h"

#include <string.h>

/* Where an issue lies in an archive: its folder, and its name without language and ending. */
struct uploaded {
    const struct nl_draft_beginning *self;
    bool texts; /* this walk takes the texts, the other the files */
    struct nl_buf folder, stem;
};

/* Takes "folder/issue.ru.md" apart. */
static void split_name(const char *name, struct nl_buf *folder, struct nl_buf *stem,
                       char language[40]) {
    const char *slash = strrchr(name, '/');
    const char *base = slash != NULL ? slash + 1 : name;
    size_t len = strlen(base) - 3;
    const char *dot = memrchr(base, '.', len);
    size_t tag = dot != NULL ? len - (size_t)(dot + 1 - base) : 0;
    language[0] = '\0';
    if (dot != NULL && dot > base && tag > 0 && tag < 40) {
        memcpy(language, dot + 1, tag);
        language[tag] = '\0';
        if (nl_draft_is_language(language))
            len = (size_t)(dot - base);
        else
            language[0] = '\0';
    }
    nl_buf_add(folder, name, (size_t)(base - name));
    nl_buf_add(stem, base, len);
}

static bool is_markdown(const char *name) {
    size_t len = strlen(name);
    return len > 3 && strcmp(name + len - 3, ".md") == 0;
}

/* A text without a language in its name says it in its front matter, or is in that of the list. */
static enum nl_status add_uploaded_text(const struct nl_draft_beginning *self, const char *name,
                                        const char *language, const char *data, size_t len,
                                        struct nl_error *err) {
    static const char key[] = "\nlanguage:";
    struct nl_buf source = {0};
    char own[40] = "";
    const char *kind = nl_file_kind(data, len);
    enum nl_status status =
        kind != NULL
            ? nl_error_set(err, NL_DATA,
                           NL_TEXT("%s is %s: upload the text as Markdown (.md), or a zip archive "
                                   "with it and its pictures"),
                           name, kind)
            : nl_draft_take_text(data, len, name, &source, err);
    struct nl_front_fields fields = {0};
    if (status == NL_OK)
        status = nl_front_fields_read(nl_buf_text(&source), &fields, err);
    struct nl_buf other = {0};
    nl_buf_addf(&other, "\n%s", nl_buf_text(&fields.other));
    const char *found = strstr(nl_buf_text(&other), key);
    if (language[0] == '\0' && found != NULL) {
        found += sizeof key - 1;
        found += strspn(found, " \"'");
        size_t tag = strcspn(found, " \"'#\n");
        if (tag < sizeof own)
            memcpy(own, found, tag);
        if (!nl_draft_is_language(own))
            own[0] = '\0';
    }
    const char *settled = language[0] != '\0' ? language
                          : own[0] != '\0'    ? own
                                              : self->list.language;
    if (status == NL_OK)
        status = nl_draft_begin_text(self, settled, nl_buf_text(&source), err);
    nl_buf_free(&other);
    nl_front_fields_free(&fields);
    nl_buf_free(&source);
    return status;
}

static enum nl_status take_text(struct uploaded *uploaded, const char *name,
                                const struct nl_buf *content, struct nl_error *err) {
    struct nl_buf folder = {0};
    struct nl_buf stem = {0};
    char language[40];
    split_name(name, &folder, &stem, language);
    bool first = uploaded->stem.len == 0;
    bool same = first || (strcmp(nl_buf_text(&folder), nl_buf_text(&uploaded->folder)) == 0 &&
                          strcmp(nl_buf_text(&stem), nl_buf_text(&uploaded->stem)) == 0);
    if (first) {
        nl_buf_adds(&uploaded->folder, nl_buf_text(&folder));
        nl_buf_adds(&uploaded->stem, nl_buf_text(&stem));
    }
    nl_buf_free(&folder);
    nl_buf_free(&stem);
    if (!same)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s: the archive has more than one issue: texts of one have the same "
                    "name, but for the language (issue.md, issue.ru.md)"),
            name);
    return add_uploaded_text(uploaded->self, name, language, nl_buf_text(content), content->len,
                             err);
}

/* Files of the issue's own folder, by the names that the text has for them. */
static enum nl_status take_file(const struct uploaded *uploaded, const char *name,
                                const struct nl_buf *content, struct nl_error *err) {
    const struct nl_draft_beginning *self = uploaded->self;
    if (strncmp(name, nl_buf_text(&uploaded->folder), uploaded->folder.len) != 0)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s: it is not in the folder of the issue"),
                            name);
    const struct nl_draft_file file = {name + uploaded->folder.len, content->len,
                                       nl_buf_text(content)};
    return nl_draft_keep_file(self->office, self->draft, &file, err);
}

static enum nl_status take_packed(const char *name, const struct nl_buf *content, void *ctx,
                                  struct nl_error *err) {
    struct uploaded *uploaded = ctx;
    if (is_markdown(name) != uploaded->texts)
        return NL_OK;
    return uploaded->texts ? take_text(uploaded, name, content, err)
                           : take_file(uploaded, name, content, err);
}

enum nl_status nl_draft_begin_upload(const struct nl_draft_beginning *self, struct nl_error *err) {
    const struct nl_draft_start *start = self->start;
    struct uploaded uploaded = {.self = self, .texts = true};
    if (nl_document_is(start->data, start->len))
        return nl_draft_begin_document(self, err);
    if (!nl_packed_issue_is_zip(start->data, start->len))
        return add_uploaded_text(self, "the file", "", start->data, start->len, err);
    enum nl_status status =
        nl_packed_issue_each(start->data, start->len, take_packed, &uploaded, err);
    if (status == NL_OK && uploaded.stem.len == 0)
        status =
            nl_error_set(err, NL_DATA, NL_TEXT("the archive has no text: a file that ends in .md"));
    uploaded.texts = false;
    if (status == NL_OK)
        status = nl_packed_issue_each(start->data, start->len, take_packed, &uploaded, err);
    nl_buf_free(&uploaded.folder);
    nl_buf_free(&uploaded.stem);
    return status;
}
