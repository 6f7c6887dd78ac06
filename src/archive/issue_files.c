#include "archive/page_builder.h"

#include "archive/pictures.h"
#include "newsletter/bulletin/attached.h"
#include "newsletter/bulletin/genuine.h"
#include "newsletter/bulletin/message.h"
#include "newsletter/store/issue_note.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char ics_name[] = "events.ics";
static const char preview_name[] = "preview.png";
static const char signature_name[] = "signature.txt";

/* Endings that any web server knows, too. */
static const struct {
    const char *ending, *type;
} types[] = {
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"ics", "text/calendar; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"txt", "text/plain; charset=utf-8"},
    {"zip", "application/zip"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"epub", "application/epub+zip"},
    {"mp3", "audio/mpeg"},
};

static size_t type_of(const char *file) {
    const char *dot = strrchr(file, '.');
    size_t at = 0;
    while (at < sizeof types / sizeof types[0] &&
           (dot == NULL || strcasecmp(dot + 1, types[at].ending) != 0))
        at++;
    return at;
}

void nl_issue_file_name(size_t index, const char *file, struct nl_buf *out) {
    size_t type = type_of(file);
    nl_buf_addf(out, "file-%zu.%s", index + 1,
                type < sizeof types / sizeof types[0] ? types[type].ending : "bin");
}

const char *nl_issue_file_type(const char *file) {
    size_t type = type_of(file);
    return type < sizeof types / sizeof types[0] ? types[type].type : "application/octet-stream";
}

enum nl_status nl_issue_attachment(const struct nl_archive *archive,
                                   const struct nl_edition_view *edition, size_t index, bool *found,
                                   size_t *size, struct nl_buf *out, struct nl_error *err) {
    static const struct nl_recipient nobody = {.address = "", .message_id = ""};
    struct nl_buf packed = {0};
    struct nl_buf filled = {0};
    struct nl_message *message = NULL;
    enum nl_status status =
        nl_archive_message(archive->store, edition->entry.id,
                           edition->own ? NULL : edition->entry.language, &packed, err);
    if (status == NL_OK)
        status = nl_message_parse(nl_buf_text(&packed), packed.len, &message, err);
    if (status == NL_OK)
        status = nl_message_fill(message, &nobody, &filled, err);
    if (status == NL_OK)
        status = nl_attached_read(&filled, index, found, size, out, err);
    nl_message_free(message);
    nl_buf_free(&packed);
    nl_buf_free(&filled);
    return status;
}

static enum nl_status make_attachment(const struct nl_archive *archive,
                                      const struct nl_edition_view *edition, const char *name,
                                      struct nl_archive_page *out, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && !out->found && i < edition->front.attachment_count; i++) {
        struct nl_buf own = {0};
        size_t size = 0;
        size_t type = type_of(edition->front.attachments[i]);
        nl_issue_file_name(i, edition->front.attachments[i], &own);
        if (strcmp(nl_buf_text(&own), name) == 0) {
            status = nl_issue_attachment(archive, edition, i, &out->found, &size, &out->body, err);
            out->type = type < sizeof types / sizeof types[0] ? types[type].type
                                                              : "application/octet-stream";
            out->download = out->ranges = true;
        }
        nl_buf_free(&own);
    }
    return status;
}

static enum nl_status make_preview(const struct nl_archive *archive,
                                   const struct nl_edition_view *edition,
                                   struct nl_archive_page *out, struct nl_error *err) {
    struct nl_identity identity = {0};
    struct nl_buf line = {0};
    const struct nl_entry *entry = &edition->entry;
    const char *language = entry->language != NULL ? entry->language : archive->list->language;
    struct nl_theme theme = {0};
    enum nl_status status = nl_theme_open(archive->config->templates, language, &theme, err);
    nl_identity_of(archive->config, archive->list->name, language, &identity);
    if (entry->number != NULL)
        nl_buf_addf(&line, "%s \u00b7 ", entry->number);
    if (status == NL_OK)
        nl_date_long(&theme, entry->date, &line);
    const struct nl_preview preview = {.width = NL_PREVIEW_WIDTH,
                                       .height = NL_PREVIEW_HEIGHT,
                                       .name = entry->series != NULL      ? entry->series
                                               : identity.name[0] != '\0' ? identity.name
                                                                          : archive->list->title,
                                       .line = nl_buf_text(&line),
                                       .title = entry->title,
                                       .ground = identity.palette.accent,
                                       .ink = identity.palette.on_accent};
    if (status == NL_OK)
        status = nl_preview_draw(&preview, &out->body, err);
    out->found = status == NL_OK && out->body.len > 0;
    out->type = "image/png";
    nl_theme_free(&theme);
    nl_buf_free(&line);
    return status;
}

