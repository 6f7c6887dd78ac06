#include "newsletter/base/witness.h"
#include "newsletter/base/memory.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static const char FOLDER[] = "/dev/shm";
enum { KEPT = 1024, NAME_LIMIT = 64 };

/* In shared memory: a page that was written stays there when the process is killed. */
struct record {
    atomic_llong next;
    atomic_llong ids[KEPT];
};

struct nl_witness {
    struct record *record;
    char path[sizeof FOLDER + 12 + NAME_LIMIT];
};

/* Names come from the database too. */
static bool make_path(const char *name, char path[sizeof FOLDER + 12 + NAME_LIMIT]) {
    size_t len = strlen(name);
    if (len == 0 || len > NAME_LIMIT || strspn(name, "0123456789abcdef-") != len)
        return false;
    snprintf(path, sizeof FOLDER + 12 + NAME_LIMIT, "%s/newsletter-%s", FOLDER, name);
    return true;
}

static struct record *map(int fd, int protection) {
    void *mapped = mmap(NULL, sizeof(struct record), protection, MAP_SHARED, fd, 0);
    return mapped == MAP_FAILED ? NULL : mapped;
}

/* A folder on a disk would lose what memory keeps. */
static bool is_memory(int fd) {
    struct statfs place = {0};
    return fstatfs(fd, &place) == 0 && place.f_type == TMPFS_MAGIC;
}

struct nl_witness *nl_witness_open(const char *name) {
    struct nl_witness *witness = nl_calloc(1, sizeof *witness);
    if (!make_path(name, witness->path)) {
        free(witness);
        return NULL;
    }
    int fd = open(witness->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    /* posix_fallocate: a write to memory that is not there would end the process. */
    if (fd >= 0 && is_memory(fd) && posix_fallocate(fd, 0, sizeof(struct record)) == 0)
        witness->record = map(fd, PROT_READ | PROT_WRITE);
    if (fd >= 0)
        close(fd);
    if (witness->record != NULL)
        return witness;
    if (fd >= 0)
        unlink(witness->path);
    free(witness);
    return NULL;
}

void nl_witness_note(struct nl_witness *witness, int64_t id) {
    struct record *record = witness->record;
    long long at = atomic_load(&record->next);
    atomic_store(&record->ids[at % KEPT], id);
    atomic_store(&record->next, at + 1);
}

void nl_witness_close(struct nl_witness *witness, bool remove) {
    if (witness == NULL)
        return;
    munmap(witness->record, sizeof *witness->record);
    if (remove)
        unlink(witness->path);
    free(witness);
}

enum nl_testimony nl_witness_ask(const char *name, int64_t id) {
    char path[sizeof FOLDER + 12 + NAME_LIMIT];
    struct stat status = {0};
    struct record *record = NULL;
    enum nl_testimony testimony = NL_TESTIMONY_NONE;
    int fd = make_path(name, path) ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd < 0)
        return NL_TESTIMONY_NONE;
    /* Nobody else may put one there. */
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && is_memory(fd) &&
        status.st_size == (off_t)sizeof *record)
        record = map(fd, PROT_READ);
    close(fd);
    if (record == NULL)
        return NL_TESTIMONY_NONE;
    testimony = NL_TESTIMONY_NOT_BEGUN;
    for (size_t i = 0; i < KEPT; i++)
        if (atomic_load(&record->ids[i]) == id)
            testimony = NL_TESTIMONY_BEGUN;
    munmap(record, sizeof *record);
    return testimony;
}

void nl_witness_remove(const char *name) {
    char path[sizeof FOLDER + 12 + NAME_LIMIT];
    if (make_path(name, path))
        unlink(path);
}
