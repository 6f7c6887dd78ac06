/* Looking into a mailbox by IMAP (RFC 3501) through libcurl. */
#include "newsletter/inbound/seed.h"

#include "inbound/mail_server.h"
#include "inbound/seed_folder.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds: of a command, and of a look as a whole. */
enum { COMMAND_TIMEOUT = 20000, LOOK_TIMEOUT = 60000 };

/* How much of a header is read, and how much a server may say in reply to one command. */
enum { HEADER_LIMIT = 256 << 10, ANSWER_LIMIT = 1 << 20 };

struct look {
    CURL *curl;
    const struct nl_seed *seed;
    const volatile sig_atomic_t *stop;
    struct nl_buf base;
    struct nl_buf answer;
    int64_t until; /* by the clock in milliseconds */
    bool endless;  /* the server said more than it may */
    char detail[CURL_ERROR_SIZE];
};

static int watch(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                 curl_off_t up) {
    const struct look *look = ctx;
    (void)down_total, (void)down, (void)up_total, (void)up;
    return look->stop != NULL && *look->stop != 0;
}

static size_t collect(char *data, size_t size, size_t count, void *ctx) {
    struct look *look = ctx;
    size_t len = size * count;
    look->endless = look->answer.len + len > ANSWER_LIMIT;
    if (look->endless)
        return 0;
    nl_buf_add(&look->answer, data, len);
    return len;
}

static enum nl_status fail(const struct look *look, CURLcode code, struct nl_error *err) {
    const struct nl_seed *seed = look->seed;
    const char *detail = look->detail[0] != '\0' ? look->detail : curl_easy_strerror(code);
    if (look->endless)
        return nl_error_set(err, NL_TEMPFAIL, NL_TEXT("%s: its answer does not end"), seed->host);
    if (code == CURLE_LOGIN_DENIED && strstr(detail, "Select") == NULL)
        return nl_error_set(err, NL_NOPERM,
                            NL_TEXT("%s refused the login of %s: check its username and password"),
                            seed->host, seed->username);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        return nl_error_set(err, NL_CONFIG,
                            NL_TEXT("%s: its certificate does not verify (%s): check its host, or "
                                    "name its authority in ca_file"),
                            seed->host, detail);
    return nl_error_set(err, NL_TEMPFAIL, "%s:%lld: %s", seed->host, (long long)seed->port, detail);
}

static CURLcode perform(struct look *look, const char *path, const char *command) {
    struct nl_buf url = {0};
    int64_t left = look->until - nl_clock_milliseconds();
    if (left <= 0)
        return CURLE_OPERATION_TIMEDOUT;
    nl_buf_addf(&url, "%s%s", nl_buf_text(&look->base), path);
    nl_buf_clear(&look->answer);
    look->detail[0] = '\0';
    curl_easy_setopt(look->curl, CURLOPT_TIMEOUT_MS,
                     (long)(left < COMMAND_TIMEOUT ? left : COMMAND_TIMEOUT));
    curl_easy_setopt(look->curl, CURLOPT_URL, nl_buf_text(&url));
    curl_easy_setopt(look->curl, CURLOPT_CUSTOMREQUEST, command);
    CURLcode code = curl_easy_perform(look->curl);
    nl_buf_free(&url);
    return code;
}

/* The first number of "* SEARCH 4 7". */
static const char *first_uid(struct nl_buf *answer) {
    static const char start[] = "* SEARCH ";
    char *found = strstr((char *)nl_buf_text(answer), start);
    if (found == NULL || !isdigit((unsigned char)found[sizeof start - 1]))
        return NULL;
    found += sizeof start - 1;
    found[strspn(found, "0123456789")] = '\0';
    return strlen(found) <= 10 ? found : NULL;
}

static enum nl_status read_header(struct look *look, const char *folder, const char *uid,
                                  struct nl_seed_sight *out, struct nl_error *err) {
    struct nl_buf path = {0};
    nl_buf_addf(&path, "%s/;UID=%s/;SECTION=HEADER/;PARTIAL=0.%d", folder, uid, HEADER_LIMIT);
    CURLcode code = perform(look, nl_buf_text(&path), NULL);
    nl_buf_free(&path);
    if (code != CURLE_OK)
        return fail(look, code, err);
    nl_authentication_read(nl_buf_text(&look->answer), look->answer.len, look->seed->authserv_id,
                           &out->authentication);
    return NL_OK;
}

