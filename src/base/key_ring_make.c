#include "newsletter/base/key_ring.h"

#include "base/key_ring_json.h"
#include "newsletter/base/file.h"
#include "newsletter/base/timestamp.h"

#include <stdio.h>
#include <string.h>

static const char head[] =
    "# The public keys of this office, which 'newsletter key' writes: since when each signed,\n"
    "# until when (\"-\": it still does), and the key. None is secret. Keep all lines: old issues\n"
    "# are checked with old keys.\n";

static enum nl_status write_public(const char *path, const struct nl_key_ring *ring,
                                   struct nl_error *err) {
    struct nl_buf text = {0};
    nl_buf_adds(&text, head);
    for (size_t i = 0; i < ring->count; i++) {
        char since[NL_TIMESTAMP_LEN];
        char until[NL_TIMESTAMP_LEN];
        nl_timestamp_text(ring->keys[i].since, since);
        nl_timestamp_text(ring->keys[i].until, until);
        nl_buf_addf(&text, "%s %s ", since, until[0] != '\0' ? until : "-");
        nl_verifier_add(&text, &ring->keys[i].verifier);
        nl_buf_addc(&text, '\n');
    }
    enum nl_status status = nl_file_write(path, text.data, text.len, false, err);
    nl_buf_free(&text);
    return status;
}

/* Adds a new key to the ring and writes both files. */
static enum nl_status begin_key(const char *key_file, const char *public_file, const char *name,
                                int64_t now, struct nl_key_ring *ring, struct nl_error *err) {
    struct nl_sign_key *key = NULL;
    struct nl_ring_key entry = {.since = now};
    snprintf(entry.verifier.name, sizeof entry.verifier.name, "%s", name);
    bool token = nl_sign_key_in_token(key_file);
    enum nl_status status =
        token ? nl_sign_key_make_in_token(key_file, &key, err) : nl_sign_key_new(&key, err);
    if (status == NL_OK) {
        nl_sign_key_public(key, entry.verifier.key);
        status = nl_key_ring_add(ring, &entry, err);
    }
    if (status == NL_OK)
        status = write_public(public_file, ring, err);
    if (status == NL_OK)
        status = token ? nl_sign_key_replace(key, err) : nl_sign_key_write(key, key_file, err);
    nl_sign_key_free(key);
    return status;
}

/* A token that cannot be asked says so when it is to make the key. */
static bool is_there(const char *key_file) {
    struct nl_sign_key *key = NULL;
    struct nl_error ignored = {0};
    struct stat info;
    if (!nl_sign_key_in_token(key_file))
        return stat(key_file, &info) == 0;
    bool there = nl_sign_key_read(key_file, &key, &ignored) == NL_OK;
    nl_error_free(&ignored);
    nl_sign_key_free(key);
    return there;
}

enum nl_status nl_key_ring_make(const char *key_file, const char *public_file, const char *name,
                                int64_t now, struct nl_error *err) {
    struct nl_key_ring ring = {0};
    struct stat info;
    if (!nl_key_name_is_good(name))
        return nl_error_set(err, NL_DATA,
                            "'%s' cannot name a key: give a host, such as news.example.org", name);
    if (is_there(key_file))
        return nl_error_set(err, NL_EXISTS,
                            "%s is there already: 'newsletter key rotate' replaces it", key_file);
    if (stat(public_file, &info) == 0)
        return nl_error_set(err, NL_EXISTS,
                            "%s is there already, and its key is not: bring %s back, or move the "
                            "public keys away",
                            public_file, key_file);
    enum nl_status status = begin_key(key_file, public_file, name, now, &ring, err);
    nl_key_ring_free(&ring);
    return status;
}

enum nl_status nl_key_ring_rotate(const char *key_file, const char *public_file, int64_t now,
                                  struct nl_error *err) {
    struct nl_note_signer present = {0};
    enum nl_status status = nl_note_signer_open(key_file, public_file, &present, err);
    if (status == NL_OK) {
        char name[NL_KEY_NAME_LEN + 1];
        struct nl_key_ring *ring = &present.ring;
        snprintf(name, sizeof name, "%s", present.verifier->name);
        for (size_t i = 0; i < ring->count; i++)
            if (ring->keys[i].until == 0)
                ring->keys[i].until = now;
        status = begin_key(key_file, public_file, name, now, ring, err);
    }
    nl_note_signer_free(&present);
    return status;
}
