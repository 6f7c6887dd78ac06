/* The configuration file newsletter.yaml, read once and passed down. */
#ifndef NEWSLETTER_CONFIG_CONFIG_H
#define NEWSLETTER_CONFIG_CONFIG_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"
#include "newsletter/base/finding.h"
#include "newsletter/base/form_field.h"
#include "newsletter/base/medium.h"
#include "newsletter/config/identity.h"
#include "newsletter/config/outside.h"

#include <stdbool.h>
#include <stdint.h>

enum nl_smtp_security { NL_SMTP_STARTTLS, NL_SMTP_TLS, NL_SMTP_PLAIN };
enum nl_fetch_protocol { NL_FETCH_IMAP, NL_FETCH_POP3 };
enum nl_smtp_auth { NL_AUTH_AUTO, NL_AUTH_PLAIN, NL_AUTH_LOGIN, NL_AUTH_XOAUTH2 };

/* The mail providers whose reports we understand, and their names, NULL at the end. */
enum nl_provider {
    NL_PROVIDER_NONE,
    NL_PROVIDER_SES,
    NL_PROVIDER_SENDGRID,
    NL_PROVIDER_MAILGUN,
    NL_PROVIDER_POSTMARK,
    NL_PROVIDER_BREVO,
    NL_PROVIDER_MAILJET,
    NL_PROVIDER_SPARKPOST,
    NL_PROVIDER_OTHER, /* reports in our own form */
    NL_PROVIDERS
};
extern const char *const nl_provider_names[];

/* The rules that can choose the better of two subjects, and their names, NULL at the end. */
enum nl_subject_rule { NL_BY_DEPARTURES, NL_BY_REPLIES };
extern const char *const nl_subject_rules[];
bool nl_subject_rule_parse(const char *name, int64_t *rule) NL_ALL_NONNULL;

/* How two subjects are tested against each other. */
struct nl_subject_plan {
    int64_t share; /* per cent of the audience that receive one of the two */
    int64_t wait;  /* seconds until the rest gets the better one */
    int64_t rule;  /* enum nl_subject_rule */
};

/* The way of mail to the recipients' servers: through a relay, or from this program. */
enum nl_delivery_way { NL_BY_RELAY, NL_DIRECTLY };

/* Whether the relay gets what cannot be delivered directly. */
enum nl_fallback { NL_FALLBACK_NONE, NL_FALLBACK_RELAY };

/* Whether commands that take input from outside give up what they do not need. */
enum nl_sandbox_setting { NL_SANDBOX_AUTO, NL_SANDBOX_OFF };

enum {
    NL_RELAYS = 16,
    NL_DOMAINS = 64,
    NL_DELAYS = 20,
    NL_WARM_UP_DAYS = 90,
    NL_HOOKS = 16,
    NL_MEDIA = 20,
    NL_PROOF_GROUPS = 16,
    NL_PROOF_PEOPLE = 20, /* of one group */
    NL_ROUTES = 64,
    NL_SOURCES = 32,
    NL_PROVIDER_LIMITS = 32
};

/* People who get test mails together. */
struct nl_proof_group {
    char *name;
    char *addresses; /* with commas between them */
};

/* A relay: a server that takes our mail. */
struct nl_smtp_server {
    char *host;
    int64_t port;
    int64_t security; /* enum nl_smtp_security */
    int64_t auth;     /* enum nl_smtp_auth */
    bool verify;
    char *ca_file;
    char *username;
    char *password_file;
    char *password_command[NL_ARGUMENTS + 1];
    char *password_env;
    int64_t weight;   /* its share of the connections */
    int64_t provider; /* enum nl_provider: whose server it is */
};

/* An address of `serve` that a mail provider reports bounces and complaints to. */
struct nl_hook_config {
    char *name;       /* the last part of its path */
    int64_t provider; /* enum nl_provider */
    char *topic;      /* ses: the ARN of the SNS topic */
    char *ca_file;    /* ses: the authorities to trust; NULL: those of this machine */
    char *key;        /* sendgrid: the public key, in base64 */
    char *key_file;   /* ... or in a file */
    char *username;   /* of a basic authentication */
    char *secret_file, *secret_env;
    char *secret_command[NL_ARGUMENTS + 1];
    int64_t max_age; /* seconds: older reports are refused */
};

/* Limits for a recipient domain; 0: no limit. */
struct nl_domain_limit {
    char *domain; /* as an A-label; "*" for every domain without an entry */
    int64_t per_second;
    int64_t connections;
};