static enum nl_status make_picture(const struct nl_edition_view *edition, const char *name,
                                   struct nl_archive_page *out, struct nl_error *err) {
    struct nl_buf body = {0};
    enum nl_status status = nl_archive_fill(&edition->text, &body, err);
    if (status == NL_OK)
        out->found = nl_pictures_get(nl_buf_text(&body), name, &out->body, &out->type);
    nl_buf_free(&body);
    return status;
}

/* The signature of the edition; nothing where it was not signed. */
static enum nl_status read_signature(const struct nl_archive *archive,
                                     const struct nl_edition_view *edition, struct nl_buf *out,
                                     struct nl_buf *reference, struct nl_error *err) {
    const char *language = edition->entry.language;
    return nl_issue_note_read(archive->store, edition->entry.id,
                              language != NULL ? language : archive->list->language, out, reference,
                              err);
}

enum nl_status nl_page_reference(const struct nl_archive *archive,
                                 const struct nl_edition_view *edition, json_t *data,
                                 struct nl_error *err) {
    struct nl_buf note = {0};
    struct nl_buf reference = {0};
    struct nl_buf url = {0};
    enum nl_status status = read_signature(archive, edition, &note, &reference, err);
    nl_reference_url(archive->config, nl_buf_text(&reference), &url);
    nl_data_set(data, "reference", nl_buf_text(&reference));
    nl_data_set(data, "genuine_url", nl_buf_text(&url));
    nl_buf_free(&note);
    nl_buf_free(&reference);
    nl_buf_free(&url);
    return status;
}

static enum nl_status make_file(const struct nl_archive *archive,
                                const struct nl_edition_view *edition, const char *name,
                                struct nl_archive_page *out, struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (strcmp(name, preview_name) == 0)
        return make_preview(archive, edition, out, err);
    if (strcmp(name, signature_name) == 0) {
        status = read_signature(archive, edition, &out->body, NULL, err);
        out->found = out->body.len > 0;
        out->type = "text/plain; charset=utf-8";
        return status;
    }
    if (strcmp(name, ics_name) == 0) {
        out->type = "text/calendar; charset=utf-8";
        return nl_issue_ics(archive, edition, &out->found, &out->body, err);
    }
    if (strncmp(name, "audio-", 6) == 0)
        return nl_listen_file(archive, edition, name, out, err);
    return strncmp(name, "file-", 5) == 0 ? make_attachment(archive, edition, name, out, err)
                                          : make_picture(edition, name, out, err);
}

enum nl_status nl_page_file(struct nl_page_builder *builder, char *const parts[3], size_t count,
                            const char *name, struct nl_archive_page *out, struct nl_error *err) {
    struct nl_edition_view edition = {0};
    bool found = false;
    if (count < 2 || strcmp(parts[0], "issue") != 0)
        return NL_OK;
    enum nl_status status =
        nl_issue_open(builder, parts[1], count == 3 ? parts[2] : NULL, &found, &edition, err);
    if (status == NL_OK && found)
        status = make_file(builder->archive, &edition, name, out, err);
    nl_edition_free(&edition);
    return status;
}

static void add_listed(const char *name, struct nl_buf *names) {
    nl_buf_add(names, name, strlen(name) + 1);
}

enum nl_status nl_issue_file_list(const struct nl_archive *archive,
                                  const struct nl_edition_view *edition, struct nl_buf *names,
                                  struct nl_error *err) {
    struct nl_buf body = {0};
    enum nl_status status = nl_archive_fill(&edition->text, &body, err);
    if (status == NL_OK)
        nl_pictures_list(nl_buf_text(&body), names);
    for (size_t i = 0; i < edition->front.attachment_count; i++) {
        struct nl_buf name = {0};
        nl_issue_file_name(i, edition->front.attachments[i], &name);
        add_listed(nl_buf_text(&name), names);
        nl_buf_free(&name);
    }
    nl_listen_names(edition, names);
    if (edition->front.events.count > 0)
        add_listed(ics_name, names);
    if (archive->url[0] != '\0')
        add_listed(preview_name, names);
    if (archive->config->archive.pdf != NULL)
        add_listed(NL_PDF_NAME, names);
    nl_buf_clear(&body);
    if (status == NL_OK)
        status = read_signature(archive, edition, &body, NULL, err);
    if (body.len > 0)
        add_listed(signature_name, names);
    nl_buf_free(&body);
    return status;
}
