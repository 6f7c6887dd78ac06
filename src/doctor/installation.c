#include "doctor/checks.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/file.h"
#include "newsletter/base/network.h"
#include "newsletter/bulletin/answer.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/dkim/dkim.h"
#include "newsletter/smtp/relay.h"
#include "newsletter/smtp/transport.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/prune.h"
#include "newsletter/store/unclean.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { PATIENCE_SECONDS = 60, OVERDUE_SECONDS = 3600 };

static void error_finding(struct nl_doctor *doctor, const char *rule, struct nl_error *err) {
    nl_findings_add_error(doctor->out, NL_LEVEL_ERROR, rule, err);
}

/* ---- files ---- */

/* Whether the file would still be exposed if only its group could read it, not everybody. */
static bool exposes_to_group(const char *path, struct stat info) {
    info.st_mode &= ~(mode_t)S_IRWXO;
    return nl_file_is_exposed(path, &info);
}

/* Secrets must not be readable by other users of this machine. */
static void examine_secret(struct nl_doctor *doctor, const char *what, const char *path) {
    struct stat info;
    if (path == NULL)
        return;
    if (stat(path, &info) != 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "files", NULL, "%s %s cannot be read", what,
                        path);
    else if (S_ISREG(info.st_mode) && nl_file_is_exposed(path, &info))
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "files", NULL,
                        "%s %s may be read by others: %s", what, path,
                        exposes_to_group(path, info) ? "chmod 600 it" : "chmod o-rwx it");
}

static void examine_files(struct nl_doctor *doctor) {
    const struct nl_config *config = doctor->config;
    struct stat info;
    size_t before = doctor->out->count;
    if (nl_store_is_file(config->database))
        examine_secret(doctor, "the database", config->database);
    else if (nl_store_has_password(config->database))
        examine_secret(doctor, "the password of the database in", config->path);
    size_t count = 0;
    const struct nl_smtp_server *relays = nl_config_relays(config, &count);
    for (size_t i = 0; i < count; i++)
        examine_secret(doctor, "password_file", relays[i].password_file);
    examine_secret(doctor, "fetch.password_file", config->fetch.password_file);
    for (size_t i = 0; i < config->hook_count; i++)
        examine_secret(doctor, "secret_file", config->hooks[i].secret_file);
    if (config->templates != NULL && stat(config->templates, &info) == 0 &&
        (info.st_mode & S_IWOTH) != 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "files", NULL,
                        "the templates folder %s can be written to by anybody: chmod o-w it",
                        config->templates);
    nl_doctor_disk(doctor);
    if (doctor->out->count == before)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "files", NULL,
                        "nobody else can read the database and the secrets");
}

static void examine_key(struct nl_doctor *doctor, const char *path, const char *selector) {
    struct nl_dkim_key *key = NULL;
    struct nl_error err = {0};
    if (path != NULL && nl_dkim_key_read(path, "example.org", selector, &key, &err) != NL_OK)
        error_finding(doctor, "dkim", &err);
    nl_dkim_key_free(key);
}

/* ---- configuration ---- */

static void examine_url(struct nl_doctor *doctor, const char *name, const char *url) {
    if (url == NULL)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "config", NULL,
                        NL_TEXT("%s is not set, and no mail goes out without it"), name);
    else if (strncasecmp(url, "https://", 8) != 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "config", NULL,
                        NL_TEXT("%s is not https: its tokens can be read in transit, and one-click "
                                "unsubscription (RFC 8058) needs it"),
                        name);
}

static void examine_security(struct nl_doctor *doctor, const struct nl_smtp_server *relay) {
    if (nl_host_is_loopback(relay->host))
        return;
    if (relay->security == NL_SMTP_PLAIN)
        nl_findings_add(
            doctor->out, NL_LEVEL_ERROR, "config", NULL,
            NL_TEXT("security: none sends all mail to %s in the clear: use starttls or tls"),
            relay->host);
    else if (!relay->verify)
        nl_findings_add(
            doctor->out, NL_LEVEL_ERROR, "config", NULL,
            NL_TEXT("verify: false lets anybody pose as %s: name its authority as ca_file instead"),
            relay->host);
}

