#include "newsletter/archive/build.h"

#include "archive/manifest.h"
#include "newsletter/archive/archive.h"
#include "newsletter/base/file.h"
#include "newsletter/template/data.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct building {
    struct nl_store *store;
    const struct nl_config *config;
    const char *folder;
    const struct nl_archive *archive;
    json_t *archives;
    struct nl_buf written; /* for the manifest */
    int64_t files;
};

/* Makes the missing folders of a file's path. */
static enum nl_status make_folders(struct nl_buf *path, struct nl_error *err) {
    for (char *slash = path->data; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        int failed = path->data[0] != '\0' && mkdir(path->data, 0755) != 0 && errno != EEXIST;
        enum nl_status status = failed ? nl_error_system(err, errno, "create", path->data) : NL_OK;
        *slash = '/';
        if (status != NL_OK)
            return status;
    }
    return NL_OK;
}

static enum nl_status write_file(struct building *building, const char *list, const char *path,
                                 const struct nl_buf *content, struct nl_error *err) {
    struct nl_buf full = {0};
    size_t len = strlen(path);
    nl_buf_addf(&full, "%s/%s%s%s%s", building->folder, list, list[0] != '\0' ? "/" : "", path,
                len == 0 || path[len - 1] == '/' ? "index.html" : "");
    enum nl_status status = full.failed ? nl_error_nomem(err) : make_folders(&full, err);
    if (status == NL_OK)
        status = nl_file_write(full.data, nl_buf_text(content), content->len, false, err);
    if (status == NL_OK)
        nl_buf_addf(&building->written, "%s\n", full.data + strlen(building->folder) + 1);
    building->files += status == NL_OK;
    nl_buf_free(&full);
    return status;
}

static enum nl_status write_page(const char *path, void *ctx, struct nl_error *err) {
    struct building *building = ctx;
    struct nl_archive_page page = {0};
    enum nl_status status = nl_archive_make(building->archive, path, NULL, &page, err);
    if (status == NL_OK && page.found)
        status = write_file(building, building->archive->list->name, path, &page.body, err);
    nl_buf_free(&page.body);
    return status;
}

/* The archive's address: the list's archive_url, or a path below serve.url. */
static void find_url(const struct building *building, const struct nl_list *list,
                     struct nl_buf *out) {
    if (list->archive_url != NULL) {
        nl_buf_adds(out, list->archive_url);
        if (out->len > 0 && out->data[out->len - 1] != '/')
            nl_buf_addc(out, '/');
    } else if (building->config->serve.url != NULL) {
        nl_buf_addf(out, "%s/archive/%s/", building->config->serve.url, list->name);
    }
}

static enum nl_status build_list(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct building *building = ctx;
    struct nl_theme theme = {0};
    struct nl_buf url = {0};
    if (list->is_private)
        return NL_OK;
    find_url(building, list, &url);
    enum nl_status status = nl_theme_open(building->config->templates, list->language, &theme, err);
    const struct nl_archive archive = {.store = building->store,
                                       .theme = &theme,
                                       .list = list,
                                       .url = nl_buf_text(&url),
                                       .join =
                                           list->subscribe_url != NULL ? list->subscribe_url : ""};
    building->archive = &archive;
    if (status == NL_OK)
        status = nl_archive_paths(&archive, write_page, building, err);
    json_array_append_new(building->archives,
                          json_pack("{s:s, s:s}", "name", list->name, "title", list->title));
    nl_theme_free(&theme);
    nl_buf_free(&url);
    return status;
}

static enum nl_status write_top(struct building *building, struct nl_error *err) {
    static const struct nl_list none = {0};
    struct nl_theme theme = {0};
    struct nl_buf style = {0};
    struct nl_buf index = {0};
    enum nl_status status = nl_theme_open(building->config->templates, "en", &theme, err);
    json_t *data = nl_data_new(&none, "en");
    nl_data_set(data, "stylesheet", "style.css");
    nl_data_set(data, "heading", "Archives");
    json_object_set_new(data, "feed", json_false());
    json_object_set(data, "archives", building->archives);
    if (status == NL_OK)
        status = nl_theme_render(&theme, "page.css", data, &style, err);
    if (status == NL_OK)
        status = write_file(building, "", "style.css", &style, err);
    if (status == NL_OK)
        status = nl_theme_render(&theme, "archives.html", data, &index, err);
    if (status == NL_OK)
        status = write_file(building, "", "", &index, err);
    json_decref(data);
    nl_theme_free(&theme);
    nl_buf_free(&style);
    nl_buf_free(&index);
    return status;
}

enum nl_status nl_archive_build(struct nl_store *store, const struct nl_config *config,
                                const char *folder, int64_t *files, struct nl_error *err) {
    struct building building = {
        .store = store, .config = config, .folder = folder, .archives = json_array()};
    enum nl_status status = nl_list_each(store, build_list, &building, err);
    if (status == NL_OK)
        status = write_top(&building, err);
    if (status == NL_OK && building.written.failed)
        status = nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_manifest_update(folder, &building.written, err);
    nl_buf_free(&building.written);
    json_decref(building.archives);
    *files = building.files;
    return status;
}
