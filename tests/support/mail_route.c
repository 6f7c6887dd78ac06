/* Looks up the routes of domains, all at once: mail-route SERVERS ANCHOR NETWORKS DOMAIN... An
 * empty word is a setting that is not set. Each line of the output is a domain with its route as
 * JSON. */
#include "newsletter/resolve/resolver.h"

#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const states[] = {"found", "none", "later"};

static json_t *host_json(const struct nl_mail_host *host) {
    json_t *addresses = json_array();
    for (size_t i = 0; i < host->address_count; i++) {
        char text[NL_IP_TEXT];
        nl_ip_text(&host->addresses[i], text);
        json_array_append_new(addresses, json_string(text));
    }
    return json_pack("{s:s, s:i, s:b, s:o}", "name", host->name, "preference", host->preference,
                     "secure", host->secure, "addresses", addresses);
}

static void print_route(const struct nl_mail_route *route, void *ctx) {
    json_t *hosts = json_array();
    for (size_t i = 0; i < route->host_count; i++)
        json_array_append_new(hosts, host_json(&route->hosts[i]));
    json_t *line =
        json_pack("{s:s, s:s, s:o, s:b, s:b, s:I, s:s, s:s}", "domain", (const char *)ctx, "state",
                  states[route->state], "hosts", hosts, "secure", route->secure, "no_such_domain",
                  route->no_such_domain, "ttl", (json_int_t)route->ttl, "status", route->status,
                  "text", route->text);
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static const char *setting(const char *word) {
    return word[0] != '\0' ? word : NULL;
}

int main(int argc, char **argv) {
    struct nl_resolver *resolver = NULL;
    struct nl_error err = {0};
    if (argc < 4)
        return 64;
    const struct nl_resolver_options options = {setting(argv[1]), setting(argv[2]),
                                                setting(argv[3]), 25};
    enum nl_status status = nl_resolver_new(&options, &resolver, &err);
    for (int i = 4; status == NL_OK && i < argc; i++)
        status = nl_resolver_ask(resolver, argv[i], print_route, argv[i], &err);
    while (status == NL_OK && nl_resolver_open(resolver) > 0) {
        struct pollfd ready = {.fd = nl_resolver_fd(resolver), .events = POLLIN};
        poll(&ready, 1, 1000);
        nl_resolver_step(resolver);
    }
    if (status != NL_OK)
        fprintf(stderr, "%s\n", nl_error_text(&err));
    nl_error_free(&err);
    nl_resolver_free(resolver);
    return status == NL_OK ? 0 : 1;
}