static void examine_config(struct nl_doctor *doctor) {
    const struct nl_config *config = doctor->config;
    size_t before = doctor->out->count;
    examine_url(doctor, "confirm_url", config->confirm_url);
    examine_url(doctor, "unsubscribe_url", config->unsubscribe_url);
    size_t count = 0;
    const struct nl_smtp_server *relays = nl_config_relays(config, &count);
    bool replaced = true; /* each relay has a return path of its own */
    for (size_t i = 0; i < count; i++) {
        examine_security(doctor, &relays[i]);
        replaced = replaced && relays[i].provider != NL_PROVIDER_NONE;
    }
    if (config->bounce_address == NULL && !replaced)
        nl_findings_add(
            doctor->out, NL_LEVEL_WARNING, "config", NULL,
            NL_TEXT("bounce_address is not set: bounces cannot be assigned to anybody, and dead "
                    "addresses stay on the list"));
    examine_key(doctor, config->dkim.key_file, config->dkim.selector);
    examine_key(doctor, config->dkim.ed25519_key_file, config->dkim.ed25519_selector);
    if (doctor->out->count == before)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "config", NULL, "%s is in order", config->path);
}

/* ---- database ---- */

static enum nl_status examine_database(struct nl_doctor *doctor, struct nl_error *err) {
    struct nl_buf problem = {0};
    enum nl_status status = nl_store_examine(doctor->store, &problem, err);
    if (status == NL_IO) {
        error_finding(doctor, "database", err);
        status = NL_OK;
    } else if (status == NL_OK && problem.len > 0) {
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "database", NULL,
                        "the database is damaged (%s): restore it from a backup",
                        nl_buf_text(&problem));
    } else if (status == NL_OK) {
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "database", NULL, "%s is undamaged",
                        nl_store_name(doctor->store));
    }
    nl_buf_free(&problem);
    return status;
}

/* Addresses, names and attributes from before invisible characters were refused. */
static enum nl_status examine_values(struct nl_doctor *doctor, struct nl_error *err) {
    struct nl_unclean unclean = {0};
    enum nl_status status = nl_unclean_examine(doctor->store, false, &unclean, err);
    int64_t addresses = unclean.addresses + unclean.suppressions;
    if (status == NL_OK && addresses > 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "invisible", NULL,
                        "%lld addresses, %lld of them suppressed, hold invisible characters, such "
                        "as '%s': 'newsletter doctor --repair' removes them",
                        (long long)addresses, (long long)unclean.suppressions,
                        nl_buf_text(&unclean.shown));
    if (status == NL_OK && unclean.texts > 0)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "invisible", NULL,
                        "the name or an attribute of %lld subscribers holds invisible characters: "
                        "'newsletter doctor --repair' removes them",
                        (long long)unclean.texts);
    nl_unclean_free(&unclean);
    return status;
}

static enum nl_status repair_values(struct nl_doctor *doctor, struct nl_error *err) {
    struct nl_unclean unclean = {0};
    enum nl_status status = nl_unclean_examine(doctor->store, true, &unclean, err);
    if (status == NL_OK && unclean.addresses + unclean.suppressions + unclean.texts > 0)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "repair", NULL,
                        "invisible characters were removed from %lld addresses and from the data "
                        "of %lld subscribers; %lld people who were stored twice were merged",
                        (long long)(unclean.addresses + unclean.suppressions - unclean.left),
                        (long long)unclean.texts, (long long)unclean.merged);
    nl_unclean_free(&unclean);
    return status;
}

/* The totals of issues are kept as deliveries change; by hand one can change either alone. */
static enum nl_status examine_totals(struct nl_doctor *doctor, struct nl_error *err) {
    int64_t wrong = 0;
    enum nl_status status = nl_issue_totals_examine(doctor->store, false, &wrong, err);
    if (status == NL_OK && wrong > 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "totals", NULL,
                        "the totals kept of %s differ from the deliveries: 'newsletter doctor "
                        "--repair' counts again",
                        wrong == 1 ? "an issue" : "several issues");
    return status;
}

static enum nl_status repair_totals(struct nl_doctor *doctor, struct nl_error *err) {
    int64_t wrong = 0;
    enum nl_status status = nl_issue_totals_examine(doctor->store, true, &wrong, err);
    if (status == NL_OK && wrong > 0)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "repair", NULL,
                        "the totals of %s agree with the deliveries again",
                        wrong == 1 ? "an issue" : "several issues");
    return status;
}

