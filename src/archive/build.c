#include "newsletter/archive/build.h"
#include "newsletter/base/memory.h"

#include "archive/manifest.h"
#include "archive/statement_files.h"
#include "newsletter/archive/archive.h"
#include "newsletter/base/file.h"
#include "newsletter/base/token.h"
#include "newsletter/store/public_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct building {
    struct nl_store *store;
    const struct nl_config *config;
    const char *folder;
    const struct nl_archive *archive;
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
    enum nl_status status = make_folders(&full, err);
    if (status == NL_OK)
        status = nl_file_write(full.data, nl_buf_text(content), content->len, false, err);
    if (status == NL_OK)
        nl_buf_addf(&building->written, "%s\n", full.data + strlen(building->folder) + 1);
    building->files += status == NL_OK;
    nl_buf_free(&full);
    return status;
}

/* A PDF takes a second to make, and issues hardly change: the digest of the page that it was made
 * of stands after its end, as a comment. `page` becomes the file that is there, or a new one. */
static enum nl_status print_page(const struct building *building, const char *path,
                                 struct nl_buf *page, struct nl_error *err) {
    enum { LIMIT = 64 << 20 };
    char digest[NL_HEX_LEN];
    struct nl_buf full = {0};
    struct nl_buf mark = {0};
    struct nl_buf file = {0};
    enum nl_status status = NL_OK;
    nl_digest_hex(nl_buf_text(page), page->len, digest);
    nl_buf_addf(&mark, "%%newsletter %s %s\n", building->config->archive.pdf, digest);
    nl_buf_addf(&full, "%s/%s/%s", building->folder, building->archive->list->name, path);
    if (access(full.data, F_OK) == 0)
        status = nl_file_read(full.data, LIMIT, &file, err);
    bool same = status == NL_OK && file.len > mark.len &&
                memcmp(file.data + file.len - mark.len, mark.data, mark.len) == 0;
    if (status == NL_OK && !same) {
        nl_buf_clear(&file);
        status = nl_pdf_render(building->config, page, NULL, &file, err);
        nl_buf_add(&file, nl_buf_text(&mark), mark.len);
    }
    nl_buf_free(page);
    *page = file;
    nl_buf_free(&full);
    nl_buf_free(&mark);
    return status;
}

static enum nl_status write_page(const char *path, void *ctx, struct nl_error *err) {
    struct building *building = ctx;
    struct nl_archive_page page = {0};
    enum nl_status status = nl_archive_make(building->archive, path, NULL, &page, err);
    if (status == NL_OK && page.found && page.to_print)
        status = print_page(building, path, &page.body, err);
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

/* An archive with all that its pages need. */
struct open_archive {
    struct nl_archive archive;
    struct nl_theme theme;
    struct nl_buf url;
};

static enum nl_status open_archive(const struct building *building, const struct nl_list *list,
                                   struct open_archive *out, struct nl_error *err) {
    find_url(building, list, &out->url);
    out->archive =
        (struct nl_archive){.store = building->store,
                            .theme = &out->theme,
                            .config = building->config,
                            .list = list,
                            .url = nl_buf_text(&out->url),
                            .join = list->subscribe_url != NULL ? list->subscribe_url : ""};
    return nl_theme_open(building->config->templates, list->language, &out->theme, err);
}

/* Writes the stylesheet and the logos of a list, or of the organisation. */
static enum nl_status write_look(struct building *building, const char *list,
                                 const struct nl_theme *theme, struct nl_error *err) {
    static const char *const endings[] = {"png", "jpg", "gif"};
    const char *folder = list != NULL ? list : "";
    struct nl_buf data = {0};
    enum nl_status status = nl_look_style(building->config, list, theme, &data, err);
    if (status == NL_OK)
        status = write_file(building, folder, "style.css", &data, err);
    for (size_t i = 0; status == NL_OK && i < 2 * sizeof endings / sizeof endings[0]; i++) {
        struct nl_buf name = {0};
        const char *type = NULL;
        bool found = false;
        nl_buf_clear(&data);
        nl_buf_addf(&name, "logo%s.%s", i % 2 ? "-dark" : "", endings[i / 2]);
        status =
            nl_look_logo(building->config, list, nl_buf_text(&name), &found, &data, &type, err);
        if (status == NL_OK && found)
            status = write_file(building, folder, nl_buf_text(&name), &data, err);
        nl_buf_free(&name);
    }
    nl_buf_free(&data);
    return status;
}

static enum nl_status build_lists(struct building *building, const struct open_archive *archives,
                                  size_t count, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < count; i++) {
        building->archive = &archives[i].archive;
        status = nl_archive_paths(building->archive, write_page, building, err);
        if (status == NL_OK && nl_look_is_own(building->config, building->archive->list->name))
            status = write_look(building, building->archive->list->name, &archives[i].theme, err);
    }
    return status;
}

