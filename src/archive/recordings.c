#include "archive/page_builder.h"

#include "newsletter/base/file.h"
#include "newsletter/store/recording.h"
#include "newsletter/template/data.h"

#include <string.h>

enum { OWN_LIMIT = 32 << 20 };

static void add_name(size_t index, const char *file, struct nl_buf *out) {
    const char *ending = NULL;
    if (nl_medium_type(file, &ending) != NULL)
        nl_buf_addf(out, "audio-%zu.%s", index + 1, ending);
}

static json_t *medium_data(const struct nl_medium *medium, const char *src, int64_t size) {
    const char *ending = NULL;
    const char *type = nl_medium_type(medium->file != NULL ? medium->file : medium->url, &ending);
    json_t *data = json_object();
    nl_data_set(data, "title", medium->title);
    nl_data_set(data, "src", src);
    nl_data_set(data, "type", type != NULL ? type : "audio/mpeg");
    nl_data_set(data, "licence", medium->licence);
    nl_data_set(data, "duration", medium->duration);
    json_object_set_new(data, "seconds",
                        json_integer((json_int_t)nl_medium_seconds(medium->duration)));
    json_object_set_new(data, "size", json_integer((json_int_t)size));
    return data;
}

/* Adds those of one edition, whose files lie at `base`. */
static enum nl_status add_all(const struct nl_archive *archive, int64_t issue,
                              const struct nl_edition_view *edition, const char *base,
                              json_t *array, struct nl_error *err) {
    const struct nl_media *media = &edition->front.media;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < media->count; i++) {
        const struct nl_medium *medium = &media->items[i];
        struct nl_buf src = {0};
        int64_t size = 0;
        if (medium->file != NULL) {
            status = nl_recording_read(archive->store, issue,
                                       edition->own ? NULL : edition->entry.language,
                                       (int64_t)i + 1, &size, NULL, err);
            nl_buf_adds(&src, base);
            add_name(i, medium->file, &src);
        } else {
            nl_buf_adds(&src, medium->url);
        }
        if (medium->url != NULL || size > 0)
            json_array_append_new(array, medium_data(medium, nl_buf_text(&src), size));
        nl_buf_free(&src);
    }
    return status;
}

enum nl_status nl_listen_data(const struct nl_archive *archive, const struct nl_entry *issue,
                              const struct nl_edition_view *edition, const char *here,
                              const char *up, json_t **out, struct nl_error *err) {
    struct nl_edition_view own = {0};
    bool found = false;
    enum nl_status status = NL_OK;
    *out = json_array();
    if (edition->own || edition->front.media.count > 0)
        return add_all(archive, issue->id, edition, here, *out, err);
    status = nl_edition_open(archive, issue, NULL, &found, &own, err);
    if (status == NL_OK && found)
        status = add_all(archive, issue->id, &own, up, *out, err);
    nl_edition_free(&own);
    return status;
}

enum nl_status nl_listen_file(const struct nl_archive *archive,
                              const struct nl_edition_view *edition, const char *name,
                              struct nl_archive_page *out, struct nl_error *err) {
    const struct nl_media *media = &edition->front.media;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && !out->found && i < media->count; i++) {
        struct nl_buf own = {0};
        const char *ending = NULL;
        int64_t size = 0;
        if (media->items[i].file != NULL)
            add_name(i, media->items[i].file, &own);
        if (own.len > 0 && strcmp(own.data, name) == 0) {
            status = nl_recording_read(archive->store, edition->entry.id,
                                       edition->own ? NULL : edition->entry.language,
                                       (int64_t)i + 1, &size, &out->body, err);
            out->found = size > 0;
            out->type = nl_medium_type(media->items[i].file, &ending);
            out->ranges = true;
        }
        nl_buf_free(&own);
    }
    return status;
}

void nl_listen_names(const struct nl_edition_view *edition, struct nl_buf *names) {
    const struct nl_media *media = &edition->front.media;
    for (size_t i = 0; i < media->count; i++) {
        if (media->items[i].file == NULL)
            continue;
        add_name(i, media->items[i].file, names);
        nl_buf_addc(names, '\0');
    }
}

/* ---- those of the configuration ---- */

void nl_listen_own_name(const struct nl_config *config, size_t index, struct nl_buf *out) {
    if (index >= NL_MEDIA || config->media[index].file == NULL)
        return;
    nl_buf_adds(out, "media/");
    add_name(index, config->media[index].file, out);
}

json_t *nl_listen_site(const struct nl_config *config, const char *home) {
    json_t *array = json_array();
    for (size_t i = 0; i < NL_MEDIA && config->media[i].title != NULL; i++) {
        struct nl_buf src = {0};
        if (config->media[i].url != NULL)
            nl_buf_adds(&src, config->media[i].url);
        else
            nl_buf_addf(&src, "%s", home);
        nl_listen_own_name(config, i, &src);
        json_array_append_new(array, medium_data(&config->media[i], nl_buf_text(&src), 0));
        nl_buf_free(&src);
    }
    return array;
}

enum nl_status nl_listen_own(const struct nl_config *config, const char *name, bool *found,
                             struct nl_buf *out, const char **type, struct nl_error *err) {
    const char *ending = NULL;
    *found = false;
    for (size_t i = 0; i < NL_MEDIA && !*found; i++) {
        struct nl_buf own = {0};
        nl_listen_own_name(config, i, &own);
        *found = own.len > 0 && strcmp(own.data, name) == 0;
        nl_buf_free(&own);
        if (!*found)
            continue;
        *type = nl_medium_type(config->media[i].file, &ending);
        return nl_file_read(config->media[i].file, OWN_LIMIT, out, err);
    }
    return NL_OK;
}
