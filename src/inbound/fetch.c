/* IMAP (RFC 3501, RFC 6851) and POP3 (RFC 1939) through libcurl, which checks certificates. */
#include "newsletter/base/memory.h"
#include "newsletter/inbound/mailbox.h"

#include "inbound/mail_server.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/clock.h"
#include "newsletter/base/log.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds: of a command, and of a run as a whole; what is left then is the next run's. */
enum { COMMAND_TIMEOUT = 120, RUN_TIMEOUT = 900 };

/* How much of a message is read, how much a server may send for it, and in a run. */
enum { MESSAGE_LIMIT = 4 << 20, ANSWER_LIMIT = 32 << 20, RUN_LIMIT = 512 << 20 };

/* So many messages may fail to arrive in a run, and are left where they are. */
enum { FAILURES = 3, MESSAGES = 100000 };

struct fetch {
    CURL *curl;
    const struct nl_config *config;
    const struct nl_visitor *visitor;
    struct nl_buf base; /* the server's URL with a slash at its end */
    struct nl_buf answer;
    size_t answered, received; /* bytes: for this command, in this run */
    time_t began;
    int failures;
    size_t waiting; /* messages, as the reply to STAT has it */
    char detail[CURL_ERROR_SIZE];
};

static time_t now(void) {
    return nl_clock_milliseconds() / 1000;
}

static bool stopped(const struct fetch *fetch) {
    return fetch->visitor->stop != NULL && *fetch->visitor->stop;
}

/* Whether this run has had its time and its share of the network. */
static bool exhausted(const struct fetch *fetch) {
    return now() - fetch->began >= RUN_TIMEOUT || fetch->received >= RUN_LIMIT;
}

/* Called by libcurl at least once a second: anything but 0 ends the transfer. A run whose time is
 * up ends its command first: POP3 deletes nothing when a connection breaks, so the next run would
 * begin with the same messages. */
static int watch(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                 curl_off_t up) {
    (void)down_total, (void)down, (void)up_total, (void)up;
    return stopped(ctx);
}

/* The beginning of a huge message is enough; a server that never ends is cut off. */
static size_t collect(char *data, size_t size, size_t count, void *ctx) {
    struct fetch *fetch = ctx;
    size_t len = size * count;
    size_t room = MESSAGE_LIMIT - fetch->answer.len;
    nl_buf_add(&fetch->answer, data, len < room ? len : room);
    fetch->answered += len;
    fetch->received += len;
    return fetch->answered > ANSWER_LIMIT ? 0 : len;
}

/* The reply to STAT, "+OK 2 320", is nothing but a line of its own. libcurl cannot LIST an empty
 * mailbox. */
static size_t read_reply(char *line, size_t size, size_t count, void *ctx) {
    struct fetch *fetch = ctx;
    char text[32] = "";
    size_t len = size * count;
    memcpy(text, line, len < sizeof text - 1 ? len : sizeof text - 1);
    fetch->waiting = strncmp(text, "+OK ", 4) == 0 ? strtoul(text + 4, NULL, 10) : 0;
    return len;
}

static enum nl_status fail(const struct fetch *fetch, CURLcode code, struct nl_error *err) {
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return NL_OK; /* stopped: the next run goes on */
    const char *host = fetch->config->fetch.host;
    const char *detail = fetch->detail[0] != '\0' ? fetch->detail : curl_easy_strerror(code);
    /* libcurl says the same of a folder that cannot be selected. */
    if (code == CURLE_LOGIN_DENIED && strstr(detail, "Select") == NULL)
        return nl_error_set(err, NL_NOPERM,
                            "%s refused the login of %s: check fetch.username and its password",
                            host, fetch->config->fetch.username);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        return nl_error_set(err, NL_CONFIG,
                            "%s: its certificate does not verify (%s): check fetch.host, or name "
                            "its authority in fetch.ca_file",
                            host, detail);
    if (code == CURLE_LOGIN_DENIED || code == CURLE_QUOTE_ERROR ||
        code == CURLE_REMOTE_FILE_NOT_FOUND)
        return nl_error_set(err, NL_UNAVAILABLE, "%s refused a command (%s): is there a folder %s?",
                            host, detail, fetch->config->fetch.folder);
    return nl_error_set(err, NL_TEMPFAIL, "%s:%lld: %s", host, (long long)fetch->config->fetch.port,
                        detail);
}

