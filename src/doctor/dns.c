#include "doctor/dns.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/memory.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

enum { TIMEOUT_MILLISECONDS = 2000, TRIES = 3, ADDRESSES_LIMIT = 32 };

struct nl_dns {
    ares_channel channel;
};

enum nl_status nl_dns_new(const char *servers, struct nl_dns **out, struct nl_error *err) {
    struct ares_options options = {.timeout = TIMEOUT_MILLISECONDS, .tries = TRIES};
    struct nl_dns *dns = nl_calloc(1, sizeof *dns);
    *out = NULL;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        free(dns);
        return nl_error_nomem(err);
    }
    if (ares_init_options(&dns->channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) !=
        ARES_SUCCESS) {
        free(dns);
        return nl_error_nomem(err);
    }
    if (servers != NULL && ares_set_servers_ports_csv(dns->channel, servers) != ARES_SUCCESS) {
        nl_dns_free(dns);
        return nl_error_set(err, NL_USAGE, "'%s' is not a list of name servers", servers);
    }
    *out = dns;
    return NL_OK;
}

void nl_dns_free(struct nl_dns *dns) {
    if (dns == NULL)
        return;
    ares_destroy(dns->channel);
    free(dns);
}

void nl_answers_free(struct nl_answers *answers) {
    for (size_t i = 0; i < answers->count; i++)
        free(answers->items[i]);
    free(answers->items);
    *answers = (struct nl_answers){0};
}

static void add_answer(struct nl_answers *answers, const char *text, size_t len) {
    answers->items = nl_realloc(answers->items, (answers->count + 1) * sizeof *answers->items);
    answers->items[answers->count++] = nl_strndup(text, len);
}

/* One question whose answer is awaited. */
struct question {
    enum nl_dns_type type;
    bool names; /* PTR */
    struct nl_answers *out;
    int status;
    bool done;
};

static void add_addresses(struct question *question, const unsigned char *reply, int len) {
    struct ares_addrttl four[ADDRESSES_LIMIT];
    struct ares_addr6ttl six[ADDRESSES_LIMIT];
    char text[INET6_ADDRSTRLEN];
    int count = ADDRESSES_LIMIT;
    bool is_six = question->type == NL_DNS_AAAA;
    question->status = is_six ? ares_parse_aaaa_reply(reply, len, NULL, six, &count)
                              : ares_parse_a_reply(reply, len, NULL, four, &count);
    for (int i = 0; question->status == ARES_SUCCESS && i < count; i++) {
        inet_ntop(is_six ? AF_INET6 : AF_INET,
                  is_six ? (const void *)&six[i].ip6addr : (const void *)&four[i].ipaddr, text,
                  sizeof text);
        add_answer(question->out, text, strlen(text));
    }
}

struct host {
    int preference;
    const char *name;
};

static int by_preference(const void *a, const void *b) {
    return ((const struct host *)a)->preference - ((const struct host *)b)->preference;
}

static void add_hosts(struct question *question, const unsigned char *reply, int len) {
    enum { LIMIT = 64 };
    struct ares_mx_reply *replies = NULL;
    struct host hosts[LIMIT];
    size_t count = 0;
    question->status = ares_parse_mx_reply(reply, len, &replies);
    for (struct ares_mx_reply *at = replies; at != NULL && count < LIMIT; at = at->next)
        hosts[count++] = (struct host){at->priority, at->host};
    qsort(hosts, count, sizeof hosts[0], by_preference);
    for (size_t i = 0; i < count; i++)
        add_answer(question->out, hosts[i].name, strlen(hosts[i].name));
    ares_free_data(replies);
}

/* A record may come in several strings, which are joined (RFC 7208 section 3.3). */
static void add_texts(struct question *question, const unsigned char *reply, int len) {
    struct ares_txt_ext *strings = NULL;
    struct nl_buf record = {0};
    question->status = ares_parse_txt_reply_ext(reply, len, &strings);
    for (struct ares_txt_ext *at = strings; at != NULL; at = at->next) {
        nl_buf_add(&record, at->txt, at->length);
        if (at->next == NULL || at->next->record_start) {
            add_answer(question->out, nl_buf_text(&record), record.len);
            nl_buf_clear(&record);
        }
    }
    nl_buf_free(&record);
    ares_free_data(strings);
}

