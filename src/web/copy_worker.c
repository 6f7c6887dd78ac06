#include "web/copy_worker.h"

#include "newsletter/base/address.h"
#include "newsletter/base/kept_error.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/thread.h"
#include "newsletter/delivery/send.h"

#include <stdlib.h>
#include <string.h>

/* A proof group in a few languages; what waits is bounded in bytes, too. */
enum { JOBS = 128, TOLD = 64, TOLD_MOST = 32 };
static const size_t BYTES_MOST = 32 << 20;

struct job {
    char *who, *sender, *to;
    struct nl_buf message;
};

/* Results are kept so that each page words them in its language. */
struct told {
    char *who;
    json_t *results; /* [ADDRESS, the text and the parts of a failure, or null] each */
    size_t pending;  /* copies on their way */
};

struct nl_copies {
    const struct nl_config *config;
    const struct nl_relay *relay;
    struct nl_store *store; /* of the thread; opened with the first copy */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct job jobs[JOBS];
    size_t count, bytes;
    struct told told[TOLD]; /* the oldest give way */
    size_t told_next;
    bool stop;
};

static void free_job(struct job *job) {
    free(job->who);
    free(job->sender);
    free(job->to);
    nl_buf_free(&job->message);
    *job = (struct job){0};
}

/* ---- with the mutex held ---- */

static struct told *place_of(struct nl_copies *copies, const char *who) {
    size_t at = 0;
    while (at < TOLD && (copies->told[at].who == NULL || strcmp(copies->told[at].who, who) != 0))
        at++;
    if (at == TOLD) {
        at = copies->told_next++ % TOLD;
        free(copies->told[at].who);
        copies->told[at].who = nl_strdup(who);
        copies->told[at].pending = 0;
        json_decref(copies->told[at].results);
        copies->told[at].results = NULL;
    }
    return &copies->told[at];
}

/* The first of some copies forgets what came of those before. */
static void expect(struct nl_copies *copies, const char *who) {
    struct told *told = place_of(copies, who);
    if (told->pending++ == 0)
        json_array_clear(told->results);
}

static json_t *result_of(const char *to, enum nl_status status, const struct nl_error *err) {
    json_t *parts = status != NL_OK ? nl_error_keep(err) : NULL;
    return json_pack("[s, s*, o*]", to, status != NL_OK ? nl_error_text(err) : NULL, parts);
}

/* A copy in another language, to the same effect, is not told again. Takes `result`. */
static void tell(struct nl_copies *copies, const char *who, json_t *result) {
    struct told *told = place_of(copies, who);
    size_t at = 0;
    json_t *known = NULL;
    bool repeats = json_array_size(told->results) >= TOLD_MOST;
    if (told->pending > 0)
        told->pending--;
    if (told->results == NULL)
        told->results = json_array();
    json_array_foreach(told->results, at, known) repeats = repeats || json_equal(known, result);
    if (!repeats)
        json_array_append(told->results, result);
    json_decref(result);
}

static bool take_job(struct nl_copies *copies, struct job *out) {
    while (copies->count == 0 && !copies->stop)
        pthread_cond_wait(&copies->changed, &copies->mutex);
    if (copies->stop)
        return false;
    *out = copies->jobs[0];
    copies->bytes -= out->message.len;
    memmove(copies->jobs, copies->jobs + 1, --copies->count * sizeof *copies->jobs);
    return true;
}

/* ---- the thread ---- */

static void do_job(struct nl_copies *copies, struct job *job) {
    struct nl_address to = {0};
    struct nl_error err = {0};
    enum nl_status status = nl_address_parse(job->to, &to, &err);
    if (status == NL_OK && copies->store == NULL)
        status = nl_store_open(copies->config->database, &nl_env_system, &copies->store, &err);
    if (status == NL_OK)
        status = nl_send_test(copies->store, copies->config, copies->relay, job->sender, &to,
                              &job->message, &err);
    pthread_mutex_lock(&copies->mutex);
    tell(copies, job->who, result_of(job->to, status, &err));
    pthread_mutex_unlock(&copies->mutex);
    nl_error_free(&err);
    nl_address_free(&to);
}