/* ---- issues that are being sent ---- */

static enum nl_status examine_due(struct nl_doctor *doctor, int64_t issue, const char *what,
                                  struct nl_error *err) {
    int64_t due = 0;
    int64_t now = nl_store_now(doctor->store);
    enum nl_status status = nl_delivery_next_due(doctor->store, issue, &due, err);
    if (status == NL_OK && due > 0 && now - due > OVERDUE_SECONDS)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "retry", NULL,
                        "deferred mail of %s has been due for %lld minutes: let cron run "
                        "'newsletter retry' (contrib/crontab, contrib/systemd)",
                        what, (long long)(now - due) / 60);
    return status;
}

static enum nl_status examine_issue(const struct nl_issue *issue, void *ctx, struct nl_error *err) {
    struct nl_doctor *doctor = ctx;
    if (issue->state == NL_ISSUE_PAUSED)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "paused", NULL,
                        "issue %s is paused (%s): fix the cause, then run 'newsletter resume %s'",
                        issue->slug, issue->pause_note != NULL ? issue->pause_note : "no reason",
                        issue->slug);
    return issue->state == NL_ISSUE_SENDING ? examine_due(doctor, issue->id, issue->slug, err)
                                            : NL_OK;
}

/* ---- repairs ---- */

static void make_private(struct nl_doctor *doctor, const char *path) {
    struct stat info;
    if (path != NULL && lstat(path, &info) == 0 && S_ISREG(info.st_mode) &&
        nl_file_is_exposed(path, &info) &&
        chmod(path, exposes_to_group(path, info) ? 0600 : info.st_mode & 0770) == 0)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "repair", NULL, "others can no longer read %s",
                        path);
}

/* Repairs come first, so that the findings that follow are the ones that remain. */
static enum nl_status repair(struct nl_doctor *doctor, struct nl_error *err) {
    const struct nl_config *config = doctor->config;
    size_t count = 0;
    const struct nl_smtp_server *relays = nl_config_relays(config, &count);
    if (nl_store_is_file(config->database))
        make_private(doctor, config->database);
    make_private(doctor, config->fetch.password_file);
    for (size_t i = 0; i < count; i++)
        make_private(doctor, relays[i].password_file);
    enum nl_status status = nl_store_repair(doctor->store, err);
    if (status == NL_IO) {
        error_finding(doctor, "repair", err);
        return NL_OK;
    }
    if (status == NL_OK)
        nl_findings_add(
            doctor->out, NL_LEVEL_GOOD, "repair", NULL,
            "indexes were rebuilt, and notices that a crashed run had left are queued again");
    if (status == NL_OK)
        status = repair_totals(doctor, err);
    return status == NL_OK ? repair_values(doctor, err) : status;
}

enum nl_status nl_doctor_installation(struct nl_doctor *doctor, struct nl_error *err) {
    if (doctor->examination->repair) {
        enum nl_status mended = repair(doctor, err);
        if (mended != NL_OK)
            return mended;
    }
    examine_config(doctor);
    examine_files(doctor);
    nl_doctor_placeholders(doctor);
    nl_doctor_hooks(doctor);
    enum nl_status status = examine_database(doctor, err);
    if (status == NL_OK)
        status = examine_values(doctor, err);
    if (status == NL_OK)
        status = examine_totals(doctor, err);
    if (status == NL_OK)
        status = nl_issue_each(doctor->store, NL_ISSUE_ANY, examine_issue, doctor, err);
    return status == NL_OK ? examine_due(doctor, 0, "the queue of notices", err) : status;
}

void nl_doctor_settings(struct nl_doctor *doctor) {
    examine_config(doctor);
    nl_doctor_disk(doctor);
    nl_doctor_placeholders(doctor);
}

/* ---- templates ---- */

struct texts {
    struct nl_doctor *doctor;
    const struct nl_list *list;
    size_t languages;
};

