#include "newsletter/base/file.h"
#include "newsletter/inbound/mailbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 256 << 20, BATCH = 100 };

static bool stopped(const struct nl_visitor *visitor) {
    return visitor->stop != NULL && *visitor->stop;
}

/* Where the next message of an mbox begins: at a line "From ..." after an empty one (RFC 4155), or
 * at the end. */
static size_t next_message(const char *text, size_t len, size_t at) {
    for (const char *line = memchr(text + at, '\n', len - at); line != NULL;
         line = memchr(text + at, '\n', len - at)) {
        bool empty = at == (size_t)(line - text) || (text[at] == '\r' && text + at + 1 == line);
        at = (size_t)(line - text) + 1;
        if (empty && len - at >= 5 && memcmp(text + at, "From ", 5) == 0)
            return at;
    }
    return len;
}

/* Hands over each message of a mapped mbox, without its line "From ...". libetpan's reader of
 * mboxes loses the last line of a file that does not end with an empty one. */
static enum nl_status visit_mbox(const char *text, size_t len, const struct nl_visitor *visitor,
                                 struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t at = 0; status == NL_OK && at < len && !stopped(visitor);) {
        const char *line = memchr(text + at, '\n', len - at);
        size_t start = line != NULL ? (size_t)(line - text) + 1 : len;
        bool understood = false;
        at = next_message(text, len, start);
        status = visitor->message(text + start, at - start, &understood, visitor->ctx, err);
    }
    return status;
}

static enum nl_status read_mbox(const char *path, const struct nl_visitor *visitor,
                                struct nl_error *err) {
    struct stat info;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &info) != 0) {
        enum nl_status status = nl_error_system(err, errno, "read", path);
        if (file >= 0)
            close(file);
        return status;
    }
    size_t len = (size_t)info.st_size;
    char *text = mmap(NULL, len, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (text == MAP_FAILED)
        return nl_error_system(err, errno, "read", path);
    enum nl_status status = visit_mbox(text, len, visitor, err);
    munmap(text, len);
    return status == NL_OK ? status : nl_error_context(err, "%s", path);
}

static enum nl_status read_message(const char *path, const struct nl_visitor *visitor,
                                   bool *understood, struct nl_error *err) {
    struct nl_buf text = {0};
    enum nl_status status = nl_file_read(path, FILE_LIMIT, &text, err);
    if (status == NL_OK) {
        status = visitor->message(nl_buf_text(&text), text.len, understood, visitor->ctx, err);
        if (status != NL_OK)
            nl_error_context(err, "%s", path);
    }
    nl_buf_free(&text);
    return status;
}

enum nl_status nl_mailbox_file(const char *path, const struct nl_visitor *visitor,
                               struct nl_error *err) {
    char start[5] = "";
    bool understood = false;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return nl_error_system(err, errno, "read", path);
    struct stat info;
    bool mbox = fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode) &&
                fread(start, 1, sizeof start, file) == sizeof start &&
                memcmp(start, "From ", sizeof start) == 0;
    fclose(file);
    return mbox ? read_mbox(path, visitor, err) : read_message(path, visitor, &understood, err);
}

static int visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static void set_path(struct nl_buf *path, const char *folder, const char *rest, const char *name) {
    nl_buf_clear(path);
    nl_buf_addf(path, "%s%s/%s", folder, rest, name);
}

static bool is_folder(const char *folder, const char *name) {
    struct nl_buf path = {0};
    struct stat info;
    set_path(&path, folder, "", name);
    bool is = stat(path.data, &info) == 0 && S_ISDIR(info.st_mode);
    nl_buf_free(&path);
    return is;
}

/* Makes FOLDER/.NAME a Maildir. */
static enum nl_status make_maildir(const char *folder, const char *name, struct nl_error *err) {
    static const char *const inner[] = {"", "/tmp", "/new", "/cur"};
    struct nl_buf path = {0};
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof inner / sizeof inner[0]; i++) {
        nl_buf_clear(&path);
        nl_buf_addf(&path, "%s/.%s%s", folder, name, inner[i]);
        if (mkdir(path.data, 0700) != 0 && errno != EEXIST)
            status = nl_error_system(err, errno, "create", path.data);
    }
    nl_buf_free(&path);
    return status;
}

