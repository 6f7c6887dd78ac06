#include "dkim/dkim_body.h"

#include "newsletter/base/memory.h"
#include "newsletter/base/prefix.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* ---- hashing: canonical text in one go, other lines one by one ---- */

struct hash {
    EVP_MD_CTX *context;
    size_t empty_lines; /* not hashed yet: those at the end of the body do not count */
};

static void add_empty_lines(struct hash *hash) {
    for (; hash->empty_lines > 0; hash->empty_lines--)
        EVP_DigestUpdate(hash->context, "\r\n", 2);
}

/* Adds whole lines that are canonical already. */
static void add_lines(struct hash *hash, const char *text, size_t len) {
    size_t kept = len;
    size_t empty = 0;
    while (kept >= 2 && memcmp(text + kept - 2, "\r\n", 2) == 0 &&
           (kept == 2 || text[kept - 3] == '\n')) {
        kept -= 2;
        empty++;
    }
    if (kept > 0) {
        add_empty_lines(hash);
        EVP_DigestUpdate(hash->context, text, kept);
    }
    hash->empty_lines += empty;
}

/* Adds one line, given without its end: trailing blanks are dropped, runs of blanks become one
 * space.
 */
static void add_line(struct hash *hash, const char *line, size_t len) {
    while (len > 0 && nl_dkim_is_blank(line[len - 1]))
        len--;
    if (len == 0) {
        hash->empty_lines++;
        return;
    }
    add_empty_lines(hash);
    for (size_t at = 0; at < len;) {
        size_t word = at;
        while (word < len && !nl_dkim_is_blank(line[word]))
            word++;
        EVP_DigestUpdate(hash->context, line + at, word - at);
        at = word;
        while (at < len && nl_dkim_is_blank(line[at]))
            at++;
        if (at > word)
            EVP_DigestUpdate(hash->context, " ", 1);
    }
    EVP_DigestUpdate(hash->context, "\r\n", 2);
}

/* The patterns that canonicalisation changes: where each of them occurs next. */
struct scan {
    const char *body, *end;
    const char *next[3];
};

static const char *next_change(struct scan *scan, const char *from) {
    static const char *const patterns[] = {"\t", "  ", " \r"};
    const char *nearest = scan->end;
    for (size_t i = 0; i < 3; i++) {
        if (scan->next[i] == NULL || scan->next[i] < from) {
            scan->next[i] =
                memmem(from, (size_t)(scan->end - from), patterns[i], strlen(patterns[i]));
            if (scan->next[i] == NULL)
                scan->next[i] = scan->end;
        }
        if (scan->next[i] < nearest)
            nearest = scan->next[i];
    }
    return nearest;
}

/* Lines end in CRLF. If the last one does not, CRLF is added. */
static void add_body(struct hash *hash, const char *body, size_t len) {
    struct scan scan = {.body = body, .end = body + len};
    const char *at = body;
    while (at < scan.end) {
        const char *change = next_change(&scan, at);
        const char *before = memrchr(at, '\n', (size_t)(change - at));
        const char *line = before != NULL ? before + 1 : at;
        add_lines(hash, at, (size_t)(line - at));
        const char *end = memmem(line, (size_t)(scan.end - line), "\r\n", 2);
        if (line < scan.end)
            add_line(hash, line, (size_t)((end != NULL ? end : scan.end) - line));
        at = end != NULL ? end + 2 : scan.end;
    }
}

/* ---- the common beginning of many bodies ---- */

struct nl_dkim_body {
    struct nl_prefix prefix;
    struct hash hash; /* after the prefix; without a context until there is one */
};

struct nl_dkim_body *nl_dkim_body_new(void) {
    return nl_calloc(1, sizeof(struct nl_dkim_body));
}

void nl_dkim_body_free(struct nl_dkim_body *known) {
    if (known == NULL)
        return;
    EVP_MD_CTX_free(known->hash.context);
    nl_prefix_free(&known->prefix);
    free(known);
}

static bool hash_prefix(struct nl_dkim_body *known) {
    if (known->hash.context == NULL)
        known->hash.context = EVP_MD_CTX_new();
    known->hash.empty_lines = 0;
    if (known->hash.context == NULL ||
        EVP_DigestInit_ex(known->hash.context, EVP_sha256(), NULL) != 1)
        return false;
    add_body(&known->hash, known->prefix.text, known->prefix.len);
    return true;
}

bool nl_dkim_body_hash(struct nl_dkim_body *known, const char *body, size_t len,
                       unsigned char digest[NL_DIGEST_LEN]) {
    struct hash hash = {.context = EVP_MD_CTX_new()};
    enum nl_prefix_use use =
        known != NULL ? nl_prefix_find(&known->prefix, body, len) : NL_PREFIX_NONE;
    size_t from = 0;
    bool done = hash.context != NULL;
    if (done && use == NL_PREFIX_NEW)
        done = hash_prefix(known);
    if (done && use != NL_PREFIX_NONE) {
        done = EVP_MD_CTX_copy_ex(hash.context, known->hash.context) == 1;
        hash.empty_lines = known->hash.empty_lines;
        from = known->prefix.len;
    } else if (done) {
        done = EVP_DigestInit_ex(hash.context, EVP_sha256(), NULL) == 1;
    }
    if (done) {
        add_body(&hash, body + from, len - from);
        done = EVP_DigestFinal_ex(hash.context, digest, NULL) == 1;
    }
    EVP_MD_CTX_free(hash.context);
    return done;
}
