#include "newsletter/base/secret.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/file.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PASSWORD_LIMIT = 64 * 1024 };

static enum nl_status read_variable(const char *name, struct nl_buf *out, struct nl_error *err) {
    const char *value = getenv(name);
    if (value == NULL)
        return nl_error_set(err, NL_CONFIG, "the environment variable %s is not set", name);
    nl_buf_adds(out, value);
    return NL_OK;
}

enum nl_status nl_secret_read(const char *what, const struct nl_secret_source *source, char **out,
                              struct nl_error *err) {
    struct nl_buf text = {0};
    bool runs = source->command != NULL && source->command[0] != NULL;
    enum nl_status status = NL_OK;
    *out = NULL;
    if (source->file == NULL && !runs && source->env == NULL)
        return NL_OK;
    if (source->file != NULL)
        status = nl_file_read(source->file, PASSWORD_LIMIT, &text, err);
    else if (runs)
        status = nl_secret_run(source->command, &text, err);
    else
        status = read_variable(source->env, &text, err);
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.data[--text.len] = '\0';
    size_t len = text.len;
    if (status == NL_OK && (len == 0 || memchr(text.data, '\0', len) != NULL))
        status = nl_error_set(err, NL_CONFIG, len == 0 ? "it is empty" : "it holds a null byte");
    char *secret = nl_buf_take(&text);
    if (status == NL_OK && secret == NULL)
        return nl_error_nomem(err);
    if (status == NL_OK) {
        *out = secret;
        return NL_OK;
    }
    if (secret != NULL)
        OPENSSL_cleanse(secret, len);
    free(secret);
    return nl_error_context(err, "the %s password", what);
}

void nl_secret_free(char *secret) {
    if (secret != NULL)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}
