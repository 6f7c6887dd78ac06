#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/base/zone.h"
#include "newsletter/bulletin/front_fields.h"
#include "newsletter/service/conversion.h"
#include "newsletter/store/draft.h"
#include "service/draft_begin.h"
#include "service/draft_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char stem[] = "document-";

/* ---- pictures ---- */

/* The highest number of a picture that came with another document. */
static enum nl_status note_number(const struct nl_draft_file *file, void *ctx,
                                  struct nl_error *err) {
    long *most = ctx;
    (void)err;
    long number = strncmp(file->name, stem, sizeof stem - 1) == 0
                      ? strtol(file->name + sizeof stem - 1, NULL, 10)
                      : 0;
    if (number > *most && number < 1000000)
        *most = number;
    return NL_OK;
}

/* Gives a picture another name, in the text, too. */
static void rename_picture(struct nl_document *document, size_t at, long number) {
    struct nl_document_picture *picture = &document->pictures[at];
    struct nl_buf before = {0};
    struct nl_buf after = {0};
    struct nl_buf text = {0};
    nl_buf_addf(&before, "](%s)", picture->name);
    nl_buf_addf(&after, "%s%ld%s", stem, number, strrchr(picture->name, '.'));
    for (const char *p = nl_buf_text(&document->text); *p != '\0';) {
        const char *found = strstr(p, nl_buf_text(&before));
        size_t len = found != NULL ? (size_t)(found - p) : strlen(p);
        nl_buf_add(&text, p, len);
        p += len;
        if (found != NULL) {
            nl_buf_addf(&text, "](%s)", nl_buf_text(&after));
            p += before.len;
        }
    }
    free(picture->name);
    picture->name = nl_buf_take(&after);
    nl_buf_free(&document->text);
    document->text = text;
    nl_buf_free(&before);
}

/* From the last one, so that no name is given that is still to be changed. The called process may
 * have cleaned them already; they are its word, so that a picture must be one. */
static enum nl_status keep_pictures(const struct nl_office *office, int64_t id,
                                    struct nl_document *document, struct nl_error *err) {
    long most = 0;
    enum nl_status status = nl_draft_files(office->store, id, false, note_number, &most, err);
    for (size_t i = document->picture_count; status == NL_OK && i > 0; i--) {
        struct nl_document_picture *picture = &document->pictures[i - 1];
        long own = strtol(picture->name + sizeof stem - 1, NULL, 10);
        if (most > 0)
            rename_picture(document, i - 1, most + own);
        const struct nl_draft_file file = {picture->name, picture->data.len, picture->data.data};
        status = nl_draft_file_put(office->store, id, &file, office->by, err);
    }
    return status;
}

static enum nl_status convert(const struct nl_office *office, int64_t id, const struct nl_buf *data,
                              struct nl_document *out, struct nl_draft_dropped *dropped,
                              struct nl_error *err) {
    enum nl_status status = nl_draft_may_change(office, id, err);
    if (status == NL_OK)
        status = nl_convert_document(data, out, err);
    if (status == NL_OK)
        status = nl_text_check_body(nl_buf_text(&out->text), out->text.len,
                                    NL_TEXT_IN("error", "the document"), err);
    if (status == NL_OK)
        status = keep_pictures(office, id, out, err);
    if (dropped != NULL)
        memcpy(dropped->counts, out->dropped, sizeof dropped->counts);
    return status;
}

enum nl_status nl_office_draft_document(const struct nl_office *office, int64_t id,
                                        const struct nl_buf *document, struct nl_buf *text,
                                        struct nl_draft_dropped *dropped, struct nl_error *err) {
    struct nl_document *read = nl_calloc(1, sizeof *read);
    enum nl_status status = convert(office, id, document, read, dropped, err);
    if (status == NL_OK)
        nl_buf_add(text, nl_buf_text(&read->text), read->text.len);
    nl_document_free(read);
    free(read);
    return status;
}

/* ---- beginning with one ---- */

enum nl_status nl_draft_begin_text(const struct nl_draft_beginning *self, const char *language,
                                   const char *source, struct nl_error *err) {
    static const struct nl_revision new_text = {""};
    const struct nl_draft_text text = {language, source, &new_text, true};
    bool stale = false;
    enum nl_status status = nl_office_draft_save(self->office, self->draft, &text, &stale, err);
    return status == NL_OK && stale
               ? nl_error_set(err, NL_DATA, NL_TEXT("there are two texts in language %s"), language)
               : status;
}

/* The first heading of the highest level is the title of the issue; it does not stand in the text a
 * second time. Without one, the name of the file is the title. */
static void set_title(const struct nl_draft_beginning *self, const struct nl_document *document,
                      struct nl_buf *title, const char **body) {
    const char *text = nl_buf_text(&document->text);
    const char *name = self->start->name != NULL ? self->start->name : "";
    const char *found = nl_buf_text(&document->title);
    size_t dot = strcspn(name, ".");
    *body = text;
    for (const char *p = found; *p != '\0'; p++)
        nl_buf_addc(title, (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p);
    if (title->len == 0)
        nl_buf_add(title, name, dot);
    if (title->len == 0)
        nl_buf_adds(title, "-");
    size_t signs = strspn(text, "#");
    if (found[0] != '\0' && signs > 0) {
        const char *end = strchr(text, '\n');
        *body = end != NULL ? end + 1 + strspn(end + 1, "\n") : "";
    }
}

static void write_issue(const struct nl_draft_beginning *self, const struct nl_document *document,
                        struct nl_buf *source) {
    struct nl_front_fields fields = {0};
    struct nl_buf title = {0};
    const char *body = "";
    char date[NL_DAY_LEN + 1];
    nl_zone_today(nl_store_now(self->office->store), date);
    set_title(self, document, &title, &body);
    if (title.len > 0)
        title.data[nl_text_fit(title.data, 200)] = '\0';
    nl_front_fields_set(&fields, NL_FRONT_TITLE, nl_buf_text(&title));
    nl_front_fields_set(&fields, NL_FRONT_DATE, date);
    nl_buf_adds(&fields.body, body);
    nl_front_fields_write(&fields, "", source);
    nl_front_fields_free(&fields);
    nl_buf_free(&title);
}

enum nl_status nl_draft_begin_document(const struct nl_draft_beginning *self,
                                       struct nl_error *err) {
    const struct nl_buf data = {.data = (char *)self->start->data, .len = self->start->len};
    struct nl_document *document = nl_calloc(1, sizeof *document);
    struct nl_buf source = {0};
    enum nl_status status =
        convert(self->office, self->draft, &data, document, self->start->dropped, err);
    if (status == NL_OK) {
        write_issue(self, document, &source);
        status = nl_draft_begin_text(self, self->list.language, nl_buf_text(&source), err);
    }
    nl_buf_free(&source);
    nl_document_free(document);
    free(document);
    return status;
}