/* How mail to one domain is delivered. */
struct nl_route {
    char *domain; /* as an A-label */
    int64_t by;   /* enum nl_delivery_way */
    bool dane;    /* it gets mail by DANE alone */
};

/* An address of this machine that mail goes out from, when it is delivered directly. */
struct nl_source {
    char *address;
    char *helo;     /* its name in EHLO; NULL: that of smtp.helo */
    int64_t weight; /* its share of the connections */
    char *since;    /* the day on which its warm-up begins, "2026-12-01"; NULL: it is known */
};

/* Limits of a mailbox provider, in place of those of mailbox_providers.txt. 0: as there. */
struct nl_provider_limit {
    char *name; /* as there; "other" for all that are not there */
    int64_t connections, messages;
    int64_t per_minute, per_hour;
};

/* How many messages a provider gets on each day from an address that is new. */
struct nl_warm_up_plan {
    char *provider;                /* as above */
    int64_t days[NL_WARM_UP_DAYS]; /* up to the first 0 */
};

/* Every setting of newsletter.yaml(5), defaults filled in. Strings are owned by the configuration;
 * optional ones are NULL when unset. Paths in the file are relative to the file's folder; here they
 * are absolute or relative to the working directory. Durations are seconds. */
struct nl_config {
    char *path;                  /* the file itself, for messages */
    struct nl_findings warnings; /* of the file: what is read for now, but should be changed */
    char *database;
    char *templates; /* folder that overrides the built-in templates, or NULL */
    char *bounce_address;
    char *images_url;      /* web address of the issues' pictures, or NULL */
    bool raw_html;         /* issues may hold HTML */
    int64_t sandbox;       /* enum nl_sandbox_setting */
    char *confirm_url;     /* holds "{token}" */
    char *unsubscribe_url; /* holds "{token}" */
    char *preferences_url; /* holds "{token}", of a subscription: asks for a link to the own page */
    char *page_url;        /* holds "{token}", of such a link; NULL without serve.url */
    char *address_url;     /* holds "{token}": confirms a new address; NULL without serve.url */
    struct nl_smtp_server server;            /* `smtp`: the one relay where `relays` has none */
    struct nl_smtp_server relays[NL_RELAYS]; /* up to the first without a host */
    int64_t delivery;                        /* enum nl_delivery_way, of domains without a route */
    int64_t fallback;                        /* enum nl_fallback */
    struct nl_route routes[NL_ROUTES];       /* up to the first without a domain */
    struct {
        int64_t port;         /* of the recipients' servers; any but 25 is for tests */
        int64_t connections;  /* to the servers of one destination */
        char *allow_networks; /* private ones that those servers may be in */
        char *ca_file; /* authorities of certificates that MTA-STS demands; NULL: this machine's */
        bool tls_reports;                     /* to those who ask for them (RFC 8460) */
        struct nl_source sources[NL_SOURCES]; /* up to the first without an address */
        struct nl_provider_limit providers[NL_PROVIDER_LIMITS]; /* up to the first without a name */
        struct nl_warm_up_plan warm_up[NL_PROVIDER_LIMITS];     /* without a provider */
    } direct;
    struct {
        char *servers;      /* that are asked, "ADDRESS:PORT, ..."; NULL: from the root downwards */
        char *trust_anchor; /* a file of DS or DNSKEY records; NULL: this machine's for the root */
    } dns;
    char *backup_recipients; /* a file of public keys; NULL: backups are not encrypted */
    struct {
        char *helo;
        int64_t connections;
        int64_t timeout;
        int64_t per_connection; /* messages; 0: any number */
        int64_t window;         /* messages under way on one connection */
    } smtp;
    struct {
        int64_t per_second;                         /* messages; 0: any number */
        struct nl_domain_limit domains[NL_DOMAINS]; /* up to the first without a domain */
    } limits;
    int64_t lease; /* seconds that a lease lasts without being renewed */
    struct {
        char *since;                   /* YYYY-MM-DD, the first day */
        int64_t days[NL_WARM_UP_DAYS]; /* messages on each, up to the first 0 */
    } warm_up;
    struct {
        char *hours;    /* "22:00-07:00": no issue goes out; NULL: none */
        char *timezone; /* NULL: this machine's */
    } quiet;
    struct {
        int64_t schedule[NL_DELAYS]; /* delays in order, up to the first 0; none: see first, factor,
                                        max */
        int64_t first;
        int64_t factor;
        int64_t max;
        int64_t give_up;
    } retry;
    struct {
        int64_t expires;
        int64_t resend_interval;
        char *text_version;
    } confirmation;
    struct {
        int64_t expires; /* how long a link to the own page works */
    } preferences;
    struct {
        char *domain; /* NULL: the list's sender domain */
        char *selector;
        char *key_file;
        char *ed25519_selector;
        char *ed25519_key_file;
    } dkim;
    struct {
        char *certificate_file; /* NULL: mail has no S/MIME signature */
        char *key_file;
        char *chain_file; /* certificates between it and the authority; NULL: none */
        char *from;       /* addresses, with commas, whose mail is signed; NULL: all */
    } smime;
    struct {
        char *key_file;    /* the office's private key; NULL: issues are not signed */
        char *public_keys; /* a file; never NULL where there is a key_file */
        bool qr_code;      /* the footer of a mail has the QR code of its number */
    } signing;
    struct nl_organisation organisation; /* read it with nl_identity_of */
    struct nl_organisation *looks;       /* of the lists that differ from it */
    size_t look_count;
    struct {
        bool welcome; /* a mail after confirming */
        bool goodbye; /* a mail after unsubscribing by a link */
    } notices;
    struct {          /* newsletter serve */
        char *listen; /* "address:port" */
        char *url;    /* what people reach it by, without a final slash */
        char *user;   /* the user to become after starting as root; NULL: none */
        char *certificate;
        char *key;
        char *moved_lists;     /* "IDENTIFIER=LIST, ...": what forms of other programs name */
        char *trusted_proxies; /* networks whose X-Forwarded-For is believed */
        bool proxy_protocol;   /* they begin each connection with its header */
        char *metrics;         /* networks that may ask for /metrics */
        int64_t connections;
        int64_t joins_per_hour;    /* from one network */
        int64_t joins_per_address; /* in an hour, for one address */
        int64_t joins_in_total;    /* in an hour, for the whole installation */
        bool challenge;            /* the join form asks the browser for a proof of work */
        bool check_forms;          /* that they were shown by us, and not filled in at once */
        bool log;
        char *websub; /* the hub that feeds name; NULL: none */
    } serve;
    struct {
        char *pdf; /* the program that makes PDFs of issues; read it with nl_config_pdf */
    } archive;
    struct nl_medium
        media[NL_MEDIA];         /* to listen to on the website, up to the first without title */
    struct nl_form_fields forms; /* the attributes that visitors may set */
    struct nl_hook_config hooks[NL_HOOKS];
    size_t hook_count;
    struct {
        int64_t expires; /* how long people have to answer */
    } reconfirmation;
    struct {
        int64_t after; /* subscribers of this age are asked whether they still want the mail; 0:
                          nobody is asked */
        int64_t daily; /* at most this many a day */
    } sunset;
    struct {
        int64_t needed; /* by how many people an issue is approved before it goes out */
        char *lists;    /* "LIST=NUMBER, ...": where it is another number */
        bool own;       /* also by those who have asked or written it */
    } approval;         /* read it with nl_config_approvals */
    struct nl_proof_group proof_groups[NL_PROOF_GROUPS]; /* up to the first without a name */
    struct {
        int64_t grace; /* seconds in which "now" in the browser can be taken back */
    } send;
    struct nl_subject_plan subject_test; /* unless `send` is told otherwise */
    struct nl_seed seeds[NL_SEEDS];      /* up to the first without an address */
    struct nl_canary_limits canary;
    struct nl_ledger_others audit;
    struct { /* how many seconds data is kept; 0: for ever. See struct nl_retention */
        int64_t events;
        int64_t links;
        int64_t ips;
        int64_t ended;
        int64_t unconfirmed; /* sign-ups, after their last link has expired */
        int64_t messages;    /* transactional ones, after they were sent or given up */
        int64_t reports;     /* what DMARC and TLS reports say, by the day they are about */
        int64_t deliveries;  /* of an issue, after it has ended */
    } retention;
    struct {                  /* programs that are told what happens */
        char *allow_networks; /* private ones that they may be in, as nl_networks_parse reads */
    } webhooks;
    struct {                 /* the dashboard and the API, in `newsletter serve` */
        char *listen;        /* "address:port"; NULL: there is none */
        char *url;           /* what people reach it by, without a final slash */
        bool proxy_protocol; /* as serve.proxy_protocol */
        char *certificate;
        char *key;
        int64_t session;          /* seconds that a login lasts */
        int64_t calls_per_minute; /* of the API, by one token; 0: no limit */
    } staff;
    struct {          /* logging in by an identity provider (OpenID Connect) */
        char *issuer; /* NULL: there is none */
        char *client_id;
        char *client_secret_file;
        char *client_secret_command[NL_ARGUMENTS + 1];
        char *claim;          /* whose value names the account */
        char *domain;         /* with the claim "email": of the addresses that do */
        char *role;           /* of accounts that are made at the first login; NULL: none is */
        char *label;          /* of the provider, on the page for logging in */
        char *ca_file;        /* NULL: the authorities of this machine */
        char *allow_networks; /* private ones that addresses of other hosts may be in */
    } openid;
    struct { /* points and seconds: see struct nl_bounce_policy */
        int64_t hard;
        int64_t soft;
        int64_t limit;
        int64_t half_life;
        int64_t interval;
        int64_t keep;         /* how long the text of understood messages stays */
        int64_t keep_unknown; /* and of the others */
    } bounce;
    struct {              /* the mailbox that bounces go to */
        int64_t protocol; /* enum nl_fetch_protocol */
        char *host;       /* NULL: nothing is fetched */
        int64_t port;
        int64_t security; /* enum nl_smtp_security */
        bool verify;
        char *ca_file;
        char *username;
        char *password_file;
        char *password_command[NL_ARGUMENTS + 1];
        char *password_env;
        char *folder;    /* IMAP */
        char *processed; /* IMAP: where understood messages go */
        char *unknown;   /* IMAP: where the others go */
    } fetch;
};

