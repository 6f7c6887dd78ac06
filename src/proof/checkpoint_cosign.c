#include "proof/checkpoint_cosign.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/note.h"
#include "newsletter/base/text.h"
#include "proof/checkpoint_call.h"
#include "proof/entry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The algorithm of cosignature/v1, and the length of a signature with its time. */
enum { COSIGNATURE = 4, TIME_BYTES = 8, CONFLICT = 409 };
enum { COSIGNATURE_LEN = NL_KEY_ID_LEN + TIME_BYTES + NL_SIGNATURE_LEN };

static const char dash[] = "\xe2\x80\x94 ";

/* ---- the proof ---- */

/* A perfect tree, or the end of one, whose head is part of the proof. */
struct range {
    uint64_t from, to;
    struct nl_merkle tree;
};

struct proving {
    struct nl_hasher *hasher;
    struct range *ranges;
    size_t count;
    uint64_t at; /* leaves so far */
};

static void add_range(struct proving *proving, uint64_t from, uint64_t to) {
    if (proving->count < NL_MERKLE_PEAKS)
        proving->ranges[proving->count++] = (struct range){.from = from, .to = to};
}

/* RFC 9162 section 2.1.4.1: SUBPROOF, in the order of the proof, the last digest first. */
static void find_ranges(struct proving *proving, uint64_t old, uint64_t from, uint64_t size) {
    bool whole = true;
    while (old != size) {
        uint64_t half = 1;
        while (half * 2 < size)
            half *= 2;
        if (old <= half) {
            add_range(proving, from + half, from + size);
            size = half;
        } else {
            add_range(proving, from, from + half);
            from += half;
            old -= half;
            size -= half;
            whole = false;
        }
    }
    if (!whole)
        add_range(proving, from, from + size);
}

static enum nl_status add_leaves(const struct nl_ledger_record *record, void *ctx,
                                 struct nl_error *err) {
    struct proving *proving = ctx;
    struct nl_cbor reader = {.at = record->body, .left = record->len};
    while (reader.left > 0) {
        struct nl_entry entry;
        unsigned char leaf[NL_DIGEST_LEN];
        if (!nl_entry_take(&reader, &entry))
            return nl_error_set(err, NL_DATA, "record %" PRId64 " of the ledger cannot be read",
                                record->id);
        nl_merkle_leaf(proving->hasher, entry.data, entry.len, leaf);
        for (size_t i = 0; i < proving->count; i++)
            if (proving->at >= proving->ranges[i].from && proving->at < proving->ranges[i].to)
                nl_merkle_add(&proving->ranges[i].tree, proving->hasher, leaf);
        proving->at++;
    }
    return NL_OK;
}

/* Appends the digests, each on a line. Reads the ledger from its beginning. */
static enum nl_status add_proof(struct nl_store *store, const struct nl_checkpoint *checkpoint,
                                uint64_t old, struct nl_buf *body, struct nl_error *err) {
    struct proving proving = {.hasher = nl_hasher_new(),
                              .ranges = nl_calloc(NL_MERKLE_PEAKS, sizeof *proving.ranges)};
    enum nl_status status = proving.hasher != NULL ? NL_OK : nl_error_nomem(err);
    if (status == NL_OK && old > 0)
        find_ranges(&proving, old, 0, checkpoint->tree.size);
    if (status == NL_OK && proving.count > 0)
        status = nl_ledger_each(store, 0, checkpoint->last, add_leaves, &proving, err);
    for (size_t i = proving.count; status == NL_OK && i > 0; i--) {
        unsigned char head[NL_DIGEST_LEN];
        nl_merkle_head(&proving.ranges[i - 1].tree, proving.hasher, head);
        nl_base64_add(body, head, sizeof head);
        nl_buf_addc(body, '\n');
    }
    nl_hasher_free(proving.hasher);
    free(proving.ranges);
    return status;
}

/* ---- the cosignature ---- */

/* The key of a witness has a type of its own in place of that of our keys. */
static bool read_key(const char *text, struct nl_verifier *out, unsigned char id[NL_KEY_ID_LEN]) {
    size_t name = strcspn(text, "+");
    const char *coded = text[name] == '+' ? strchr(text + name + 1, '+') : NULL;
    unsigned char *key = NULL;
    unsigned char digest[NL_DIGEST_LEN];
    struct nl_buf hashed = {0};
    size_t len = 0;
    *out = (struct nl_verifier){0};
    if (coded == NULL || name > NL_KEY_NAME_LEN)
        return false;
    memcpy(out->name, text, name);
    bool good = nl_key_name_is_good(out->name) &&
                nl_base64_decode(coded + 1, strlen(coded + 1), NL_BASE64_PROOF, &key, &len) &&
                len == 1 + NL_PUBLIC_KEY_LEN && key[0] == COSIGNATURE;
    if (good) {
        memcpy(out->key, key + 1, NL_PUBLIC_KEY_LEN);
        nl_buf_addf(&hashed, "%s\n", out->name);
        nl_buf_add(&hashed, (char *)key, len);
        nl_digest(hashed.data, hashed.len, digest);
        memcpy(id, digest, NL_KEY_ID_LEN);
    }
    nl_buf_free(&hashed);
    free(key);
    return good;
}

