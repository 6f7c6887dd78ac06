/* Whole files, read within a limit and written in one step. */
#ifndef NEWSLETTER_BASE_FILE_H
#define NEWSLETTER_BASE_FILE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

/* Reads a file of at most `limit` bytes. Works on pipes and /dev/fd/N too. CRLF is kept. */
NL_CHECKED enum nl_status nl_file_read(const char *path, size_t limit, struct nl_buf *out,
                                       struct nl_error *err) NL_NONNULL(1, 3);

/* Reads the regular file `path`, which must lie below `folder`, also after all symbolic links on
 * its way are followed: somebody who may write into the folder must not make us read what we may
 * read and they may not. NL_DATA for a path that leads out, a FIFO and the like. */
NL_CHECKED enum nl_status nl_file_read_beneath(const char *folder, const char *path, size_t limit,
                                               struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(1, 2, 4);

/* Opens a file below an open folder part by part, following no symbolic link: nl_file_read_beneath
 * on kernels without openat2. -1 with errno. */
int nl_file_open_by_parts(int folder, const char *path) NL_ALL_NONNULL;

/* Writes a file with mode 0644, or 0600 where `secret`, replacing it in one step: a reader sees
 * the old or the new content and never half of it. */
NL_CHECKED enum nl_status nl_file_write(const char *path, const void *data, size_t len, bool secret,
                                        struct nl_error *err) NL_NONNULL(1);

/* A file that is written piece by piece, with mode 0600. Other processes see nothing of it before
 * it is complete, and the owner of an earlier file of that name does not own this one.
 * Zero-initialise. */
struct nl_file_output {
    FILE *stream;
    char *path;
    char *temporary; /* NULL where `path` is a pipe or device, which is written to directly */
};
NL_CHECKED enum nl_status nl_file_begin(struct nl_file_output *output, const char *path,
                                        struct nl_error *err) NL_NONNULL(1);

/* Puts it in its place, or removes it where it is not to be kept. Harmless if it was never begun.
 */
NL_CHECKED enum nl_status nl_file_end(struct nl_file_output *output, bool keep,
                                      struct nl_error *err) NL_NONNULL(1);

/* A file without a name, of mode 0600, in TMPDIR or /tmp. The caller closes it. NULL with errno. */
FILE *nl_file_temporary(void);

/* The mode for a new file of data about people: 0600, or 0660 in a folder that is shared with a
 * group on purpose. Such a folder is set-group-ID, the group may write into it, and others may not
 * even enter it: /var/lib/newsletter, where press staff send from the same database. */
mode_t nl_file_private_mode(const char *path) NL_ALL_NONNULL;

/* Whether people who have nothing to do with this installation may read the file that `info` is
 * of. Its group has to do with it where the folder is of the same group and only that may enter. */
bool nl_file_is_exposed(const char *path, const struct stat *info) NL_ALL_NONNULL;

/* Gives an open file of our own that mode, whatever the umask made of it. A file of another user,
 * or with a second name, stays as it is. False with errno. */
bool nl_file_set_mode(int fd, mode_t mode);

/* Makes the name of a file in its folder as durable as its content. */
void nl_file_sync_folder(const char *path) NL_ALL_NONNULL;

/* Whether both names lead to one file. */
bool nl_file_is_same(const char *a, const char *b) NL_ALL_NONNULL;

/* Appends a path as glob() takes it for itself: its signs "*", "?", "[" and "\\" stand for nothing
 * else. */
void nl_file_add_pattern(struct nl_buf *out, const char *path) NL_ALL_NONNULL;

/* Says why a system call on `path` failed, in words, with the matching status. */
enum nl_status nl_error_system(struct nl_error *err, int errnum, const char *doing,
                               const char *path);

#endif