static void add_names(struct question *question, const unsigned char *reply, int len) {
    struct hostent *host = NULL;
    const struct in_addr unused = {0};
    question->status = ares_parse_ptr_reply(reply, len, &unused, sizeof unused, AF_INET, &host);
    if (question->status != ARES_SUCCESS)
        return;
    if (host->h_aliases == NULL || host->h_aliases[0] == NULL)
        add_answer(question->out, host->h_name, strlen(host->h_name));
    for (char **alias = host->h_aliases; alias != NULL && *alias != NULL; alias++)
        add_answer(question->out, *alias, strlen(*alias));
    ares_free_hostent(host);
}

static void take_reply(void *ctx, int status, int timeouts, unsigned char *reply, int len) {
    struct question *question = ctx;
    (void)timeouts;
    question->done = true;
    question->status = status;
    if (status != ARES_SUCCESS)
        return;
    if (question->names)
        add_names(question, reply, len);
    else if (question->type == NL_DNS_MX)
        add_hosts(question, reply, len);
    else if (question->type == NL_DNS_TXT)
        add_texts(question, reply, len);
    else
        add_addresses(question, reply, len);
}

static enum nl_status ask(struct nl_dns *dns, const char *name, int type, struct question *question,
                          struct nl_error *err) {
    *question->out = (struct nl_answers){0};
    ares_query(dns->channel, name, ns_c_in, type, take_reply, question);
    while (!question->done) {
        fd_set readable;
        fd_set writable;
        struct timeval wait;
        FD_ZERO(&readable);
        FD_ZERO(&writable);
        int count = ares_fds(dns->channel, &readable, &writable);
        if (count == 0)
            break;
        select(count, &readable, &writable, NULL, ares_timeout(dns->channel, NULL, &wait));
        ares_process(dns->channel, &readable, &writable);
    }
    bool none = question->status == ARES_ENOTFOUND || question->status == ARES_ENODATA;
    if (question->status == ARES_SUCCESS || none)
        return NL_OK;
    nl_answers_free(question->out);
    return nl_error_set(err, NL_TEMPFAIL, "asking the DNS for %s failed: %s", name,
                        ares_strerror(question->status));
}

enum nl_status nl_dns_ask(struct nl_dns *dns, enum nl_dns_type type, const char *name,
                          struct nl_answers *out, struct nl_error *err) {
    static const int types[] = {ns_t_a, ns_t_aaaa, ns_t_mx, ns_t_txt};
    struct question question = {.type = type, .out = out};
    return ask(dns, name, types[type], &question, err);
}

static bool is_address(const char *text) {
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

enum nl_status nl_dns_addresses(struct nl_dns *dns, const char *host, struct nl_answers *out,
                                struct nl_error *err) {
    struct nl_answers six = {0};
    *out = (struct nl_answers){0};
    if (is_address(host)) {
        add_answer(out, host, strlen(host));
        return NL_OK;
    }
    enum nl_status status = nl_dns_ask(dns, NL_DNS_A, host, out, err);
    if (status == NL_OK)
        status = nl_dns_ask(dns, NL_DNS_AAAA, host, &six, err);
    for (size_t i = 0; status == NL_OK && i < six.count; i++)
        add_answer(out, six.items[i], strlen(six.items[i]));
    nl_answers_free(&six);
    if (status != NL_OK)
        nl_answers_free(out);
    return status;
}

/* Writes the name under which an address is looked up (RFC 1035 section 3.5, RFC 3596 section 2.5).
 */
static bool reverse_name(const char *address, struct nl_buf *out) {
    unsigned char bytes[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, address, bytes) == 1) {
        nl_buf_addf(out, "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
        return true;
    }
    if (inet_pton(AF_INET6, address, bytes) != 1)
        return false;
    for (size_t i = sizeof bytes; i-- > 0;)
        nl_buf_addf(out, "%x.%x.", bytes[i] & 15, bytes[i] >> 4);
    nl_buf_adds(out, "ip6.arpa");
    return true;
}

enum nl_status nl_dns_names(struct nl_dns *dns, const char *address, struct nl_answers *out,
                            struct nl_error *err) {
    struct nl_buf name = {0};
    struct question question = {.names = true, .out = out};
    *out = (struct nl_answers){0};
    if (!reverse_name(address, &name))
        return nl_error_set(err, NL_DATA, "'%s' is not an IP address", address);
    enum nl_status status = ask(dns, name.data, ns_t_ptr, &question, err);
    nl_buf_free(&name);
    return status;
}
