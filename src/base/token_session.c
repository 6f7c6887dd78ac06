#include "base/token_session.h"

#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/secret.h"

#include <stdlib.h>
#include <string.h>

enum { COMMAND_WORDS = 16, SLOTS_MOST = 64 };

enum nl_status nl_token_refused(struct nl_error *err, const char *what, CK_RV why) {
    return nl_error_set(err, NL_CONFIG, "the token of signing.key_file: %s: %s", what,
                        p11_kit_strerror(why));
}

/* ---- the PIN ---- */

/* "|/usr/bin/pass show token": a program and its words, without a shell. */
static enum nl_status pin_of_command(const char *command, char **out, struct nl_error *err) {
    char *copy = nl_strdup(command);
    char *rest = NULL;
    char *words[COMMAND_WORDS + 1] = {0};
    size_t count = 0;
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && count < COMMAND_WORDS;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    const struct nl_secret_source source = {.command = words};
    enum nl_status status = nl_secret_read("signing.key_file", &source, out, err);
    free(copy);
    return status;
}

static enum nl_status pin_of_file(const char *path, char **out, struct nl_error *err) {
    const struct nl_secret_source source = {.file = path};
    struct stat info;
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && nl_file_is_exposed(path, &info))
        return nl_error_set(err, NL_CONFIG, "others may read the PIN in %s: chmod 600 it", path);
    return nl_secret_read("signing.key_file", &source, out, err);
}

/* RFC 7512 section 2.4: pin-source. A pin-value would stand in the configuration for all to read.
 */
static enum nl_status read_pin(P11KitUri *uri, char **out, struct nl_error *err) {
    const char *source = p11_kit_uri_get_pin_source(uri);
    *out = NULL;
    if (p11_kit_uri_get_pin_value(uri) != NULL)
        return nl_error_set(err, NL_CONFIG,
                            "signing.key_file: put the PIN into a file and name it by "
                            "pin-source=file:/PATH, in place of pin-value");
    if (source == NULL)
        return NL_OK;
    if (source[0] == '|')
        return pin_of_command(source + 1, out, err);
    return pin_of_file(strncmp(source, "file:", 5) == 0 ? source + 5 : source, out, err);
}

/* ---- the token ---- */

static enum nl_status load_modules(struct nl_token_session *session, struct nl_error *err) {
    const char *path = p11_kit_uri_get_module_path(session->uri);
    if (path == NULL) {
        session->modules = p11_kit_modules_load_and_initialize(0);
        return session->modules != NULL
                   ? NL_OK
                   : nl_error_set(err, NL_CONFIG, "no PKCS#11 module can be loaded: %s",
                                  p11_kit_message());
    }
    session->modules = nl_calloc(2, sizeof(CK_FUNCTION_LIST *));
    session->own = true;
    CK_FUNCTION_LIST *module = p11_kit_module_load(path, 0);
    if (module == NULL)
        return nl_error_set(err, NL_CONFIG, "the PKCS#11 module %s cannot be loaded: %s", path,
                            p11_kit_message());
    CK_RV initialised = p11_kit_module_initialize(module);
    if (initialised != CKR_OK) {
        p11_kit_module_release(module);
        return nl_token_refused(err, path, initialised);
    }
    session->modules[0] = module;
    return NL_OK;
}

/* Counts the tokens of one module that the URI names, and takes the last. */
static size_t find_in(struct nl_token_session *session, CK_FUNCTION_LIST *module,
                      CK_SLOT_ID *slot) {
    CK_SLOT_ID slots[SLOTS_MOST];
    CK_ULONG count = SLOTS_MOST;
    size_t found = 0;
    if (module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
        return 0;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        if (module->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
            p11_kit_uri_match_token_info(session->uri, &info) != 1)
            continue;
        session->module = module;
        *slot = slots[i];
        found++;
    }
    return found;
}

static enum nl_status find_slot(struct nl_token_session *session, CK_SLOT_ID *slot,
                                struct nl_error *err) {
    size_t found = 0;
    for (size_t i = 0; session->modules[i] != NULL; i++)
        found += find_in(session, session->modules[i], slot);
    if (found == 1)
        return NL_OK;
    return nl_error_set(
        err, NL_CONFIG,
        found == 0 ? "no token matches signing.key_file: is it plugged in? 'p11tool --list-tokens' "
                     "shows all"
                   : "more than one token matches signing.key_file: name it by token= and serial=");
}

enum nl_status nl_token_session_open(const char *text, struct nl_token_session *out,
                                     struct nl_error *err) {
    CK_SLOT_ID slot = 0;
    char *pin = NULL;
    CK_RV done = CKR_OK;
    out->uri = p11_kit_uri_new();
    if (out->uri == NULL)
        return nl_error_nomem(err);
    if (p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, out->uri) != P11_KIT_URI_OK)
        return nl_error_set(err, NL_CONFIG,
                            "signing.key_file is not a PKCS#11 URI (RFC 7512), as in "
                            "pkcs11:token=office;object=newsletter?pin-source=file:/PATH");
    enum nl_status status = read_pin(out->uri, &pin, err);
    if (status == NL_OK)
        status = load_modules(out, err);
    if (status == NL_OK)
        status = find_slot(out, &slot, err);
    if (status == NL_OK)
        done = out->module->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                          &out->handle);
    out->is_open = status == NL_OK && done == CKR_OK;
    if (status == NL_OK && done != CKR_OK)
        status = nl_token_refused(err, "it does not open a session", done);
    if (status == NL_OK && pin != NULL) {
        done = out->module->C_Login(out->handle, CKU_USER, (unsigned char *)pin, strlen(pin));
        if (done != CKR_OK && done != CKR_USER_ALREADY_LOGGED_IN)
            status = nl_token_refused(err, "it does not accept the PIN", done);
    }
    nl_secret_free(pin);
    return status;
}

void nl_token_session_close(struct nl_token_session *session) {
    if (session->is_open)
        session->module->C_CloseSession(session->handle);
    if (session->own && session->modules[0] != NULL) {
        p11_kit_module_finalize(session->modules[0]);
        p11_kit_module_release(session->modules[0]);
    }
    if (session->own)
        free((void *)session->modules);
    else if (session->modules != NULL)
        p11_kit_modules_finalize_and_release(session->modules);
    p11_kit_uri_free(session->uri);
    *session = (struct nl_token_session){0};
}
