#include "doctor/dns.h"
#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* A real name server (dnsmasq) on a free port of loopback, with the records below. */
struct name_server {
    pid_t process;
    char servers[32]; /* as nl_dns_new wants it */
    struct nl_dns *dns;
};

static int free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int probe = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(probe, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(probe, (struct sockaddr *)&at, &len), 0);
    close(probe);
    return ntohs(at.sin_port);
}

/* False when it has ended: its port, free for UDP, may be in use for TCP by then. */
static bool wait_until_it_answers(const struct name_server *server) {
    const struct timespec moment = {.tv_nsec = 20000000};
    for (int i = 0; i < 1000; i++) {
        struct nl_answers answers = {0};
        struct nl_error err = {0};
        enum nl_status status = nl_dns_ask(server->dns, NL_DNS_A, "mx.test", &answers, &err);
        bool answered = status == NL_OK && answers.count == 1;
        nl_answers_free(&answers);
        nl_error_free(&err);
        if (answered)
            return true;
        if (waitpid(server->process, NULL, WNOHANG) == server->process)
            return false;
        nanosleep(&moment, NULL);
    }
    fail_msg("dnsmasq does not answer at %s", server->servers);
    return false;
}

/* False when there is no dnsmasq. */
static bool spawn(struct name_server *server) {
    char port[32];
    int number = free_port();
    snprintf(port, sizeof port, "--port=%d", number);
    snprintf(server->servers, sizeof server->servers, "127.0.0.1:%d", number);
    char *words[] = {"dnsmasq",
                     "--keep-in-foreground",
                     port,
                     "--listen-address=127.0.0.1",
                     "--bind-interfaces",
                     "--no-resolv",
                     "--no-hosts",
                     "--conf-file=/dev/null",
                     "--local=/#/",
                     "--user=",
                     "--pid-file=",
                     "--host-record=mx.test,192.0.2.1,2001:db8::1",
                     "--mx-host=many.test,third.test,30",
                     "--mx-host=many.test,first.test,5",
                     "--mx-host=many.test,second.test,20",
                     "--txt-record=text.test,one ,and two",
                     "--txt-record=text.test,another",
                     "--ptr-record=1.2.0.192.in-addr.arpa,mx.test",
                     "--ptr-record=1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
                     "ip6.arpa,six.test",
                     NULL};
    return posix_spawnp(&server->process, "dnsmasq", NULL, NULL, words, environ) == 0;
}

static int start(void **state) {
    static struct name_server server;
    struct nl_error err = {0};
    bool answers = false;
    for (int tries = 0; tries < 10 && !answers; tries++) {
        nl_dns_free(server.dns);
        if (!spawn(&server)) {
            print_message("dnsmasq is not installed: tools/install-packages test\n");
            return 1;
        }
        assert_ok(nl_dns_new(server.servers, &server.dns, &err));
        answers = wait_until_it_answers(&server);
    }
    *state = &server;
    return answers ? 0 : 1;
}

static int stop(void **state) {
    struct name_server *server = *state;
    nl_dns_free(server->dns);
    kill(server->process, SIGTERM);
    waitpid(server->process, NULL, 0);
    return 0;
}