/* Reads and checks `path`. A file that others may write to is refused. Free with nl_config_free,
 * also after a failure. */
NL_CHECKED enum nl_status nl_config_read(const char *path, struct nl_config *out,
                                         struct nl_error *err) NL_NONNULL(2, 3);

/* Reads the passwords of the seeds, which a process does before it gives up the right to run
 * programs. A failure is kept for the look at the mailbox. */
void nl_config_read_seed_passwords(struct nl_config *config) NL_ALL_NONNULL;

/* The program that makes PDFs of issues, and its whole path; NULL where there are none. */
enum nl_pdf { NL_PDF_NONE, NL_PDF_WEASYPRINT, NL_PDF_CHROMIUM };
enum nl_pdf nl_config_pdf(const struct nl_config *config, const char **program) NL_ALL_NONNULL;

/* How many people have to approve an issue of a list before it goes out: 0, 1 or 2. */
int64_t nl_config_approvals(const struct nl_config *config, const char *list) NL_ALL_NONNULL;

/* The addresses of a proof group; NULL for an unknown name. */
const char *nl_config_proof_group(const struct nl_config *config, const char *name) NL_ALL_NONNULL;

/* Takes the next of them, which is put in place of what `out` has; false at the end. */
bool nl_config_proof_next(const char **addresses, struct nl_buf *out) NL_ALL_NONNULL;

