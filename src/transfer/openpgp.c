#include "newsletter/transfer/openpgp.h"

#include "newsletter/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

bool nl_openpgp_is_message(const char *path) {
    static const char armor[] = "-----BEGIN PGP MESSAGE";
    unsigned char head[sizeof armor] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = fd >= 0 ? read(fd, head, sizeof armor - 1) : 0;
    if (fd >= 0)
        close(fd);
    if (got == (ssize_t)(sizeof armor - 1) && memcmp(head, armor, sizeof armor - 1) == 0)
        return true;
    /* A session key for a public key comes first: packet 1, in the new or the old form (RFC 4880
     * 4.2). */
    return got > 2 && (head[0] == 0xC1 || (head[0] & 0xFC) == 0x84);
}

#ifdef NL_OPENPGP
#include <dlfcn.h>
#include <rnp/rnp.h>
#include <rnp/rnp_err.h>

/* The functions that are used, as the library has them. */
#define FUNCTIONS(X)                                                                               \
    X(rnp_ffi_create)                                                                              \
    X(rnp_ffi_destroy)                                                                             \
    X(rnp_ffi_set_log_fd)                                                                          \
    X(rnp_ffi_set_pass_provider)                                                                   \
    X(rnp_result_to_string)                                                                        \
    X(rnp_load_keys)                                                                               \
    X(rnp_identifier_iterator_create)                                                              \
    X(rnp_identifier_iterator_next)                                                                \
    X(rnp_identifier_iterator_destroy)                                                             \
    X(rnp_locate_key)                                                                              \
    X(rnp_key_is_sub)                                                                              \
    X(rnp_key_handle_destroy)                                                                      \
    X(rnp_input_from_path)                                                                         \
    X(rnp_input_destroy)                                                                           \
    X(rnp_output_to_callback)                                                                      \
    X(rnp_output_destroy)                                                                          \
    X(rnp_op_encrypt_create)                                                                       \
    X(rnp_op_encrypt_add_recipient)                                                                \
    X(rnp_op_encrypt_set_compression)                                                              \
    X(rnp_op_encrypt_execute)                                                                      \
    X(rnp_op_encrypt_destroy)                                                                      \
    X(rnp_decrypt)

/* NOLINTNEXTLINE(bugprone-macro-parentheses): the names of members. */
#define MEMBER(name) __typeof__(name) *name;
struct library {
    void *handle;
    FUNCTIONS(MEMBER)
};