/* One line, "— NAME BASE64": over "cosignature/v1", the time, and the text of the checkpoint. */
static bool line_holds(const char *line, size_t len, const struct nl_verifier *verifier,
                       const unsigned char id[NL_KEY_ID_LEN], const char *note, size_t text_len,
                       int64_t *at) {
    size_t name = strlen(verifier->name);
    size_t lead = sizeof dash - 1 + name + 1;
    unsigned char *raw = NULL;
    size_t raw_len = 0;
    struct nl_buf text = {0};
    uint64_t moment = 0;
    if (len <= lead || memcmp(line, dash, sizeof dash - 1) != 0 ||
        memcmp(line + sizeof dash - 1, verifier->name, name) != 0 || line[lead - 1] != ' ' ||
        !nl_base64_decode(line + lead, len - lead, NL_BASE64_PROOF, &raw, &raw_len))
        return false;
    bool good = raw_len == COSIGNATURE_LEN && memcmp(raw, id, NL_KEY_ID_LEN) == 0;
    for (size_t i = 0; good && i < TIME_BYTES; i++)
        moment = moment << 8 | raw[NL_KEY_ID_LEN + i];
    if (good) {
        nl_buf_addf(&text, "cosignature/v1\ntime %" PRIu64 "\n", moment);
        nl_buf_add(&text, note, text_len);
        good = moment <= INT64_MAX &&
               nl_sign_holds(verifier->key, text.data, text.len, raw + NL_KEY_ID_LEN + TIME_BYTES);
    }
    *at = good ? (int64_t)moment : 0;
    nl_buf_free(&text);
    free(raw);
    return good;
}

/* The line among `lines` that holds; NULL for none. */
static const char *find_line(const struct nl_config *config, const char *lines, const char *note,
                             size_t text_len, size_t *len, int64_t *at) {
    struct nl_verifier verifier;
    unsigned char id[NL_KEY_ID_LEN];
    if (config->audit.witness_key == NULL || !read_key(config->audit.witness_key, &verifier, id))
        return NULL;
    for (; *lines != '\0'; lines += *len + (lines[*len] == '\n')) {
        *len = strcspn(lines, "\n");
        if (line_holds(lines, *len, &verifier, id, note, text_len, at))
            return lines;
    }
    return NULL;
}

static size_t text_length(const char *note) {
    const char *end = strstr(note, "\n\n");
    return end != NULL ? (size_t)(end + 1 - note) : 0;
}

bool nl_cosign_holds(const struct nl_config *config, const char *note, int64_t *at) {
    size_t text_len = text_length(note);
    size_t len = 0;
    return text_len > 0 && find_line(config, note + text_len + 1, note, text_len, &len, at) != NULL;
}

/* ---- the request ---- */

static enum nl_status post(struct nl_store *store, const struct nl_config *config,
                           const struct nl_checkpoint *checkpoint, uint64_t old,
                           const struct nl_buf *note, struct nl_checkpoint_call *call,
                           struct nl_error *err) {
    struct nl_buf url = {0};
    struct nl_buf body = {0};
    nl_buf_addf(&url, "%s/add-checkpoint", config->audit.witness_url);
    nl_buf_addf(&body, "old %" PRIu64 "\n", old);
    enum nl_status status = add_proof(store, checkpoint, old, &body, err);
    nl_buf_addf(&body, "\n%s", nl_buf_text(note));
    *call = (struct nl_checkpoint_call){.url = nl_buf_text(&url),
                                        .type = "text/plain",
                                        .body = nl_buf_text(&body),
                                        .len = body.len};
    if (status == NL_OK)
        status = nl_checkpoint_post(call, err);
    nl_buf_free(&url);
    nl_buf_free(&body);
    return status;
}

/* A witness that has seen another one answers 409 with its size. */
static bool seen_by(struct nl_checkpoint_call *call, uint64_t size, uint64_t *old) {
    int64_t seen = 0;
    if (call->code != CONFLICT || call->answer.len == 0)
        return false;
    char *text = call->answer.data;
    text[strcspn(text, "\r\n")] = '\0';
    if (!nl_text_integer(text, &seen) || seen < 0 || (uint64_t)seen > size)
        return false;
    *old = (uint64_t)seen;
    return true;
}

static enum nl_status take_answer(const struct nl_config *config, struct nl_checkpoint_call *call,
                                  struct nl_buf *note, struct nl_error *err) {
    size_t len = 0;
    int64_t at = 0;
    if (call->code != 200)
        return nl_error_set(err, NL_TEMPFAIL, "its answer is %ld", call->code);
    const char *line = find_line(config, nl_buf_text(&call->answer), nl_buf_text(note),
                                 text_length(nl_buf_text(note)), &len, &at);
    if (line == NULL)
        return nl_error_set(err, NL_DATA,
                            "its answer is not a cosignature by the key audit.witness_key");
    nl_buf_add(note, line, len);
    nl_buf_addc(note, '\n');
    return NL_OK;
}

enum nl_status nl_cosign_ask(struct nl_store *store, const struct nl_config *config,
                             const struct nl_checkpoint *checkpoint, struct nl_buf *note,
                             struct nl_error *err) {
    struct nl_checkpoint_call call = {0};
    uint64_t old = 0;
    uint64_t size = checkpoint->tree.size;
    enum nl_status status = nl_checkpoint_seen_read(store, &old, err);
    if (status == NL_OK)
        status = post(store, config, checkpoint, old < size ? old : size, note, &call, err);
    if (status == NL_OK && seen_by(&call, size, &old)) {
        nl_buf_free(&call.answer);
        status = post(store, config, checkpoint, old, note, &call, err);
    }
    if (status == NL_OK)
        status = take_answer(config, &call, note, err);
    if (status == NL_OK)
        status = nl_checkpoint_seen_keep(store, size, err);
    nl_buf_free(&call.answer);
    return status == NL_OK ? NL_OK
                           : nl_error_context(err, "cosignature by %s", config->audit.witness_url);
}
