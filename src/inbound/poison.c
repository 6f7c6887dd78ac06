#include "inbound/poison.h"

#include "newsletter/base/file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The file is an array of digests. A process that locks the bytes of one owns it (fcntl(2)); the
 * lock ends with the process, however that ends, and the digest stays. Nothing waits for the disk:
 * processes die here, not machines. */

static const unsigned char nobody[NL_DIGEST_LEN];

static bool lock(int file, int place, short type) {
    struct flock range = {.l_type = type,
                          .l_whence = SEEK_SET,
                          .l_start = (off_t)place * NL_DIGEST_LEN,
                          .l_len = NL_DIGEST_LEN};
    return fcntl(file, F_SETLK, &range) == 0;
}

static void read_place(int file, int place, unsigned char digest[NL_DIGEST_LEN]) {
    if (pread(file, digest, NL_DIGEST_LEN, (off_t)place * NL_DIGEST_LEN) != NL_DIGEST_LEN)
        memset(digest, 0, NL_DIGEST_LEN);
}

static bool write_place(int file, int place, const unsigned char digest[NL_DIGEST_LEN]) {
    return pwrite(file, digest, NL_DIGEST_LEN, (off_t)place * NL_DIGEST_LEN) == NL_DIGEST_LEN;
}

void nl_poison_open(struct nl_poison *poison, const char *path) {
    *poison = (struct nl_poison){.place = -1};
    poison->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (poison->file >= 0)
        (void)nl_file_set_mode(poison->file, nl_file_private_mode(path));
    for (int place = 0; poison->file >= 0 && place < NL_POISON_PLACES; place++) {
        struct nl_poison_note note = {.place = place};
        if (!lock(poison->file, place, F_WRLCK))
            continue; /* somebody is reading at this moment */
        read_place(poison->file, place, note.digest);
        bool dead = memcmp(note.digest, nobody, NL_DIGEST_LEN) != 0;
        if (dead)
            poison->notes[poison->count++] = note;
        if (!dead && poison->place < 0)
            poison->place = place;
        else
            lock(poison->file, place, F_UNLCK);
    }
}

bool nl_poison_killed(const struct nl_poison *poison, const unsigned char digest[NL_DIGEST_LEN]) {
    for (int i = 0; i < poison->count; i++)
        if (memcmp(poison->notes[i].digest, digest, NL_DIGEST_LEN) == 0)
            return true;
    return false;
}

void nl_poison_forget(struct nl_poison *poison, const unsigned char digest[NL_DIGEST_LEN]) {
    for (int i = 0; i < poison->count; i++) {
        struct nl_poison_note *note = &poison->notes[i];
        unsigned char there[NL_DIGEST_LEN];
        if (memcmp(note->digest, digest, NL_DIGEST_LEN) != 0 ||
            !lock(poison->file, note->place, F_WRLCK))
            continue;
        read_place(poison->file, note->place, there);
        if (memcmp(there, digest, NL_DIGEST_LEN) == 0)
            (void)!write_place(poison->file, note->place, nobody);
        lock(poison->file, note->place, F_UNLCK);
        *note = poison->notes[--poison->count];
        i--;
    }
}

void nl_poison_begin(struct nl_poison *poison, const unsigned char digest[NL_DIGEST_LEN]) {
    if (poison->place >= 0)
        (void)!write_place(poison->file, poison->place, digest);
}

void nl_poison_end(struct nl_poison *poison) {
    nl_poison_begin(poison, nobody);
}

void nl_poison_close(struct nl_poison *poison) {
    if (poison->file >= 0)
        close(poison->file);
    poison->file = -1;
}
