#include "web/page_state.h"

#include "newsletter/config/config.h"
#include "newsletter/store/revision.h"
#include "web/page.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* A file that another one replaces, or that is written again, has another line. */
static void add_file(const char *path, struct nl_buf *out) {
    struct stat file = {0};
    if (path == NULL || stat(path, &file) != 0)
        return;
    nl_buf_addf(out, "%s %lld %lld %lld.%09ld\n", path, (long long)file.st_ino,
                (long long)file.st_size, (long long)file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
}

/* In any order: only a change of the folder changes it. */
static void add_folder(const char *path, struct nl_buf *out) {
    DIR *folder = path != NULL ? opendir(path) : NULL;
    for (struct dirent *entry = NULL; folder != NULL && (entry = readdir(folder)) != NULL;) {
        struct nl_buf file = {0};
        nl_buf_addf(&file, "%s/%s", path, entry->d_name);
        add_file(nl_buf_text(&file), out);
        nl_buf_free(&file);
    }
    if (folder != NULL)
        closedir(folder);
}

static void add_files(const struct nl_config *config, struct nl_buf *out) {
    add_folder(config->templates, out);
    add_file(config->organisation.logo, out);
    add_file(config->organisation.logo_dark, out);
    for (size_t i = 0; i < config->look_count; i++) {
        add_file(config->looks[i].logo, out);
        add_file(config->looks[i].logo_dark, out);
    }
    for (size_t i = 0; i < NL_MEDIA && config->media[i].title != NULL; i++)
        add_file(config->media[i].file, out);
}

/* The calendar goes by the office's clock, the list of events by UTC. */
static void add_day(int64_t now, struct nl_buf *out) {
    time_t seconds = (time_t)now;
    struct tm here = {0};
    struct tm utc = {0};
    if (localtime_r(&seconds, &here) != NULL && gmtime_r(&seconds, &utc) != NULL)
        nl_buf_addf(out, "%d-%d %d-%d\n", here.tm_year, here.tm_yday, utc.tm_year, utc.tm_yday);
}

static enum nl_status describe(const struct nl_site *site, int64_t now, struct nl_buf *out,
                               struct nl_error *err) {
    add_day(now, out);
    add_files(site->config, out);
    return nl_store_public_state(site->store, out, err);
}

enum nl_status nl_page_state_follow(struct nl_site *site, struct nl_error *err) {
    struct nl_page_state *state = &site->state;
    struct nl_buf revision = {0};
    int64_t now = nl_site_now(site);
    enum nl_status status = nl_store_revision(site->store, &revision, err);
    bool same =
        state->second == now && strcmp(nl_buf_text(&state->revision), nl_buf_text(&revision)) == 0;
    if (status == NL_OK && !same) {
        nl_buf_clear(&state->text);
        status = describe(site, now, &state->text, err);
    }
    if (status == NL_OK) {
        nl_buf_free(&state->revision);
        state->revision = revision;
        state->second = now;
        nl_cache_set_state(site->cache, now, nl_buf_text(&state->text));
        return NL_OK;
    }
    state->second = 0; /* what is half written is not a state */
    nl_buf_free(&revision);
    return status;
}

void nl_page_state_free(struct nl_page_state *state) {
    nl_buf_free(&state->revision);
    nl_buf_free(&state->text);
}
