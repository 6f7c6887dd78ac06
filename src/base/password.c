#include "newsletter/base/password.h"

#include "newsletter/base/catalog.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* RFC 9106 section 4 lets each installation choose the costs; these are the ones of OWASP's
 * Password Storage Cheat Sheet. Its second recommended option takes 64 MiB, which is all that
 * `serve` should need for everything. */
enum { PASSES = 2, MEMORY_KIB = 19 * 1024, LANES = 1, SALT = 16, DIGEST = 32 };
/* The costs of a digest that is read are within these: digests of earlier versions have 64 MiB. */
enum { PASSES_MOST = 16, MEMORY_MOST_KIB = 256 * 1024, LANES_MOST = 4, PART = 64 };

/* Digests one after another, so that logins at the same moment do not add up their memory. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

/* A digest as PHC strings have it, taken apart. */
struct digest {
    unsigned passes, memory, lanes;
    unsigned char salt[PART], value[PART];
    size_t salt_len, value_len;
};

/* The memory goes back to the system at once: the C library would keep it for the next login. */
static int take_memory(uint8_t **memory, size_t len) {
    void *place = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *memory = place != MAP_FAILED ? place : NULL;
    return place != MAP_FAILED ? ARGON2_OK : ARGON2_MEMORY_ALLOCATION_ERROR;
}

static void give_memory(uint8_t *memory, size_t len) {
    munmap(memory, len);
}

/* Computes digest->value from the password and the rest of `digest`. */
static int compute(struct digest *digest, const char *password) {
    argon2_context context = {
        .out = digest->value,
        .outlen = (uint32_t)digest->value_len,
        .pwd = (uint8_t *)password,
        .pwdlen = (uint32_t)strlen(password),
        .salt = digest->salt,
        .saltlen = (uint32_t)digest->salt_len,
        .t_cost = digest->passes,
        .m_cost = digest->memory,
        .lanes = digest->lanes,
        .threads = 1,
        .version = ARGON2_VERSION_13,
        .allocate_cbk = take_memory,
        .free_cbk = give_memory,
    };
    pthread_mutex_lock(&turn);
    int rc = argon2_ctx(&context, Argon2_id);
    pthread_mutex_unlock(&turn);
    return rc;
}

/* ---- PHC strings: base64 without padding ---- */

static void put_part(const unsigned char *bytes, int len, char *out) {
    EVP_EncodeBlock((unsigned char *)out, bytes, len);
    out[strcspn(out, "=")] = '\0';
}

static bool take_part(const char *text, size_t len, unsigned char out[PART], size_t *out_len) {
    char padded[2 * PART];
    unsigned char bytes[2 * PART];
    size_t padding = (4 - len % 4) % 4;
    if (len == 0 || padding == 3 || len + padding >= sizeof padded)
        return false;
    memset(padded, '=', sizeof padded);
    memcpy(padded, text, len);
    int made = EVP_DecodeBlock(bytes, (const unsigned char *)padded, (int)(len + padding));
    *out_len = made > 0 ? (size_t)made - padding : 0;
    if (*out_len == 0 || *out_len > PART)
        return false;
    memcpy(out, bytes, *out_len);
    return true;
}

static bool take_number(const char **at, const char *name, unsigned *out) {
    size_t len = strlen(name);
    size_t digits = strncmp(*at, name, len) == 0 ? strspn(*at + len, "0123456789") : 0;
    if (digits == 0 || digits > 9)
        return false;
    *out = (unsigned)strtoul(*at + len, NULL, 10);
    *at += len + digits;
    return true;
}

static bool take_apart(const char *hash, struct digest *out) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (!take_number(&hash, "$argon2id$v=19$m=", &out->memory) ||
        !take_number(&hash, ",t=", &out->passes) || !take_number(&hash, ",p=", &out->lanes) ||
        out->memory > MEMORY_MOST_KIB || out->passes > PASSES_MOST || out->lanes > LANES_MOST ||
        hash[0] != '$')
        return false;
    const char *salt = hash + 1;
    size_t salt_len = strspn(salt, alphabet);
    const char *value = salt + salt_len + 1;
    if (salt[salt_len] != '$')
        return false;
    size_t value_len = strspn(value, alphabet);
    return value[value_len] == '\0' && take_part(salt, salt_len, out->salt, &out->salt_len) &&
           take_part(value, value_len, out->value, &out->value_len);
}

/* ---- the functions ---- */

enum nl_status nl_password_hash(const struct nl_env *env, const char *password,
                                char out[NL_PASSWORD_HASH], struct nl_error *err) {
    struct digest digest = {PASSES, MEMORY_KIB, LANES, {0}, {0}, SALT, DIGEST};
    char salt[28];
    char value[48];
    size_t len = strlen(password);
    if (len < NL_PASSWORD_LEAST || len > NL_PASSWORD_MOST)
        return nl_error_set(err, NL_DATA, NL_TEXT("a password has %d to %d characters"),
                            NL_PASSWORD_LEAST, NL_PASSWORD_MOST);
    env->random(env->ctx, digest.salt);
    int rc = compute(&digest, password);
    if (rc != ARGON2_OK)
        return nl_error_set(err, NL_OS, "cannot digest the password: %s", argon2_error_message(rc));
    put_part(digest.salt, SALT, salt);
    put_part(digest.value, DIGEST, value);
    snprintf(out, NL_PASSWORD_HASH, "$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", MEMORY_KIB, PASSES,
             LANES, salt, value);
    return NL_OK;
}

bool nl_password_verify(const char *hash, const char *password) {
    struct digest digest = {0};
    unsigned char wanted[PART];
    /* Without an account a digest is computed all the same, so that it takes as long. */
    bool known = hash != NULL && take_apart(hash, &digest);
    if (!known)
        digest = (struct digest){PASSES, MEMORY_KIB, LANES, {0}, {0}, SALT, DIGEST};
    bool fits = strlen(password) > 0 && strlen(password) <= NL_PASSWORD_MOST;
    memcpy(wanted, digest.value, sizeof wanted);
    int rc = compute(&digest, fits ? password : "");
    return known && fits && rc == ARGON2_OK &&
           CRYPTO_memcmp(wanted, digest.value, digest.value_len) == 0;
}

bool nl_password_is_dated(const char *hash) {
    struct digest digest = {0};
    return take_apart(hash, &digest) &&
           (digest.memory != MEMORY_KIB || digest.passes != PASSES || digest.lanes != LANES);
}
