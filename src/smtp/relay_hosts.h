/* The servers of a relay. relay.c makes them, relay_handle.c connects to them. */
#ifndef NL_SMTP_RELAY_HOSTS_H
#define NL_SMTP_RELAY_HOSTS_H

#include "smtp/relay_handle.h"

/* Found out by connections. */
struct host_state {
    const char *tls_failure; /* NULL: none */
    bool in_the_clear;       /* that is why */
    bool six_fails;
};

struct relay_host {
    char *url;
    char *name;
    char *password;
    struct nl_tls *tls; /* NULL: in the clear */
    const struct nl_smtp_server *server;
    /* For recipients' mail hosts: */
    struct nl_smtp_server *own;
    struct curl_slist *addresses; /* for CURLOPT_RESOLVE */
    struct host_state *state;
    enum nl_host_tls demand;
    bool has_six, has_four;
    int64_t per_connection; /* messages; 0: as the configuration says */
};

/* A relay and its branches have this together, made when it is first needed. */
struct shared {
    struct nl_resolver *resolver;
    struct nl_tls *authorities; /* that MTA-STS trusts */
};

struct nl_relay {
    const struct nl_config *config;
    struct relay_host *hosts;
    size_t count; /* of the relay itself */
    size_t all;   /* with recipients' mail hosts */
    size_t room;
    size_t borrowed; /* how many of the hosts belong to another relay */
    struct shared *shared;
    bool branch;
    struct nl_relay_trace trace;
};

/* Appends "/NAME", which libcurl greets with: NULL stands for this machine's name. */
void nl_relay_add_helo(struct nl_buf *url, const char *helo);

#endif
