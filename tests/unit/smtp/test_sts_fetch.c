/* Fetching an MTA-STS policy: which events of its socket are waited for, and how it ends. */
#include "support.h"

#include "newsletter/smtp/sts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESS "127.0.71.1"

enum { PATIENCE = 10000 }; /* milliseconds, so that a test ends that fails */

/* How fetches ended. */
struct ended {
    int count, policies;
    char why[256];
};

static void note_end(const struct nl_sts_policy *policy, const char *why, void *ctx) {
    struct ended *ended = ctx;
    ended->count++;
    ended->policies += policy != NULL;
    snprintf(ended->why, sizeof ended->why, "%s", why);
}

/* A socket at port 443, where policies are; -1 where only root may have it. */
static int server(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(443)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(inet_pton(AF_INET, ADDRESS, &address.sin_addr), 1);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void step(struct nl_sts_fetcher *fetcher) {
    struct pollfd poll_fd = {.fd = nl_sts_fetcher_fd(fetcher), .events = POLLIN};
    assert_int_equal(poll(&poll_fd, 1, PATIENCE), 1);
    nl_sts_fetcher_step(fetcher);
}

/* For which events of its one socket the fetcher waits. */
static unsigned waited_for(const struct nl_sts_fetcher *fetcher) {
    char path[64], line[256];
    unsigned mask = 0, sockets = 0;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", nl_sts_fetcher_fd(fetcher));
    FILE *info = fopen(path, "re");
    assert_non_null(info);
    while (fgets(line, sizeof line, info) != NULL) {
        char *at = line;
        int type = 0;
        socklen_t size = sizeof type;
        if (strncmp(line, "tfd:", 4) != 0)
            continue;
        int fd = (int)strtol(line + 4, &at, 10);
        at = strstr(at, "events:");
        if (at != NULL && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0) {
            sockets++;
            mask = (unsigned)strtoul(at + strlen("events:"), NULL, 16);
        }
    }
    fclose(info);
    assert_int_equal(sockets, 1);
    return mask & (EPOLLIN | EPOLLOUT);
}

static struct nl_sts_fetcher *begin(struct ended *ended, const char *allowed) {
    struct nl_error err = {0};
    struct nl_sts_fetcher *fetcher = NULL;
    struct nl_mail_host host = {.name = "mta-sts.example.org", .address_count = 1};
    assert_true(nl_ip_parse(ADDRESS, &host.addresses[0]));
    assert_ok(nl_sts_fetcher_new(NULL, allowed, &fetcher, &err));
    assert_ok(nl_sts_fetch(fetcher, &host, note_end, ended, &err));
    assert_int_equal(ended->count, 0); /* never from within nl_sts_fetch */
    return fetcher;
}

/* The reply of a server is waited for, and not only the end of its connection. */
static void test_a_reply_is_waited_for(void **state) {
    (void)state;
    struct ended ended = {0};
    char hello[4096];
    int listening = server(), connection = -1;
    ssize_t got = -1;
    if (listening < 0)
        skip();
    struct nl_sts_fetcher *fetcher = begin(&ended, "127.0.0.0/8");
    while (got < 0) {
        step(fetcher);
        if (connection < 0)
            connection = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connection >= 0)
            got = recv(connection, hello, sizeof hello, 0);
    }
    assert_true(got > 0);
    assert_int_equal(ended.count, 0);
    assert_int_equal(waited_for(fetcher), EPOLLIN);
    assert_true(send(connection, "220 no TLS\r\n", 12, MSG_NOSIGNAL) == 12);
    while (ended.count == 0)
        step(fetcher);
    assert_int_equal(ended.count, 1);
    assert_int_equal(ended.policies, 0);
    assert_string_not_equal(ended.why, "");
    nl_sts_fetcher_free(fetcher);
    close(connection);
    close(listening);
}

/* No connection is made to a private network that is not allowed: the server sees none. */
static void test_private_networks(void **state) {
    (void)state;
    struct ended ended = {0};
    int listening = server();
    if (listening < 0)
        skip();
    struct nl_sts_fetcher *fetcher = begin(&ended, NULL);
    while (ended.count == 0)
        step(fetcher);
    assert_int_equal(ended.policies, 0);
    assert_int_equal(accept4(listening, NULL, NULL, SOCK_NONBLOCK), -1);
    assert_int_equal(errno, EAGAIN);
    nl_sts_fetcher_free(fetcher);
    close(listening);
}

/* A fetcher that is freed drops what it was fetching: nobody is told. */
static void test_freed_before_its_end(void **state) {
    (void)state;
    struct ended ended = {0};
    struct nl_sts_fetcher *fetcher = begin(&ended, "127.0.0.0/8");
    nl_sts_fetcher_free(fetcher);
    assert_int_equal(ended.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reply_is_waited_for),
        cmocka_unit_test(test_private_networks),
        cmocka_unit_test(test_freed_before_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
