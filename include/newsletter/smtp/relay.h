/* The relay: the servers that accept our mail, and how to reach them. */
#ifndef NEWSLETTER_SMTP_RELAY_H
#define NEWSLETTER_SMTP_RELAY_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"
#include "newsletter/config/config.h"

#include <stddef.h>

struct nl_relay;
struct nl_mail_host;
struct nl_resolver;

/* Makes a relay of the configured servers and reads their passwords. `config` must outlive it.
 * `password_file`, if it is not NULL, replaces the one of `smtp`. Free with nl_relay_free. */
NL_CHECKED enum nl_status nl_relay_new(const struct nl_config *config, const char *password_file,
                                       struct nl_relay **out, struct nl_error *err)
    NL_NONNULL(1, 3, 4);
void nl_relay_free(struct nl_relay *relay);

/* Where the trace of all sessions goes: `line` is called with each line. It never contains a
 * password or a part of an AUTH exchange. */
struct nl_relay_trace {
    void (*line)(const char *line, void *ctx); /* NULL: there is no trace */
    void *ctx;
};
void nl_relay_set_trace(struct nl_relay *relay, const struct nl_relay_trace *trace) NL_ALL_NONNULL;
const struct nl_relay_trace *nl_relay_trace(const struct nl_relay *relay) NL_ALL_NONNULL;

/* The same servers, for one run, which adds those of recipients to it. `relay` must outlive it. */
struct nl_relay *nl_relay_branch(const struct nl_relay *relay) NL_ALL_NONNULL;

/* Adds a mail host of recipients. It is sent to on direct.port, with TLS if it offers TLS (RFC
 * 7435), whatever its certificate says. *which is its number: they count up after the relay's. */
NL_CHECKED enum nl_status nl_relay_add_host(struct nl_relay *relay, const struct nl_mail_host *host,
                                            size_t *which, struct nl_error *err) NL_ALL_NONNULL;

/* Our own addresses that a connection to a mail host may come from, one of each family; NULL: none.
 */
struct nl_transport_from {
    const struct nl_source *six, *four;
};

/* The address that a connection to a mail host comes from: IPv6 first, unless it has failed
 * there. NULL when the host has no address of the family. */
const struct nl_source *nl_relay_source(const struct nl_relay *relay, size_t which,
                                        const struct nl_transport_from *from) NL_ALL_NONNULL;

/* IPv6 has failed at a mail host: IPv4 is used from now on, if it has an address of it. */
void nl_relay_give_up_six(const struct nl_relay *relay, size_t which) NL_ALL_NONNULL;

/* The way in which TLS with a mail host has failed so that it is sent to in the clear, as a type of
 * RFC 8460 section 4.3; "" where it has not. */
const char *nl_relay_tls_failure(const struct nl_relay *relay, size_t which) NL_ALL_NONNULL;

/* Whether a server is a mail host of recipients. */
bool nl_relay_is_host(const struct nl_relay *relay, size_t which) NL_ALL_NONNULL;

/* The resolver of this relay and its branches, which is made when it is first asked for. */
NL_CHECKED enum nl_status nl_relay_resolver(const struct nl_relay *relay, struct nl_resolver **out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* The number of the relay's own servers. They are numbered from 0. */
size_t nl_relay_count(const struct nl_relay *relay) NL_ALL_NONNULL;

/* Appends "host:port". */
void nl_relay_add_name(const struct nl_smtp_server *server, struct nl_buf *out) NL_ALL_NONNULL;

/* The same, of a server of the relay. */
const char *nl_relay_name(const struct nl_relay *relay, size_t which) NL_ALL_NONNULL;

/* The settings of a server. */
const struct nl_smtp_server *nl_relay_server(const struct nl_relay *relay,
                                             size_t which) NL_ALL_NONNULL;

/* Seconds to wait for any single reply. */
int64_t nl_relay_timeout(const struct nl_relay *relay) NL_ALL_NONNULL;

/* How many messages may be under way on one connection at once. */
int64_t nl_relay_window(const struct nl_relay *relay) NL_ALL_NONNULL;

/* How many messages one connection to a server may carry; 0 for any number. A mail host may be
 * given a number of its own, which counts where it is smaller. */
int64_t nl_relay_per_connection(const struct nl_relay *relay, size_t which) NL_ALL_NONNULL;
void nl_relay_set_per_connection(struct nl_relay *relay, size_t which,
                                 int64_t messages) NL_ALL_NONNULL;

#endif