/* One command or retrieval on the connection, which libcurl keeps. `command` NULL retrieves. */
static CURLcode perform(struct fetch *fetch, const char *path, const char *command, bool bodiless) {
    struct nl_buf url = {0};
    nl_buf_addf(&url, "%s%s", nl_buf_text(&fetch->base), path);
    nl_buf_clear(&fetch->answer);
    fetch->answered = 0;
    fetch->detail[0] = '\0';
    curl_easy_setopt(fetch->curl, CURLOPT_URL, nl_buf_text(&url));
    curl_easy_setopt(fetch->curl, CURLOPT_NOBODY, bodiless ? 1L : 0L);
    curl_easy_setopt(fetch->curl, CURLOPT_CUSTOMREQUEST, command);
    CURLcode code = curl_easy_perform(fetch->curl);
    nl_buf_free(&url);
    return code;
}

/* A message did not arrive: it stays where it is, and those after it are read. After several it is
 * the server's fault. */
static enum nl_status skip(struct fetch *fetch, const char *path, CURLcode code,
                           struct nl_error *err) {
    if (code == CURLE_ABORTED_BY_CALLBACK || exhausted(fetch))
        return NL_OK; /* the next run goes on */
    if (code == CURLE_LOGIN_DENIED || code == CURLE_COULDNT_CONNECT || ++fetch->failures > FAILURES)
        return fail(fetch, code, err);
    nl_log(NL_LOG_ERROR, NULL, "%s: message %s did not arrive (%s) and is left there",
           fetch->config->fetch.host, path,
           fetch->answered > ANSWER_LIMIT ? "it does not end"
           : fetch->detail[0] != '\0'     ? fetch->detail
                                          : curl_easy_strerror(code));
    return NL_OK;
}

/* Retrieves a message and hands it over; *taken tells whether it may move now. */
static enum nl_status take(struct fetch *fetch, const char *path, bool *taken, bool *understood,
                           struct nl_error *err) {
    const struct nl_visitor *visitor = fetch->visitor;
    CURLcode code = perform(fetch, path, NULL, false);
    *taken = false;
    if (code != CURLE_OK)
        return skip(fetch, path, code, err);
    enum nl_status status = visitor->message(nl_buf_text(&fetch->answer), fetch->answer.len,
                                             understood, visitor->ctx, err);
    if (status == NL_OK && visitor->settle != NULL)
        status = visitor->settle(visitor->ctx, err);
    *taken = status == NL_OK;
    return status;
}

static CURLcode command(struct fetch *fetch, const char *folder, const char *format,
                        const char *uid, const char *target) {
    struct nl_buf text = {0};
    nl_buf_addf(&text, format, uid, target);
    CURLcode code = perform(fetch, folder, nl_buf_text(&text), false);
    nl_buf_free(&text);
    return code;
}

/* RFC 6851, or by copying where the server has no MOVE. */
static enum nl_status move(struct fetch *fetch, const char *folder, const char *uid,
                           const char *target, struct nl_error *err) {
    CURLcode code = command(fetch, folder, "UID MOVE %s \"%s\"", uid, target);
    if (code == CURLE_QUOTE_ERROR) {
        command(fetch, folder, "CREATE%.0s \"%s\"", uid, target);
        code = command(fetch, folder, "UID MOVE %s \"%s\"", uid, target);
    }
    if (code == CURLE_QUOTE_ERROR) {
        code = command(fetch, folder, "UID COPY %s \"%s\"", uid, target);
        if (code == CURLE_OK)
            code = command(fetch, folder, "UID STORE %s +FLAGS.SILENT (\\Deleted)%.0s", uid, "");
    }
    return code == CURLE_OK ? NL_OK : fail(fetch, code, err);
}

