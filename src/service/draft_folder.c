#include "service/draft_folder.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/file.h"
#include "newsletter/store/draft.h"
#include "newsletter/transfer/packed_issue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH = 16 };

/* ---- removing ---- */

/* Removes what is in an open folder, and closes it. Links are not followed. */
static void empty_folder(int fd, int depth) {
    DIR *folder = fdopendir(fd);
    if (folder == NULL) {
        close(fd);
        return;
    }
    for (const struct dirent *item = NULL; (item = readdir(folder)) != NULL;) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(folder), item->d_name, 0) == 0 || depth == 0)
            continue;
        int inner =
            openat(dirfd(folder), item->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0)
            empty_folder(inner, depth - 1);
        unlinkat(dirfd(folder), item->d_name, AT_REMOVEDIR);
    }
    closedir(folder);
}

void nl_draft_folder_free(struct nl_draft_folder *folder) {
    if (folder->fd > 0) {
        empty_folder(folder->fd, DEPTH);
        rmdir(nl_buf_text(&folder->path));
    }
    nl_buf_free(&folder->path);
    nl_buf_free(&folder->issue);
    *folder = (struct nl_draft_folder){0};
}

/* ---- writing ---- */

static enum nl_status write_all(int fd, const char *data, size_t len, const char *name,
                                struct nl_error *err) {
    while (len > 0) {
        ssize_t done = write(fd, data, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return nl_error_system(err, errno, "write", name);
        data += done;
        len -= (size_t)done;
    }
    return NL_OK;
}

/* Makes the folders on the way to a file. */
static enum nl_status make_parents(int fd, const char *name, struct nl_error *err) {
    char path[256];
    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t len = (size_t)(slash - name);
        memcpy(path, name, len);
        path[len] = '\0';
        if (mkdirat(fd, path, 0700) != 0 && errno != EEXIST)
            return nl_error_system(err, errno, "create", path);
    }
    return NL_OK;
}

/* `name` was checked when it came into the store, and is once more: it decides where we write. */
static enum nl_status write_file(const struct nl_draft_folder *folder, const char *name,
                                 const void *data, size_t len, struct nl_error *err) {
    if (!nl_packed_issue_is_name(name))
        return nl_error_set(err, NL_DATA, "a file of the draft has a name that it may not have");
    enum nl_status status = make_parents(folder->fd, name, err);
    if (status != NL_OK)
        return status;
    int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return nl_error_system(err, errno, "create", name);
    status = write_all(fd, data, len, name, err);
    if (close(fd) != 0 && status == NL_OK)
        status = nl_error_system(err, errno, "write", name);
    return status;
}

static enum nl_status write_text(const struct nl_draft_version *version, void *ctx,
                                 struct nl_error *err) {
    struct nl_draft_folder *folder = ctx;
    struct nl_buf name = {0};
    nl_buf_addf(&name, "issue.%s.md", version->language);
    if (folder->issue.len == 0)
        nl_buf_addf(&folder->issue, "%s%s", nl_buf_text(&folder->path), nl_buf_text(&name));
    enum nl_status status =
        write_file(folder, nl_buf_text(&name), version->source, strlen(version->source), err);
    nl_buf_free(&name);
    return status;
}

static enum nl_status write_upload(const struct nl_draft_file *file, void *ctx,
                                   struct nl_error *err) {
    return write_file(ctx, file->name, file->data, file->size, err);
}

/* In memory where that is possible: it is fast, and is left to `serve` when it confines itself. */
static enum nl_status make_folder(struct nl_draft_folder *out, struct nl_error *err) {
    const char *const places[] = {"/dev/shm", getenv("TMPDIR"), "/tmp"};
    bool made = false;
    for (size_t i = 0; !made && i < sizeof places / sizeof places[0]; i++) {
        nl_buf_clear(&out->path);
        nl_buf_addf(&out->path, "%s/newsletter-draft-XXXXXX", places[i] != NULL ? places[i] : "");
        made = places[i] != NULL && places[i][0] == '/' && mkdtemp(out->path.data) != NULL;
    }
    if (!made)
        return nl_error_system(err, errno, "create", nl_buf_text(&out->path));
    out->fd = open(nl_buf_text(&out->path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (out->fd < 0)
        return nl_error_system(err, errno, "open", nl_buf_text(&out->path));
    nl_buf_addc(&out->path, '/');
    return NL_OK;
}

enum nl_status nl_draft_folder_make(const struct nl_office *office, int64_t draft,
                                    struct nl_draft_folder *out, struct nl_error *err) {
    enum nl_status status = make_folder(out, err);
    if (status == NL_OK)
        status = nl_draft_texts(office->store, draft, write_text, out, err);
    if (status == NL_OK)
        status = nl_draft_files(office->store, draft, true, write_upload, out, err);
    if (status == NL_OK && out->issue.len == 0)
        status = nl_error_set(err, NL_DATA, NL_TEXT("the draft has no text yet"));
    return status;
}
