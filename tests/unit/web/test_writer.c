#include "support.h"
#include "web/http.h"
#include "web/response.h"
#include "web/writer.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>

enum { MANY = 1001 };

/* A handler that stops at its first request until it is let go, and notes what it handles. */
struct handler {
    sem_t begun, go, done;
    bool held;
    const struct nl_request *handled[4];
    size_t count;
    int patience; /* the longest */
    int last;     /* after the last request: 0 */
};

static void set_patience(void *ctx, int milliseconds) {
    struct handler *handler = ctx;
    handler->patience = milliseconds > handler->patience ? milliseconds : handler->patience;
    handler->last = milliseconds;
}

static enum nl_status handle(void *ctx, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    struct handler *handler = ctx;
    if (!handler->held) {
        handler->held = true;
        sem_post(&handler->begun);
        sem_wait(&handler->go);
    }
    handler->handled[handler->count++ % 4] = request;
    if (handler->count == 2)
        return nl_error_set(err, NL_IO, "the second one fails");
    nl_buf_adds(&response->body, "done");
    return NL_OK;
}

static void wake(void *ctx) {
    struct handler *handler = ctx;
    sem_post(&handler->done);
}

static struct nl_writer *start(struct handler *handler) {
    const struct nl_server_writer options = {
        .handler = handle, .set_patience = set_patience, .contexts = {handler}, .count = 1};
    struct nl_writer *writer = NULL;
    struct nl_error err = {0};
    sem_init(&handler->begun, 0, 0);
    sem_init(&handler->go, 0, 0);
    sem_init(&handler->done, 0, 0);
    assert_int_equal(nl_writer_new(&options, wake, handler, &writer, &err), NL_OK);
    return writer;
}

static void *stop(void *writer) {
    nl_writer_stop(writer);
    return NULL;
}

static void test_one_after_the_other(void **state) {
    struct handler handler = {0};
    struct nl_request requests[3] = {{0}};
    struct nl_response response = {0};
    struct nl_error err = {0};
    struct nl_writer *writer = start(&handler);
    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_true(nl_writer_submit(writer, &requests[i]));
    sem_wait(&handler.begun);
    assert_false(nl_writing_is_done(requests[0].writing)); /* it is being handled */
    sem_post(&handler.go);
    for (size_t i = 0; i < 3; i++) {
        sem_wait(&handler.done);
        assert_true(nl_writing_is_done(requests[i].writing));
        assert_ptr_equal(handler.handled[i], &requests[i]);
    }
    assert_true(handler.patience > 0 && handler.patience <= 10000);
    assert_int_equal(nl_writing_take(requests[0].writing, &response, &err), NL_OK);
    assert_int_equal(response.status, 200);
    assert_string_equal(nl_buf_text(&response.body), "done");
    nl_response_free(&response);
    assert_int_equal(nl_writing_take(requests[1].writing, &response, &err), NL_IO);
    assert_string_equal(nl_error_text(&err), "the second one fails");
    nl_error_free(&err);
    nl_writer_stop(writer);
    assert_int_equal(handler.last, 0);
    for (size_t i = 0; i < 3; i++)
        nl_writing_free(requests[i].writing);
    nl_writer_free(writer);
}

/* Each request has an answer when the thread has ended: a page, or that it is busy. */
static void test_full_and_stopped(void **state) {
    static struct nl_request requests[MANY + 1];
    struct handler handler = {0};
    struct nl_error err = {0};
    struct nl_writer *writer = start(&handler);
    pthread_t stopper;
    size_t answered = 0;
    (void)state;
    memset(requests, 0, sizeof requests);
    assert_true(nl_writer_submit(writer, &requests[0]));
    sem_wait(&handler.begun);
    for (size_t i = 1; i < MANY; i++)
        assert_true(nl_writer_submit(writer, &requests[i]));
    assert_false(nl_writer_submit(writer, &requests[MANY]));
    assert_null(requests[MANY].writing);
    assert_int_equal(pthread_create(&stopper, NULL, stop, writer), 0);
    sem_post(&handler.go);
    pthread_join(stopper, NULL);
    for (size_t i = 0; i < MANY; i++) {
        struct nl_response response = {0};
        assert_true(nl_writing_is_done(requests[i].writing));
        enum nl_status status = nl_writing_take(requests[i].writing, &response, &err);
        assert_true(status == NL_OK || status == NL_BUSY || status == NL_IO);
        answered += status != NL_BUSY;
        nl_response_free(&response);
        nl_error_free(&err);
        nl_writing_free(requests[i].writing);
    }
    assert_int_equal(answered, handler.count);
    assert_false(nl_writer_submit(writer, &requests[MANY])); /* it has ended */
    nl_writer_free(writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_after_the_other),
        cmocka_unit_test(test_full_and_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
