#include "service/remote_rows.h"

#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/service/conversion.h"
#include "newsletter/store/list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- lists ---- */

static bool is_asked_for(const struct nl_remote_source *source, const char *id, const char *title) {
    for (size_t i = 0; i < source->list_count; i++)
        if (strcmp(source->lists[i], id) == 0 || strcmp(source->lists[i], title) == 0)
            return true;
    return source->list_count == 0;
}

enum nl_status nl_remote_add_list(struct nl_remote_reading *reading, const char *id,
                                  const char *title, bool doubled, struct nl_error *err) {
    struct nl_buf name = {0};
    if (!is_asked_for(reading->source, id, title))
        return NL_OK;
    if (reading->list_count == NL_REMOTE_LISTS)
        return nl_error_set(err, NL_DATA,
                            "there are more than %d lists: name some with "
                            "--remote-list",
                            NL_REMOTE_LISTS);
    struct nl_remote_list *list = &reading->lists[reading->list_count++];
    if (reading->source->into != NULL)
        nl_buf_adds(&name, reading->source->into);
    else
        nl_text_slug(&name, title);
    *list = (struct nl_remote_list){
        .title = nl_strdup(title), .name = nl_buf_take(&name), .doubled = doubled};
    snprintf(list->id, sizeof list->id, "%s", id);
    return NL_OK;
}

/* All that are missing are named at once, with what adds them. */
enum nl_status nl_remote_check_lists(struct nl_remote_reading *reading, struct nl_error *err) {
    struct nl_buf missing = {0};
    enum nl_status status = NL_OK;
    if (reading->list_count == 0)
        return nl_error_set(err, NL_NOTFOUND, "%s has no such list", reading->source->url);
    for (size_t i = 0; status == NL_OK && i < reading->list_count; i++) {
        const struct nl_remote_list *list = &reading->lists[i];
        struct nl_list found = {0};
        struct nl_error unknown = {0};
        status = nl_list_find(reading->office->store, list->name, &found, &unknown);
        if (status == NL_NOTFOUND)
            nl_buf_addf(&missing, "%s%s", missing.len > 0 ? ", " : "", list->name);
        else if (status != NL_OK && err->text == NULL)
            nl_error_set(err, status, "%s", nl_error_text(&unknown));
        if (status == NL_NOTFOUND)
            status = NL_OK;
        nl_error_free(&unknown);
        nl_list_free(&found);
    }
    if (status == NL_OK && missing.len > 0)
        status = nl_error_set(err, NL_NOTFOUND,
                              "these lists are not here yet: %s: 'newsletter list add NAME --from "
                              "ADDRESS' adds one, --list NAME takes everybody to one",
                              nl_buf_text(&missing));
    nl_buf_free(&missing);
    return status;
}

const struct nl_remote_list *nl_remote_find_list(const struct nl_remote_reading *reading,
                                                 const char *id) {
    for (size_t i = 0; i < reading->list_count; i++)
        if (strcmp(reading->lists[i].id, id) == 0)
            return &reading->lists[i];
    return NULL;
}

/* ---- rows ---- */

const char *nl_remote_text(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL && text[0] != '\0' ? text : NULL;
}

bool nl_remote_id(const json_t *object, const char *name, char out[64]) {
    const json_t *value = json_object_get(object, name);
    if (json_is_integer(value))
        snprintf(out, 64, "%lld", (long long)json_integer_value(value));
    else
        snprintf(out, 64, "%s", json_is_string(value) ? json_string_value(value) : "");
    return nl_text_is_name(out, "_-", 63);
}

enum nl_status nl_remote_put_row(struct nl_remote_reading *reading, json_t *row,
                                 struct nl_error *err) {
    int failed = row == NULL || json_dumpf(row, reading->rows, JSON_COMPACT) != 0 ||
                 fputc('\n', reading->rows) == EOF;
    json_decref(row);
    reading->out->rows++;
    return failed ? nl_error_set(err, NL_IO, "the rows cannot be kept: is there room in TMPDIR?")
                  : NL_OK;
}

/* ---- past issues ---- */

/* A line of YAML in quotation marks. */
static void add_field(struct nl_buf *out, const char *name, const char *value) {
    nl_buf_addf(out, "%s: \"", name);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            nl_buf_addc(out, '\\');
        nl_buf_addc(out, (unsigned char)*value < ' ' ? ' ' : *value);
    }
    nl_buf_adds(out, "\"\n");
}

/* HTML of a mail becomes Markdown in the cage in which all documents are read. */
static enum nl_status add_text(const struct nl_remote_issue *issue, struct nl_buf *out,
                               struct nl_error *err) {
    struct nl_document document = {0};
    struct nl_buf html = {0};
    if (issue->html == NULL) {
        nl_buf_adds(out, issue->text != NULL ? issue->text : "");
        return NL_OK;
    }
    if (strncasecmp(issue->html, "<!doctype", 9) != 0 && strncasecmp(issue->html, "<html", 5) != 0)
        nl_buf_adds(&html, "<!DOCTYPE html><html><body>");
    nl_buf_adds(&html, issue->html);
    enum nl_status status = nl_convert_document(&html, &document, err);
    if (status == NL_OK)
        nl_buf_adds(out, nl_buf_text(&document.text));
    nl_document_free(&document);
    nl_buf_free(&html);
    return status;
}

static enum nl_status write_new(const char *folder, const char *name, const struct nl_buf *text,
                                bool *made, struct nl_error *err) {
    struct nl_buf path = {0};
    nl_buf_addf(&path, "%s/%s", folder, name);
    int file = open(nl_buf_text(&path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    *made = file >= 0;
    enum nl_status status = NL_OK;
    bool failed = file < 0 ? errno != EEXIST
                           : write(file, nl_buf_text(text), text->len) != (ssize_t)text->len;
    if (failed)
        status = nl_error_system(err, errno, "write", nl_buf_text(&path));
    if (file >= 0)
        close(file);
    nl_buf_free(&path);
    return status;
}

enum nl_status nl_remote_put_issue(struct nl_remote_reading *reading,
                                   const struct nl_remote_issue *issue, struct nl_error *err) {
    const char *title = issue->subject != NULL ? issue->subject : issue->title;
    struct nl_buf text = {0};
    struct nl_buf name = {0};
    bool made = false;
    char day[11] = "";
    if (title == NULL || issue->sent_at == NULL || strlen(issue->sent_at) < 10)
        return NL_OK; /* it never went out */
    memcpy(day, issue->sent_at, 10);
    if (!nl_text_is_name(day, "-", 10))
        return nl_error_set(err, NL_DATA, "the date of a past issue does not exist: %.10s", day);
    nl_buf_addf(&name, "%s-", day);
    nl_text_slug(&name, title);
    if (name.len > 100)
        name.data[name.len = 100] = '\0';
    nl_buf_adds(&name, ".md");
    nl_buf_adds(&text, "---\n");
    add_field(&text, "title", title);
    add_field(&text, "date", day);
    nl_buf_adds(&text, "---\n\n");
    enum nl_status status = add_text(issue, &text, err);
    nl_buf_addc(&text, '\n');
    if (status == NL_OK)
        status = write_new(reading->source->issues, nl_buf_text(&name), &text, &made, err);
    else
        nl_error_context(err, "past issue '%.80s'", title);
    reading->out->issues += made;
    nl_buf_free(&text);
    nl_buf_free(&name);
    return status;
}
