/* Settings of what others hold for us: mailboxes of our own, and who sees checkpoints. */
#ifndef NEWSLETTER_CONFIG_OUTSIDE_H
#define NEWSLETTER_CONFIG_OUTSIDE_H

#include <stdbool.h>
#include <stdint.h>

/* The words of a command, with a NULL after the last. */
enum { NL_ARGUMENTS = 16 };

enum { NL_SEEDS = 16 };

/* A mailbox of our own, in which a canary looks for its copy of an issue (IMAP). */
struct nl_seed {
    char *address; /* NULL: there is none at this place */
    char *host;
    int64_t port;
    int64_t security; /* enum nl_smtp_security */
    bool verify;
    char *ca_file;
    char *username; /* the address, unless given */
    char *password_file;
    char *password_command[NL_ARGUMENTS + 1];
    char *password_env;
    char *password;    /* once nl_config_read_seed_passwords has read it */
    char *problem;     /* ... or why it cannot be read */
    char *authserv_id; /* whose Authentication-Results count; NULL: those of the topmost one */
};

/* When a canary pauses its issue. */
struct nl_canary_limits {
    int64_t wait;        /* seconds that mail to the seeds may take */
    int64_t junk;        /* how many seeds may have it in their junk folder */
    int64_t missing;     /* how many may not have it at all */
    int64_t refused;     /* per cent of the sample that may be refused */
    int64_t deferred;    /* per cent that may be deferred */
    bool authentication; /* SPF, DKIM and DMARC must not fail at a seed */
};

/* The services that see checkpoints of the ledger when they are made. */
struct nl_ledger_others {
    char *timestamp_url;     /* of an authority (RFC 3161); NULL: checkpoints have no stamp */
    char *timestamp_ca_file; /* NULL: this machine's authorities */
    char *witness_url;       /* of a witness (C2SP tlog-witness); NULL: none */
    char *witness_key;       /* "NAME+ID+KEY", its public one */
};

#endif
