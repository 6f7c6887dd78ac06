/* Questions whose answers are waited for. */
#include "newsletter/base/clock.h"
#include "resolve/lookup.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <poll.h>

enum { LONGEST_MILLISECONDS = 5000, STEP_MILLISECONDS = 100 };

struct waiting {
    struct ub_result *result; /* NULL: there is none */
    bool over;
};

/* Called by libunbound. */
static void take(void *ctx, int failure, struct ub_result *result) {
    struct waiting *waiting = ctx;
    waiting->over = true;
    waiting->result = failure == 0 ? result : NULL;
}

/* NULL where there is no answer in time, or one that DNSSEC proves wrong. Name servers are other
 * people's: libunbound alone would wait for minutes. Free with ub_resolve_free. */
static struct ub_result *ask(struct nl_resolver *resolver, const char *name, int type) {
    struct waiting waiting = {0};
    int64_t end = nl_clock_milliseconds() + LONGEST_MILLISECONDS;
    int id = 0;
    bool open = ub_resolve_async(resolver->dns, name, type, ns_c_in, &waiting, take, &id) == 0;
    while (open && !waiting.over && nl_clock_milliseconds() < end) {
        struct pollfd ready = {.fd = ub_fd(resolver->dns), .events = POLLIN};
        poll(&ready, 1, STEP_MILLISECONDS);
        open = ub_process(resolver->dns) == 0;
    }
    if (!waiting.over && id != 0)
        ub_cancel(resolver->dns, id);
    if (waiting.result == NULL || !waiting.result->bogus)
        return waiting.result;
    ub_resolve_free(waiting.result);
    return NULL;
}

enum nl_status nl_resolver_texts(struct nl_resolver *resolver, const char *name, struct nl_buf *out,
                                 struct nl_error *err) {
    struct ub_result *result = ask(resolver, name, ns_t_txt);
    enum nl_status status = NL_OK;
    if (result == NULL || (result->rcode != ns_r_noerror && result->rcode != ns_r_nxdomain))
        status = nl_error_set(err, NL_TEMPFAIL, "the DNS does not say which records %s has", name);
    for (size_t i = 0; status == NL_OK && result->havedata && result->data[i] != NULL; i++)
        nl_answer_text(result, i, out);
    ub_resolve_free(result);
    return status;
}

static enum nl_status add_addresses(struct nl_resolver *resolver, const char *host, int type,
                                    struct nl_buf *out, struct nl_error *err) {
    struct ub_result *result = ask(resolver, host, type);
    enum nl_status status = NL_OK;
    int length = type == ns_t_a ? 4 : 16;
    if (result == NULL)
        status =
            nl_error_set(err, NL_TEMPFAIL, "the DNS does not say which addresses %s has", host);
    for (size_t i = 0; status == NL_OK && result->havedata && result->data[i] != NULL; i++) {
        char text[INET6_ADDRSTRLEN];
        if (result->len[i] != length || inet_ntop(type == ns_t_a ? AF_INET : AF_INET6,
                                                  result->data[i], text, sizeof text) == NULL)
            continue;
        nl_buf_addf(out, type == ns_t_a ? "%s%s" : "%s[%s]", out->len > 0 ? "," : "", text);
    }
    ub_resolve_free(result);
    return status;
}

enum nl_status nl_resolver_addresses(struct nl_resolver *resolver, const char *host,
                                     struct nl_buf *out, struct nl_error *err) {
    enum nl_status status = add_addresses(resolver, host, ns_t_aaaa, out, err);
    if (status == NL_OK)
        status = add_addresses(resolver, host, ns_t_a, out, err);
    return status;
}