/* The relays, at least one: `relays`, else `smtp`. */
const struct nl_smtp_server *nl_config_relays(const struct nl_config *config,
                                              size_t *count) NL_ALL_NONNULL;

/* Whether anything is delivered directly, and whether anything goes through the relay; and how mail
 * to a domain (an A-label) goes. */
bool nl_config_is_direct(const struct nl_config *config) NL_ALL_NONNULL;
bool nl_config_uses_relay(const struct nl_config *config) NL_ALL_NONNULL;
enum nl_delivery_way nl_config_way(const struct nl_config *config,
                                   const char *domain) NL_ALL_NONNULL;

/* Whether mail to a domain demands DANE (RFC 7672) of each mail host, as routes has it. */
bool nl_config_needs_dane(const struct nl_config *config, const char *domain) NL_ALL_NONNULL;

/* The number of source addresses; 0: mail goes out from the address that the kernel chooses. */
size_t nl_config_sources(const struct nl_config *config) NL_ALL_NONNULL;

/* The URL, with "{token}", of the link that notices of a kind carry, and for how many seconds it
 * works. Kinds without a link have those of a confirmation. NULL where there is no such page. */
const char *nl_config_link_url(const struct nl_config *config, const char *kind) NL_ALL_NONNULL;
int64_t nl_config_link_lifetime(const struct nl_config *config, const char *kind) NL_ALL_NONNULL;

/* Calls `visit` with each file and folder that a setting names, except the database. */
typedef void nl_config_visit_path(const char *path, void *ctx);
void nl_config_each_path(const struct nl_config *config, nl_config_visit_path *visit, void *ctx)
    NL_NONNULL(1, 2);

void nl_config_free(struct nl_config *config);

#endif