static enum nl_status compose_all(const char *language, void *ctx, struct nl_error *err) {
    struct texts *texts = ctx;
    struct nl_doctor *doctor = texts->doctor;
    struct nl_buf out = {0};
    enum nl_status status = NL_OK;
    texts->languages++;
    for (const char *const *kind = nl_notice_kinds; status == NL_OK && *kind != NULL; kind++) {
        nl_buf_clear(&out);
        if (nl_config_link_url(doctor->config, *kind) == NULL)
            continue; /* this installation has no such page */
        status = nl_notice_compose(*kind, language, texts->list, doctor->config, &out, err);
    }
    if (status == NL_OK)
        status = nl_answer_compose(NL_ANSWER_CONFIRMED, language, texts->list, doctor->config, true,
                                   &out, err);
    nl_buf_free(&out);
    return status;
}

enum nl_status nl_doctor_templates(struct nl_doctor *doctor, const struct nl_list *list,
                                   struct nl_error *err) {
    struct texts texts = {doctor, list, 0};
    if (doctor->config->confirm_url == NULL || doctor->config->unsubscribe_url == NULL)
        return NL_OK; /* reported already */
    enum nl_status status = nl_catalog_each(doctor->config->templates, compose_all, &texts, err);
    if (status == NL_OK)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "templates", NULL,
                        "the mails of list %s compose in %zu languages", list->name,
                        texts.languages);
    if (status == NL_OK || status == NL_OS)
        return status;
    nl_error_context(err, "list %s", list->name);
    error_finding(doctor, "templates", err);
    return NL_OK;
}

/* ---- relay ---- */

static void tell_relay(struct nl_doctor *doctor, size_t which,
                       const struct nl_extensions *extensions) {
    static const char *const security[] = {"STARTTLS", "TLS", "no encryption"};
    const struct nl_smtp_server *server = nl_relay_server(doctor->relay, which);
    const char *name = nl_relay_name(doctor->relay, which);
    nl_findings_add(
        doctor->out, NL_LEVEL_GOOD, "relay", NULL, "%s takes our mail (%s%s%s%s%s%s)", name,
        security[server->security], server->username != NULL ? ", logged in as " : "",
        server->username != NULL ? server->username : "",
        extensions->pipelining ? ", PIPELINING" : "", extensions->chunking ? ", CHUNKING" : "",
        extensions->smtputf8 ? ", SMTPUTF8" : "");
    if (!extensions->smtputf8)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "relay", NULL,
                        "%s does not offer SMTPUTF8: mail to addresses with non-ASCII letters "
                        "before the @ will fail",
                        name);
}

static enum nl_status examine_relay(struct nl_doctor *doctor, size_t which, struct nl_error *err) {
    struct nl_transport *transport = NULL;
    struct nl_transport_event event = {0};
    size_t connection = 0;
    bool done = false;
    int64_t end = nl_env_now(&nl_env_system) + PATIENCE_SECONDS;
    enum nl_status status = nl_transport_new(doctor->relay, 1, &transport, err);
    if (status == NL_OK && !nl_transport_connect_to(transport, which, NULL))
        status = nl_error_nomem(err);
    while (status == NL_OK && !done && nl_env_now(&nl_env_system) < end) {
        nl_transport_wait(transport, 200);
        if (nl_transport_idle(transport, &connection)) {
            tell_relay(doctor, which, nl_transport_extensions(transport, connection));
            done = true;
        } else if (nl_transport_next(transport, &event)) {
            nl_findings_add(doctor->out, NL_LEVEL_ERROR, "relay", NULL, "%s",
                            event.text != NULL ? event.text : "the relay refuses us");
            done = true;
        }
    }
    if (status == NL_OK && !done)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "relay", NULL,
                        "%s does not answer within %d seconds", nl_relay_name(doctor->relay, which),
                        PATIENCE_SECONDS);
    nl_transport_free(transport);
    return status;
}

enum nl_status nl_doctor_relay(struct nl_doctor *doctor, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < nl_relay_count(doctor->relay); i++)
        status = examine_relay(doctor, i, err);
    return status;
}

enum nl_status nl_doctor_relays(const struct nl_relay *relay, struct nl_findings *out,
                                struct nl_error *err) {
    struct nl_doctor doctor = {.relay = relay, .out = out};
    return nl_doctor_relay(&doctor, err);
}