/* A folder that cannot be opened does not keep us from the others. */
static enum nl_status look_into(struct look *look, const struct nl_seed_folder *folder,
                                const char *token, struct nl_seed_sight *out,
                                struct nl_error *err) {
    char *path = curl_easy_escape(look->curl, folder->name, 0);
    struct nl_buf command = {0};
    nl_buf_addf(&command, "UID SEARCH HEADER Message-ID \"%s\"", token);
    if (path == NULL) {
        curl_free(path);
        nl_buf_free(&command);
        return nl_error_nomem(err);
    }
    CURLcode code = perform(look, path, nl_buf_text(&command));
    enum nl_status status = NL_OK;
    const char *uid = code == CURLE_OK ? first_uid(&look->answer) : NULL;
    bool refused = code == CURLE_LOGIN_DENIED || code == CURLE_QUOTE_ERROR ||
                   code == CURLE_REMOTE_FILE_NOT_FOUND;
    if (code != CURLE_OK && (!refused || folder->place == NL_SEED_INBOX)) {
        status = fail(look, code, err);
    } else if (uid != NULL) {
        char number[16];
        snprintf(number, sizeof number, "%s", uid);
        out->place = folder->place;
        memcpy(out->folder, folder->name, sizeof out->folder);
        status = read_header(look, path, number, out, err);
    }
    curl_free(path);
    nl_buf_free(&command);
    return status;
}

/* Servers without LIST-EXTENDED (RFC 5258) refuse the first form. */
static enum nl_status list_folders(struct look *look, struct nl_seed_folders *out,
                                   struct nl_error *err) {
    CURLcode code = perform(look, "", "LIST \"\" \"*\" RETURN (SPECIAL-USE)");
    if (code == CURLE_QUOTE_ERROR)
        code = perform(look, "", "LIST \"\" \"*\"");
    if (code != CURLE_OK)
        return fail(look, code, err);
    nl_seed_folders_read(nl_buf_text(&look->answer), out);
    return NL_OK;
}

static enum nl_status begin(struct look *look, struct nl_error *err) {
    const struct nl_seed *seed = look->seed;
    const struct nl_mail_server server = {.scheme = "imap",
                                          .host = seed->host,
                                          .port = seed->port,
                                          .security = seed->security,
                                          .verify = seed->verify,
                                          .ca_file = seed->ca_file,
                                          .username = seed->username,
                                          .password = seed->password};
    if (seed->problem != NULL)
        return nl_error_set(err, NL_CONFIG, "%s", seed->problem);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (look->curl = curl_easy_init()) == NULL)
        return nl_error_nomem(err);
    look->until = nl_clock_milliseconds() + LOOK_TIMEOUT;
    nl_mail_server_set_up(&server, look->curl, &look->base);
    curl_easy_setopt(look->curl, CURLOPT_ERRORBUFFER, look->detail);
    curl_easy_setopt(look->curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(look->curl, CURLOPT_WRITEDATA, look);
    curl_easy_setopt(look->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(look->curl, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(look->curl, CURLOPT_XFERINFODATA, look);
    return NL_OK;
}

static void end(struct look *look) {
    if (look->curl != NULL)
        curl_easy_cleanup(look->curl);
    nl_buf_free(&look->base);
    nl_buf_free(&look->answer);
}

enum nl_status nl_seed_look(const struct nl_seed *seed, const char *token,
                            const volatile sig_atomic_t *stop, struct nl_seed_sight *out,
                            struct nl_error *err) {
    struct look look = {.seed = seed, .stop = stop};
    struct nl_seed_folders folders = {0};
    *out = (struct nl_seed_sight){0};
    enum nl_status status = begin(&look, err);
    if (status == NL_OK)
        status = list_folders(&look, &folders, err);
    for (size_t i = 0; status == NL_OK && out->place == NL_SEED_MISSING && i < folders.count; i++)
        status = look_into(&look, &folders.items[i], token, out, err);
    if (status != NL_OK)
        *out = (struct nl_seed_sight){0};
    end(&look);
    return status;
}

enum nl_status nl_seed_open(const struct nl_seed *seed, char junk[NL_SEED_FOLDER],
                            struct nl_error *err) {
    struct look look = {.seed = seed};
    struct nl_seed_folders folders = {0};
    junk[0] = '\0';
    enum nl_status status = begin(&look, err);
    if (status == NL_OK)
        status = list_folders(&look, &folders, err);
    for (size_t i = 0; i < folders.count && junk[0] == '\0'; i++)
        if (folders.items[i].place == NL_SEED_JUNK)
            memcpy(junk, folders.items[i].name, NL_SEED_FOLDER);
    end(&look);
    return status;
}
