#include "archive/page_builder.h"

#include "newsletter/base/qr.h"
#include "newsletter/template/data.h"

#include <openssl/evp.h>
#include <string.h>

/* The logo as a data: URL; nothing without one. */
static enum nl_status add_logo(const char *path, struct nl_buf *out, struct nl_error *err) {
    struct nl_buf picture = {0};
    const char *type = NULL;
    if (path == NULL)
        return NL_OK;
    enum nl_status status = nl_identity_logo(path, &picture, &type, err);
    if (status == NL_OK) {
        nl_buf_addf(out, "data:%s;base64,", type);
        nl_buf_reserve(out, picture.len / 3 * 4 + 5);
        out->len += (size_t)EVP_EncodeBlock((unsigned char *)out->data + out->len,
                                            (const unsigned char *)picture.data, (int)picture.len);
    }
    nl_buf_free(&picture);
    return status;
}

/* Paper has no links: a telephone reads this one. */
static enum nl_status add_qr(const struct nl_theme *theme, json_t *data, struct nl_error *err) {
    const char *url = json_string_value(json_object_get(data, "genuine_url"));
    const char *label = nl_catalog_text(theme->catalog, NULL, NL_TEXT("Is this bulletin ours?"));
    struct nl_buf code = {0};
    enum nl_status status =
        url != NULL && url[0] != '\0' ? nl_qr_svg(&code, url, label, err) : NL_OK;
    nl_data_set(data, "qr", nl_buf_text(&code));
    nl_buf_free(&code);
    return status;
}

static void add_files(const struct nl_edition_view *edition, json_t *data) {
    json_t *files = json_array();
    for (size_t i = 0; i < edition->front.attachment_count; i++) {
        const char *slash = strrchr(edition->front.attachments[i], '/');
        json_array_append_new(
            files,
            json_pack("{s:s}", "name", slash != NULL ? slash + 1 : edition->front.attachments[i]));
    }
    json_object_set_new(data, "has_files", json_boolean(json_array_size(files) > 0));
    json_object_set_new(data, "files", files);
}

static enum nl_status compose(struct nl_page_builder *builder,
                              const struct nl_edition_view *edition, const char *language,
                              struct nl_archive_page *out, struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    struct nl_identity identity = {0};
    struct nl_buf logo = {0};
    struct nl_buf body = {0};
    struct nl_buf address = {0};
    nl_identity_of(archive->config, archive->list->name, language, &identity);
    enum nl_status status = add_logo(identity.logo, &logo, err);
    if (status == NL_OK)
        status = nl_page_body(&edition->text, NULL, &body, err);
    json_t *data = nl_data_new(archive->list, language);
    nl_data_page(data);
    nl_data_identity(data, &identity, nl_buf_text(&logo), "");
    nl_data_set(data, "language", language); /* also where there is no catalog of it */
    nl_data_set(data, "body", nl_buf_text(&body));
    nl_data_set(data, "source", edition->text.body == NULL ? edition->text.source : "");
    json_object_set_new(data, "entry", nl_page_edition(builder, edition));
    add_files(edition, data);
    if (archive->url[0] != '\0')
        nl_buf_addf(&address, "%sissue/%s/%s%s", archive->url, builder->entry.slug,
                    edition->own ? "" : language, edition->own ? "" : "/");
    nl_data_set(data, "canonical", nl_buf_text(&address));
    if (status == NL_OK)
        status = nl_page_reference(archive, edition, data, err);
    if (status == NL_OK)
        status = add_qr(archive->theme, data, err);
    if (status == NL_OK)
        status = nl_page_render(builder, "print.html", data, out, err);
    out->to_print = true;
    out->type = "application/pdf";
    json_decref(data);
    nl_buf_free(&logo);
    nl_buf_free(&body);
    nl_buf_free(&address);
    return status;
}

enum nl_status nl_page_print(const struct nl_archive *archive, const char *slug,
                             const char *language, struct nl_archive_page *out,
                             struct nl_error *err) {
    struct nl_theme theme = {0};
    struct nl_archive own = *archive;
    struct nl_page_builder builder = {.archive = &own};
    struct nl_edition_view edition = {0};
    bool found = false;
    enum nl_status status = nl_issue_open(&builder, slug, language, &found, &edition, err);
    if (status == NL_OK && found) {
        const char *tag = edition.entry.language;
        tag = tag != NULL ? tag : archive->list->language;
        status = nl_theme_open(archive->config->templates, tag, &theme, err);
        own.theme = &theme;
        if (status == NL_OK)
            status = compose(&builder, &edition, tag, out, err);
    }
    nl_edition_free(&edition);
    nl_page_builder_free(&builder);
    nl_theme_free(&theme);
    return status;
}