static void *work(void *ctx) {
    struct nl_copies *copies = ctx;
    struct job job = {0};
    for (;;) {
        pthread_mutex_lock(&copies->mutex);
        bool more = take_job(copies, &job);
        pthread_mutex_unlock(&copies->mutex);
        if (!more)
            return NULL;
        do_job(copies, &job);
        free_job(&job);
    }
}

/* ---- for the server's thread ---- */

enum nl_status nl_copies_send(struct nl_copies *copies, const char *who, const char *sender,
                              const char *to, struct nl_buf *message, struct nl_error *err) {
    struct job job = {nl_strdup(who), nl_strdup(sender), nl_strdup(to), *message};
    *message = (struct nl_buf){0};
    pthread_mutex_lock(&copies->mutex);
    bool room = copies->count < JOBS &&
                (copies->count == 0 || copies->bytes + job.message.len <= BYTES_MOST);
    if (room) {
        copies->jobs[copies->count++] = job;
        copies->bytes += job.message.len;
        expect(copies, who);
        pthread_cond_signal(&copies->changed);
    }
    pthread_mutex_unlock(&copies->mutex);
    if (room)
        return NL_OK;
    free_job(&job);
    return nl_error_set(err, NL_DATA, NL_TEXT("too many test mails wait: try again in a minute"));
}

static void word_results(const struct told *told, const struct nl_catalog *catalog,
                         struct nl_buf *out) {
    size_t at = 0;
    json_t *result = NULL;
    json_array_foreach(told->results, at, result) {
        const char *text = json_string_value(json_array_get(result, 1));
        char *why = text != NULL ? nl_catalog_kept(catalog, json_array_get(result, 2), text) : NULL;
        nl_buf_addf(out, "%s%s: %s", at > 0 ? "; " : "",
                    json_string_value(json_array_get(result, 0)),
                    text == NULL  ? "OK"
                    : why != NULL ? why
                                  : text);
        free(why);
    }
    nl_buf_adds(out, told->pending > 0 ? " ..." : "");
}

void nl_copies_tell(struct nl_copies *copies, const char *who, const struct nl_catalog *catalog,
                    struct nl_buf *out) {
    pthread_mutex_lock(&copies->mutex);
    for (size_t i = 0; i < TOLD; i++)
        if (copies->told[i].who != NULL && strcmp(copies->told[i].who, who) == 0)
            word_results(&copies->told[i], catalog, out);
    pthread_mutex_unlock(&copies->mutex);
}

enum nl_status nl_copies_new(const struct nl_config *config, const struct nl_relay *relay,
                             struct nl_copies **out, struct nl_error *err) {
    struct nl_copies *copies = nl_calloc(1, sizeof *copies);
    *out = NULL;
    copies->config = config;
    copies->relay = relay;
    pthread_mutex_init(&copies->mutex, NULL);
    pthread_cond_init(&copies->changed, NULL);
    enum nl_status status = nl_thread_start(&copies->thread, work, copies, err);
    if (status == NL_OK)
        *out = copies;
    else
        free(copies);
    return status;
}

void nl_copies_free(struct nl_copies *copies) {
    if (copies == NULL)
        return;
    pthread_mutex_lock(&copies->mutex);
    copies->stop = true;
    pthread_cond_signal(&copies->changed);
    pthread_mutex_unlock(&copies->mutex);
    pthread_join(copies->thread, NULL);
    nl_store_close(copies->store);
    for (size_t i = 0; i < copies->count; i++)
        free_job(&copies->jobs[i]);
    for (size_t i = 0; i < TOLD; i++) {
        free(copies->told[i].who);
        json_decref(copies->told[i].results);
    }
    pthread_mutex_destroy(&copies->mutex);
    pthread_cond_destroy(&copies->changed);
    free(copies);
}