static enum nl_status read_imap(struct fetch *fetch, struct nl_error *err) {
    char *folder = curl_easy_escape(fetch->curl, fetch->config->fetch.folder, 0);
    struct nl_buf path = {0};
    char *uids = NULL;
    if (folder == NULL)
        return nl_error_nomem(err);
    CURLcode code = perform(fetch, folder, "UID SEARCH UNDELETED", false);
    enum nl_status status = code == CURLE_OK ? NL_OK : fail(fetch, code, err);
    if (status == NL_OK)
        uids = nl_strdup(nl_buf_text(&fetch->answer));
    char *rest = NULL;
    for (char *uid = uids != NULL ? strtok_r(uids, " \r\n", &rest) : NULL;
         status == NL_OK && uid != NULL && !stopped(fetch) && !exhausted(fetch);
         uid = strtok_r(NULL, " \r\n", &rest)) {
        bool understood = false;
        bool taken = false;
        if (uid[strspn(uid, "0123456789")] != '\0')
            continue; /* "* SEARCH" */
        nl_buf_clear(&path);
        nl_buf_addf(&path, "%s/;UID=%s/;PARTIAL=0.%d", folder, uid, MESSAGE_LIMIT);
        status = take(fetch, nl_buf_text(&path), &taken, &understood, err);
        if (taken)
            status = move(
                fetch, folder, uid,
                understood ? fetch->config->fetch.processed : fetch->config->fetch.unknown, err);
    }
    free(uids);
    nl_buf_free(&path);
    curl_free(folder);
    return status;
}

static enum nl_status read_pop3(struct fetch *fetch, struct nl_error *err) {
    char path[24];
    CURLcode code = perform(fetch, "", "STAT", true);
    enum nl_status status = code == CURLE_OK ? NL_OK : fail(fetch, code, err);
    size_t count = fetch->waiting < MESSAGES ? fetch->waiting : MESSAGES;
    for (size_t i = 1; status == NL_OK && i <= count && !stopped(fetch) && !exhausted(fetch); i++) {
        bool understood = false;
        bool taken = false;
        snprintf(path, sizeof path, "%zu", i);
        status = take(fetch, path, &taken, &understood, err);
        if (!taken)
            continue;
        code = perform(fetch, path, "DELE", true);
        if (code != CURLE_OK)
            status = fail(fetch, code, err);
    }
    return status;
}

static void set_up(struct fetch *fetch, const char *password) {
    const struct nl_config *config = fetch->config;
    CURL *curl = fetch->curl;
    const struct nl_mail_server server = {
        .scheme = config->fetch.protocol == NL_FETCH_IMAP ? "imap" : "pop3",
        .host = config->fetch.host,
        .port = config->fetch.port,
        .security = config->fetch.security,
        .verify = config->fetch.verify,
        .ca_file = config->fetch.ca_file,
        .username = config->fetch.username,
        .password = password,
    };
    nl_mail_server_set_up(&server, curl, &fetch->base);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetch->detail);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, read_reply);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, fetch);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)COMMAND_TIMEOUT);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetch);
}

enum nl_status nl_mailbox_fetch(const struct nl_config *config, const char *password,
                                const struct nl_visitor *visitor, struct nl_error *err) {
    struct fetch fetch = {.config = config, .visitor = visitor, .began = now()};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (fetch.curl = curl_easy_init()) == NULL)
        return nl_error_nomem(err);
    set_up(&fetch, password);
    enum nl_status status =
        config->fetch.protocol == NL_FETCH_IMAP ? read_imap(&fetch, err) : read_pop3(&fetch, err);
    curl_easy_cleanup(fetch.curl); /* QUIT or LOGOUT: what POP3 deletes is deleted now */
    nl_buf_free(&fetch.base);
    nl_buf_free(&fetch.answer);
    return status;
}