/* Moves a message within one file system: it is here or there at any moment, and never twice. */
static enum nl_status file_away(const char *folder, const char *from, const char *name,
                                bool understood, struct nl_error *err) {
    struct nl_buf target = {0};
    const char *where = understood ? "Processed" : "Unknown";
    enum nl_status status = make_maildir(folder, where, err);
    nl_buf_addf(&target, "%s/.%s/cur/%.*s:2,S", folder, where, (int)strcspn(name, ":"), name);
    if (status == NL_OK && rename(from, target.data) != 0)
        status = nl_error_system(err, errno, "move to", target.data);
    nl_buf_free(&target);
    return status;
}

/* Messages of a Maildir that were taken and wait for being settled. */
struct batch {
    const char *folder, *inner;
    const char *names[BATCH];
    bool understood[BATCH];
    size_t count;
};

/* Settles a batch, and moves its messages: not before, so that none is lost between. */
static enum nl_status settle(struct batch *batch, const struct nl_visitor *visitor,
                             struct nl_error *err) {
    struct nl_buf path = {0};
    enum nl_status status = visitor->settle != NULL ? visitor->settle(visitor->ctx, err) : NL_OK;
    for (size_t i = 0; status == NL_OK && i < batch->count && !visitor->leave; i++) {
        set_path(&path, batch->folder, batch->inner, batch->names[i]);
        status = file_away(batch->folder, path.data, batch->names[i], batch->understood[i], err);
    }
    batch->count = 0;
    nl_buf_free(&path);
    return status;
}

static enum nl_status read_entry(struct batch *batch, const char *name, bool maildir,
                                 const struct nl_visitor *visitor, struct nl_error *err) {
    struct nl_buf path = {0};
    struct stat info;
    bool understood = false;
    enum nl_status status = NL_OK;
    set_path(&path, batch->folder, batch->inner, name);
    if (stat(path.data, &info) == 0 && S_ISREG(info.st_mode)) {
        status = maildir ? read_message(path.data, visitor, &understood, err)
                         : nl_mailbox_file(path.data, visitor, err);
        if (status == NL_OK && maildir) {
            batch->names[batch->count] = name;
            batch->understood[batch->count++] = understood;
        }
    }
    nl_buf_free(&path);
    return status;
}

static enum nl_status read_directory(const char *folder, const char *inner, bool maildir,
                                     const struct nl_visitor *visitor, struct nl_error *err) {
    struct batch batch = {.folder = folder, .inner = inner};
    struct nl_buf path = {0};
    struct dirent **entries = NULL;
    enum nl_status status = NL_OK;
    set_path(&path, folder, inner, "");
    int count = scandir(path.data, &entries, visible, alphasort);
    if (count < 0)
        status = nl_error_system(err, errno, "read", path.data);
    for (int i = 0; i < count && status == NL_OK && !stopped(visitor); i++) {
        status = read_entry(&batch, entries[i]->d_name, maildir, visitor, err);
        if (status == NL_OK && batch.count == BATCH)
            status = settle(&batch, visitor, err);
    }
    if (status == NL_OK && batch.count > 0)
        status = settle(&batch, visitor, err);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    nl_buf_free(&path);
    return status;
}

enum nl_status nl_mailbox_folder(const char *path, const struct nl_visitor *visitor,
                                 struct nl_error *err) {
    if (!is_folder(path, "new") || !is_folder(path, "cur"))
        return read_directory(path, "", false, visitor, err);
    enum nl_status status = read_directory(path, "/new", true, visitor, err);
    return status == NL_OK ? read_directory(path, "/cur", true, visitor, err) : status;
}

enum nl_status nl_mailbox_path(const char *path, const struct nl_visitor *visitor,
                               struct nl_error *err) {
    struct stat info;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    return folder ? nl_mailbox_folder(path, visitor, err) : nl_mailbox_file(path, visitor, err);
}