static bool load(struct library *library) {
    library->handle = dlopen("librnp.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library->handle == NULL)
        return false;
#define FIND(name)                                                                                 \
    *(void **)&library->name = dlsym(library->handle, #name);                                      \
    if (library->name == NULL)                                                                     \
        return false;
    FUNCTIONS(FIND)
    return true;
}

/* One run of the library over a file. */
struct job {
    struct library rnp;
    rnp_ffi_t ffi;
    rnp_input_t input;
    rnp_output_t output;
    int fd;
    int write_error;
    nl_openpgp_ask *ask;
    const char *keys; /* of the recipients, for messages; NULL when decrypting */
};

static enum nl_status job_error(const struct job *job, rnp_result_t result, const char *path,
                                struct nl_error *err) {
    if (job->write_error != 0)
        return nl_error_system(err, job->write_error, "write", path);
    if (result == RNP_ERROR_NO_SUITABLE_KEY && job->keys != NULL)
        return nl_error_set(err, NL_DATA,
                            "%s: one of its keys cannot encrypt, or has expired or been revoked",
                            job->keys);
    return nl_error_set(err, NL_DATA, "%s: %s", path, job->rnp.rnp_result_to_string(result));
}

static bool write_output(void *context, const void *data, size_t len) {
    struct job *job = context;
    for (const char *p = data; len > 0;) {
        ssize_t put = write(job->fd, p, len);
        if (put < 0 && errno != EINTR) {
            job->write_error = errno;
            return false;
        }
        p += put > 0 ? put : 0;
        len -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

static bool give_password(rnp_ffi_t ffi, void *context, rnp_key_handle_t key, const char *purpose,
                          char *out, size_t size) {
    const struct job *job = context;
    (void)ffi;
    (void)key;
    (void)purpose;
    return job->ask != NULL && job->ask(out, size);
}

static enum nl_status load_keys(struct job *job, const char *path, uint32_t which,
                                struct nl_error *err) {
    rnp_input_t input = NULL;
    if (access(path, R_OK) != 0)
        return nl_error_system(err, errno, "read", path);
    rnp_result_t result = job->rnp.rnp_input_from_path(&input, path);
    if (result == RNP_SUCCESS)
        result = job->rnp.rnp_load_keys(job->ffi, RNP_KEYSTORE_GPG, input, which);
    job->rnp.rnp_input_destroy(input);
    return result == RNP_SUCCESS ? NL_OK
                                 : nl_error_set(err, NL_DATA,
                                                "%s holds no OpenPGP key: export one "
                                                "with 'gpg --export'",
                                                path);
}

static enum nl_status job_begin(struct job *job, const char *from, const char *to,
                                struct nl_error *err) {
    job->fd = -1;
    if (!load(&job->rnp)) {
        nl_error_set(err, NL_CONFIG, "encrypted backups need the library librnp0: install it");
        return NL_CONFIG;
    }
    if (access(from, R_OK) != 0)
        return nl_error_system(err, errno, "read", from);
    job->fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (job->fd < 0)
        return nl_error_system(err, errno, "create", to);
    rnp_result_t result = job->rnp.rnp_ffi_create(&job->ffi, RNP_KEYSTORE_GPG, RNP_KEYSTORE_GPG);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC); /* the library writes to standard error */
    if (result == RNP_SUCCESS && null >= 0)
        job->rnp.rnp_ffi_set_log_fd(job->ffi, null); /* and closes this */
    if (result == RNP_SUCCESS)
        result = job->rnp.rnp_input_from_path(&job->input, from);
    if (result == RNP_SUCCESS)
        result = job->rnp.rnp_output_to_callback(&job->output, write_output, NULL, job);
    return result == RNP_SUCCESS ? NL_OK : job_error(job, result, from, err);
}

/* The library stays loaded: its own threads' data cannot be taken away. */
static enum nl_status job_end(struct job *job, const char *to, enum nl_status status,
                              struct nl_error *err) {
    if (job->output != NULL)
        job->rnp.rnp_output_destroy(job->output);
    if (job->input != NULL)
        job->rnp.rnp_input_destroy(job->input);
    if (job->ffi != NULL)
        job->rnp.rnp_ffi_destroy(job->ffi);
    if (status == NL_OK && (job->write_error != 0 || fsync(job->fd) != 0))
        status =
            nl_error_system(err, job->write_error != 0 ? job->write_error : errno, "write", to);
    if (job->fd >= 0)
        close(job->fd);
    if (job->fd >= 0 && status != NL_OK)
        unlink(to);
    return status;
}

static rnp_result_t add_recipient(struct job *job, rnp_op_encrypt_t op, const char *fingerprint,
                                  size_t *count) {
    rnp_key_handle_t key = NULL;
    bool is_sub = false;
    rnp_result_t result = job->rnp.rnp_locate_key(job->ffi, "fingerprint", fingerprint, &key);
    if (result == RNP_SUCCESS && key != NULL)
        result = job->rnp.rnp_key_is_sub(key, &is_sub);
    if (result == RNP_SUCCESS && key != NULL && !is_sub) {
        result = job->rnp.rnp_op_encrypt_add_recipient(op, key);
        (*count)++;
    }
    if (key != NULL)
        job->rnp.rnp_key_handle_destroy(key);
    return result;
}

static enum nl_status add_recipients(struct job *job, rnp_op_encrypt_t op, const char *keys,
                                     struct nl_error *err) {
    rnp_identifier_iterator_t all = NULL;
    const char *fingerprint = NULL;
    size_t count = 0;
    rnp_result_t result = job->rnp.rnp_identifier_iterator_create(job->ffi, &all, "fingerprint");
    while (result == RNP_SUCCESS &&
           job->rnp.rnp_identifier_iterator_next(all, &fingerprint) == RNP_SUCCESS &&
           fingerprint != NULL)
        result = add_recipient(job, op, fingerprint, &count);
    job->rnp.rnp_identifier_iterator_destroy(all);
    if (result != RNP_SUCCESS)
        return job_error(job, result, keys, err);
    return count > 0 ? NL_OK : nl_error_set(err, NL_DATA, "%s holds no OpenPGP key", keys);
}

enum nl_status nl_openpgp_encrypt(const char *keys, const char *from, const char *to,
                                  struct nl_error *err) {
    enum { COMPRESSION = 6 };
    struct job job = {.keys = keys};
    rnp_op_encrypt_t op = NULL;
    enum nl_status status = job_begin(&job, from, to, err);
    if (status == NL_OK)
        status = load_keys(&job, keys, RNP_LOAD_SAVE_PUBLIC_KEYS, err);
    if (status == NL_OK) {
        rnp_result_t result = job.rnp.rnp_op_encrypt_create(&op, job.ffi, job.input, job.output);
        if (result == RNP_SUCCESS)
            result = job.rnp.rnp_op_encrypt_set_compression(op, "ZLIB", COMPRESSION);
        status = result == RNP_SUCCESS ? add_recipients(&job, op, keys, err)
                                       : job_error(&job, result, to, err);
    }
    if (status == NL_OK) {
        rnp_result_t result = job.rnp.rnp_op_encrypt_execute(op);
        if (result != RNP_SUCCESS)
            status = job_error(&job, result, to, err);
    }
    if (op != NULL)
        job.rnp.rnp_op_encrypt_destroy(op);
    return job_end(&job, to, status, err);
}

enum nl_status nl_openpgp_decrypt(const char *key, nl_openpgp_ask *ask, const char *from,
                                  const char *to, struct nl_error *err) {
    struct job job = {.ask = ask};
    enum nl_status status = job_begin(&job, from, to, err);
    if (status == NL_OK)
        status = load_keys(&job, key, RNP_LOAD_SAVE_PUBLIC_KEYS | RNP_LOAD_SAVE_SECRET_KEYS, err);
    if (status == NL_OK) {
        job.rnp.rnp_ffi_set_pass_provider(job.ffi, give_password, &job);
        rnp_result_t result = job.rnp.rnp_decrypt(job.ffi, job.input, job.output);
        if (result != RNP_SUCCESS)
            status = job_error(&job, result, from, err);
    }
    return job_end(&job, to, status, err);
}

#else

static enum nl_status unavailable(struct nl_error *err) {
    return nl_error_set(err, NL_CONFIG,
                        "this newsletter was built without OpenPGP: install librnp-dev and build "
                        "it again");
}

enum nl_status nl_openpgp_encrypt(const char *keys, const char *from, const char *to,
                                  struct nl_error *err) {
    (void)keys;
    (void)from;
    (void)to;
    return unavailable(err);
}

enum nl_status nl_openpgp_decrypt(const char *key, nl_openpgp_ask *ask, const char *from,
                                  const char *to, struct nl_error *err) {
    (void)key;
    (void)ask;
    (void)from;
    (void)to;
    return unavailable(err);
}

#endif
