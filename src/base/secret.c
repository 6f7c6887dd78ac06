#include "newsletter/base/secret.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/file.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { PASSWORD_LIMIT = 64 * 1024 };

enum nl_status nl_secret_read(const char *what, const char *file, const char *env, char **out,
                              struct nl_error *err) {
    struct nl_buf text = {0};
    *out = NULL;
    if (file == NULL && env == NULL)
        return NL_OK;
    if (file != NULL) {
        enum nl_status status = nl_file_read(file, PASSWORD_LIMIT, &text, err);
        if (status != NL_OK) {
            nl_buf_free(&text);
            return nl_error_context(err, "the %s password", what);
        }
    } else {
        const char *value = getenv(env);
        if (value == NULL)
            return nl_error_set(err, NL_CONFIG,
                                "the environment variable %s that holds the %s password is "
                                "not set",
                                env, what);
        nl_buf_adds(&text, value);
    }
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.data[--text.len] = '\0';
    *out = nl_buf_take(&text);
    if (*out == NULL)
        return nl_error_nomem(err);
    return (*out)[0] != '\0' ? NL_OK
                             : nl_error_set(err, NL_CONFIG, "the %s password is empty", what);
}

void nl_secret_free(char *secret) {
    if (secret != NULL)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}