static void each_type_is_answered(void **state) {
    static const struct {
        const char *name;
        enum nl_dns_type type;
        const char *expected; /* all answers, in order */
    } rows[] = {
        {"mx.test", NL_DNS_A, "192.0.2.1;"},
        {"mx.test", NL_DNS_AAAA, "2001:db8::1;"},
        {"many.test", NL_DNS_MX, "first.test;second.test;third.test;"},
        {"text.test", NL_DNS_TXT, "another;one and two;"},
        {"nobody.test", NL_DNS_A, ""},  /* no such name */
        {"text.test", NL_DNS_AAAA, ""}, /* no such type */
        {"mx.test", NL_DNS_MX, ""},
        {"nobody.test", NL_DNS_TXT, ""},
    };
    const struct name_server *server = *state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_answers answers = {0};
        struct nl_error err = {0};
        struct nl_buf all = {0};
        assert_ok(nl_dns_ask(server->dns, rows[i].type, rows[i].name, &answers, &err));
        if (rows[i].type == NL_DNS_TXT && answers.count == 2 &&
            strcmp(answers.items[0], "another") != 0) {
            char *first = answers.items[0]; /* texts have no order */
            answers.items[0] = answers.items[1];
            answers.items[1] = first;
        }
        for (size_t at = 0; at < answers.count; at++)
            nl_buf_addf(&all, "%s;", answers.items[at]);
        if (strcmp(nl_buf_text(&all), rows[i].expected) != 0)
            fail_msg("row %zu, %s: '%s'", i, rows[i].name, nl_buf_text(&all));
        nl_buf_free(&all);
        nl_answers_free(&answers);
    }
}

static void a_host_has_both_kinds_of_addresses(void **state) {
    const struct name_server *server = *state;
    struct nl_answers answers = {0};
    struct nl_error err = {0};
    assert_ok(nl_dns_addresses(server->dns, "mx.test", &answers, &err));
    assert_int_equal(answers.count, 2);
    assert_string_equal(answers.items[0], "192.0.2.1");
    assert_string_equal(answers.items[1], "2001:db8::1");
    nl_answers_free(&answers);
    assert_ok(nl_dns_addresses(server->dns, "2001:db8::7", &answers, &err));
    assert_int_equal(answers.count, 1);
    assert_string_equal(answers.items[0], "2001:db8::7");
    nl_answers_free(&answers);
    assert_ok(nl_dns_addresses(server->dns, "nobody.test", &answers, &err));
    assert_int_equal(answers.count, 0);
}

static void an_address_has_names(void **state) {
    const struct name_server *server = *state;
    struct nl_answers answers = {0};
    struct nl_error err = {0};
    assert_ok(nl_dns_names(server->dns, "192.0.2.1", &answers, &err));
    assert_int_equal(answers.count, 1);
    assert_string_equal(answers.items[0], "mx.test");
    nl_answers_free(&answers);
    assert_ok(nl_dns_names(server->dns, "2001:db8::1", &answers, &err));
    assert_int_equal(answers.count, 1);
    assert_string_equal(answers.items[0], "six.test");
    nl_answers_free(&answers);
    assert_ok(nl_dns_names(server->dns, "192.0.2.99", &answers, &err));
    assert_int_equal(answers.count, 0);
    assert_fails(nl_dns_names(server->dns, "mx.test", &answers, &err), NL_DATA, "'mx.test'");
    assert_fails(nl_dns_names(server->dns, "192.0.2", &answers, &err), NL_DATA, "not an IP");
}

static void a_server_that_is_not_there_is_a_temporary_failure(void **state) {
    struct nl_dns *dns = NULL;
    struct nl_answers answers = {0};
    struct nl_error err = {0};
    char servers[32];
    (void)state;
    snprintf(servers, sizeof servers, "127.0.0.1:%d", free_port());
    assert_ok(nl_dns_new(servers, &dns, &err));
    assert_fails(nl_dns_ask(dns, NL_DNS_A, "mx.test", &answers, &err), NL_TEMPFAIL, "mx.test");
    assert_int_equal(answers.count, 0);
    assert_fails(nl_dns_addresses(dns, "mx.test", &answers, &err), NL_TEMPFAIL, "mx.test");
    nl_dns_free(dns);
    nl_dns_free(NULL);
    assert_fails(nl_dns_new("not a server", &dns, &err), NL_USAGE, "not a server");
    assert_null(dns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_is_answered),
        cmocka_unit_test(a_host_has_both_kinds_of_addresses),
        cmocka_unit_test(an_address_has_names),
        cmocka_unit_test(a_server_that_is_not_there_is_a_temporary_failure),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
