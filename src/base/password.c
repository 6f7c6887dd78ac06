#include "newsletter/base/password.h"

#include <argon2.h>
#include <string.h>

/* The second recommended option of RFC 9106 section 4, with a parallelism of one: logins are rare,
 * and one thread serves all of them. */
enum { PASSES = 3, MEMORY_KIB = 64 * 1024, LANES = 1, SALT = 16, DIGEST = 32 };

/* The digest of no password. Checking it makes a login for an unknown account take as long as one
 * for a known account. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=3,p=1$bmV3c2xldHRlcm5vYm9keQ$"
                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

enum nl_status nl_password_hash(const struct nl_env *env, const char *password,
                                char out[NL_PASSWORD_HASH], struct nl_error *err) {
    unsigned char salt[SALT];
    size_t len = strlen(password);
    if (len < NL_PASSWORD_LEAST || len > NL_PASSWORD_MOST)
        return nl_error_set(err, NL_DATA, "a password has %d to %d characters", NL_PASSWORD_LEAST,
                            NL_PASSWORD_MOST);
    env->random(env->ctx, salt);
    int rc = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, len, salt, sizeof salt,
                                   DIGEST, out, NL_PASSWORD_HASH);
    return rc == ARGON2_OK ? NL_OK
                           : nl_error_set(err, NL_OS, "cannot digest the password: %s",
                                          argon2_error_message(rc));
}

bool nl_password_verify(const char *hash, const char *password) {
    size_t len = strlen(password);
    if (len > NL_PASSWORD_MOST)
        len = 0;
    bool same = argon2id_verify(hash != NULL ? hash : nobody, password, len) == ARGON2_OK;
    return same && hash != NULL && len > 0;
}