/* The recordings of the configuration. */
static enum nl_status write_media(struct building *building, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < NL_MEDIA; i++) {
        struct nl_buf name = {0};
        struct nl_buf data = {0};
        const char *type = NULL;
        bool found = false;
        nl_listen_own_name(building->config, i, &name);
        if (name.len > 0)
            status = nl_listen_own(building->config, name.data, &found, &data, &type, err);
        if (status == NL_OK && found)
            status = write_file(building, "", name.data, &data, err);
        nl_buf_free(&name);
        nl_buf_free(&data);
    }
    return status;
}

static enum nl_status write_keys(struct building *building, struct nl_error *err) {
    struct nl_buf keys = {0};
    bool found = false;
    enum nl_status status = nl_keys_file(building->config, &found, &keys, err);
    if (status == NL_OK && found)
        status = write_file(building, "", NL_KEYS_PATH, &keys, err);
    nl_buf_clear(&keys);
    if (status == NL_OK)
        status = nl_checkpoint_file(building->store, &found, &keys, err);
    if (status == NL_OK && found)
        status = write_file(building, "", NL_CHECKPOINT_PATH, &keys, err);
    nl_buf_free(&keys);
    return status;
}

static enum nl_status write_top_file(const char *path, const struct nl_buf *body, void *ctx,
                                     struct nl_error *err) {
    return write_file(ctx, "", path, body, err);
}

/* The front page, the statement, the stylesheet. */
static enum nl_status write_top(struct building *building, const struct open_archive *open,
                                size_t count, struct nl_error *err) {
    struct nl_theme theme = {0};
    struct nl_archive_page page = {0};
    struct nl_archive *archives = nl_calloc(count + 1, sizeof *archives);
    for (size_t i = 0; i < count; i++)
        archives[i] = open[i].archive;
    const struct nl_front front = {.archives = archives, .count = count, .prefix = ""};
    enum nl_status status = nl_theme_open(
        building->config->templates, count == 1 ? archives[0].list->language : "en", &theme, err);
    const struct nl_archive bare = {.store = building->store,
                                    .theme = &theme,
                                    .url = "",
                                    .config = building->config,
                                    .home = "./",
                                    .join = count == 1 ? archives[0].join : ""};
    if (status == NL_OK)
        status = write_look(building, NULL, &theme, err);
    if (status == NL_OK)
        status = write_media(building, err);
    if (status == NL_OK)
        status = write_keys(building, err);
    if (status == NL_OK)
        status = nl_front_make(&front, &bare, &page, err);
    if (status == NL_OK)
        status = write_file(building, "", "", &page.body, err);
    if (status == NL_OK)
        status = nl_statement_write(&front, &bare, write_top_file, building, err);
    free(archives);
    nl_buf_free(&page.body);
    nl_theme_free(&theme);
    return status;
}

static enum nl_status build_all(struct building *building, const struct nl_public_lists *lists,
                                struct nl_error *err) {
    struct open_archive *archives = nl_calloc(lists->count + 1, sizeof *archives);
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < lists->count; i++)
        status = open_archive(building, &lists->items[i], &archives[i], err);
    if (status == NL_OK)
        status = build_lists(building, archives, lists->count, err);
    if (status == NL_OK)
        status = write_top(building, archives, lists->count, err);
    for (size_t i = 0; archives != NULL && i < lists->count; i++) {
        nl_theme_free(&archives[i].theme);
        nl_buf_free(&archives[i].url);
    }
    free(archives);
    return status;
}

enum nl_status nl_archive_build(struct nl_store *store, const struct nl_config *config,
                                const char *folder, int64_t *files, struct nl_error *err) {
    struct building building = {.store = store, .config = config, .folder = folder};
    struct nl_public_lists lists = {0};
    enum nl_status status = nl_public_lists_all(store, &lists, err);
    if (status == NL_OK)
        status = build_all(&building, &lists, err);
    nl_public_lists_free(&lists);
    if (status == NL_OK)
        status = nl_manifest_update(folder, &building.written, err);
    nl_buf_free(&building.written);
    *files = building.files;
    return status;
}
