#include "newsletter/base/catalog.h"
#include "newsletter/base/picture.h"
#include "newsletter/base/text.h"
#include "newsletter/service/conversion.h"
#include "newsletter/service/drafts.h"
#include "newsletter/store/draft.h"
#include "newsletter/transfer/packed_issue.h"
#include "service/draft_begin.h"
#include "service/draft_change.h"

#include <string.h>

enum { NAME_MOST = 100 };

/* The base of a name as another computer has it, with what may not be in a name made "-". */
static void safe_name(const char *name, struct nl_buf *out) {
    for (const char *p = name; *p != '\0'; p++)
        if (*p == '/' || *p == '\\')
            name = p + 1;
    while (*name == '.' || *name == ' ')
        name++;
    const char *dot = strrchr(name, '.');
    size_t end = dot != NULL ? strlen(dot) : 0;
    size_t stem = strlen(name) - end;
    if (end > 12)
        end = 0;
    size_t fit = nl_text_fit(name, NAME_MOST - end);
    stem = stem < fit ? stem : fit;
    for (size_t i = 0; i < stem + end; i++) {
        char c = i < stem ? name[i] : dot[i - stem];
        unsigned char byte = (unsigned char)c;
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    byte >= 0x80 || (out->len > 0 && strchr("._-", c) != NULL);
        if (fine)
            nl_buf_addc(out, c);
        else if (out->len > 0)
            nl_buf_addc(out, '-');
    }
}

static bool is_text_of_ours(const char *name) {
    size_t len = strlen(name);
    return len > 3 && strncmp(name, "issue.", 6) == 0 && strcmp(name + len - 3, ".md") == 0;
}

static enum nl_status check_upload(const struct nl_draft_upload *upload, const struct nl_buf *name,
                                   struct nl_error *err) {
    const struct nl_buf data = {.data = (char *)upload->data, .len = upload->len};
    if (upload->len == 0)
        return nl_error_set(err, NL_DATA, NL_TEXT("the file is empty"));
    if (!nl_packed_issue_is_name(nl_buf_text(name)) || is_text_of_ours(nl_buf_text(name)))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("give the file another name, of letters and digits"));
    if (upload->picture && nl_picture_type(&data) == NULL)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s is not a picture that mail programs show: use PNG, JPEG or GIF"),
            nl_buf_text(name));
    return NL_OK;
}

enum nl_status nl_draft_keep_file(const struct nl_office *office, int64_t draft,
                                  const struct nl_draft_file *file, struct nl_error *err) {
    const struct nl_buf data = {.data = (char *)file->data, .len = file->size};
    struct nl_buf clean = {0};
    enum nl_status status = NL_OK;
    struct nl_draft_file kept = *file;
    if (nl_picture_type(&data) != NULL) {
        status = nl_convert_picture(&data, &clean, err);
        kept.data = clean.data;
        kept.size = clean.len;
        if (status == NL_DATA)
            nl_error_context(err, "%s", file->name);
    }
    if (status == NL_OK)
        status = nl_draft_file_put(office->store, draft, &kept, office->by, err);
    nl_buf_free(&clean);
    return status;
}

enum nl_status nl_office_draft_file_add(const struct nl_office *office, int64_t id,
                                        const struct nl_draft_upload *upload, struct nl_buf *name,
                                        struct nl_error *err) {
    safe_name(upload->name, name);
    enum nl_status status = check_upload(upload, name, err);
    if (status == NL_OK)
        status = nl_draft_may_change(office, id, err);
    const struct nl_draft_file file = {nl_buf_text(name), upload->len, upload->data};
    if (status != NL_OK)
        return status;
    return upload->picture ? nl_draft_keep_file(office, id, &file, err)
                           : nl_draft_file_put(office->store, id, &file, office->by, err);
}

enum nl_status nl_office_draft_file_remove(const struct nl_office *office, int64_t id,
                                           const char *name, struct nl_error *err) {
    enum nl_status status = nl_draft_may_change(office, id, err);
    return status == NL_OK ? nl_draft_file_remove(office->store, id, name, office->by, err)
                           : status;
}
