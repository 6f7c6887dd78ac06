/* A name server that never answers is waited for until the time is over, and no longer. */
#include "support.h"

#include "newsletter/base/clock.h"
#include "newsletter/resolve/resolver.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* A clock by which a second passes with each look. It takes the place of src/base/clock.c. */
static int looks;

int64_t nl_clock_milliseconds(void) {
    return ++looks * (int64_t)1000;
}

int64_t nl_clock_nanoseconds(void) {
    return nl_clock_milliseconds() * 1000000;
}

/* A socket at which nobody reads; *port is its port. */
static int listen_deaf(int *port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void test_no_answer(void **state) {
    static const struct {
        const char *name;
        enum nl_status (*ask)(struct nl_resolver *, const char *, struct nl_buf *,
                              struct nl_error *);
        const char *words;
    } rows[] = {
        {"texts", nl_resolver_texts, "which records silent.example has"},
        {"addresses", nl_resolver_addresses, "which addresses silent.example has"},
    };
    int port = 0;
    int fd = listen_deaf(&port);
    char server[32];
    struct nl_resolver *resolver = NULL;
    struct nl_error err = {0};
    (void)state;
    snprintf(server, sizeof server, "127.0.0.1:%d", port);
    const struct nl_resolver_options options = {.servers = server, .port = 25};
    assert_ok(nl_resolver_new(&options, &resolver, &err));
    for_each_row (i, rows, rows[i].name) {
        struct nl_buf out = {0};
        looks = 0;
        assert_fails(rows[i].ask(resolver, "silent.example", &out, &err), NL_TEMPFAIL,
                     rows[i].words);
        assert_in_range(looks, 5, 7);
        assert_int_equal(out.len, 0);
        nl_buf_free(&out);
    }
    nl_resolver_free(resolver);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_answer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
