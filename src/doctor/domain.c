#include "doctor/checks.h"
#include "doctor/spf.h"
#include "newsletter/dkim/dkim.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* An address for documentation (RFC 5737): no record should allow it to send. */
static const char nobody[] = "192.0.2.1";

/* ---- SPF ---- */

static enum nl_status judge_origin(struct nl_doctor *doctor, const char *domain, const char *origin,
                                   struct nl_error *err) {
    enum nl_spf_result result = NL_SPF_BROKEN;
    struct nl_buf why = {0};
    enum nl_status status = nl_spf_judge(doctor->dns, domain, origin, &result, &why, err);
    if (status == NL_OK && result == NL_SPF_PASS)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "spf", NULL, "SPF of %s allows %s to send",
                        domain, origin);
    else if (status == NL_OK)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "spf", NULL,
                        "SPF of %s does not allow %s, where your mail comes from: add ip%c:%s to "
                        "the record (or give the right address with --origin)",
                        domain, origin, strchr(origin, ':') != NULL ? '6' : '4', origin);
    nl_buf_free(&why);
    return status;
}

static enum nl_status examine_spf(struct nl_doctor *doctor, const char *domain,
                                  struct nl_error *err) {
    enum nl_spf_result result = NL_SPF_BROKEN;
    struct nl_buf why = {0};
    enum nl_level level = NL_LEVEL_ERROR;
    enum nl_status status = nl_spf_judge(doctor->dns, domain, nobody, &result, &why, err);
    const char *said = NULL;
    switch (result) {
    case NL_SPF_FAIL:
    case NL_SPF_SOFTFAIL:
        level = NL_LEVEL_GOOD;
        said = "allows only the servers that it names to send";
        break;
    case NL_SPF_NEUTRAL:
        level = NL_LEVEL_WARNING;
        said = "does not say who may not send: end it with ~all or -all";
        break;
    case NL_SPF_PASS:
        said = "allows everybody to send: end it with ~all or -all, without +all";
        break;
    case NL_SPF_NONE:
        said = "is missing, and large providers refuse such mail: publish a TXT record like "
               "\"v=spf1 mx ip4:ADDRESS -all\", with the addresses that mail goes out from";
        break;
    default:
        break;
    }
    if (status == NL_OK && said != NULL)
        nl_findings_add(doctor->out, level, "spf", NULL, "SPF of %s %s", domain, said);
    else if (status == NL_OK)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "spf", NULL, "SPF of %s is broken: %s", domain,
                        nl_buf_text(&why));
    bool usable = result != NL_SPF_NONE && result != NL_SPF_BROKEN && result != NL_SPF_PASS;
    for (size_t i = 0; status == NL_OK && usable && i < doctor->origins.count; i++)
        status = judge_origin(doctor, domain, doctor->origins.items[i], err);
    nl_buf_free(&why);
    return status;
}

/* ---- DKIM ---- */

/* Compares the record with the public half of our key. */
static void judge_key(struct nl_doctor *doctor, const char *name, const char *record,
                      const char *wanted) {
    struct nl_buf published = {0};
    struct nl_buf own = {0};
    struct nl_buf flags = {0};
    nl_tag_value(wanted, "p", &own);
    if (!nl_tag_value(record, "p", &published))
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "dkim", NULL,
                        "the record at %s has no key (p=): publish \"%s\"", name, wanted);
    else if (published.len == 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "dkim", NULL,
                        "the key at %s is revoked (p= is empty): publish \"%s\" or use another "
                        "selector",
                        name, wanted);
    else if (strcmp(nl_buf_text(&published), nl_buf_text(&own)) != 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "dkim", NULL,
                        "the key at %s is not the one we sign with: publish \"%s\"", name, wanted);
    else if (nl_tag_value(record, "t", &flags) && strchr(nl_buf_text(&flags), 'y') != NULL)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "dkim", NULL,
                        "the record at %s says that signing is being tested (t=y), so receivers "
                        "ignore failures: remove it",
                        name);
    else
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "dkim", NULL, "DKIM key published at %s", name);
    nl_buf_free(&published);
    nl_buf_free(&own);
    nl_buf_free(&flags);
}

static enum nl_status examine_key(struct nl_doctor *doctor, const char *path, const char *selector,
                                  const char *domain, struct nl_error *err) {
    struct nl_dkim_key *key = NULL;
    struct nl_buf name = {0};
    struct nl_buf wanted = {0};
    struct nl_answers answers = {0};
    enum nl_status status = nl_dkim_key_read(path, domain, selector, &key, err);
    if (status != NL_OK) { /* reported as a finding of the installation */
        nl_error_free(err);
        return NL_OK;
    }
    nl_buf_addf(&name, "%s._domainkey.%s", selector, domain);
    status = nl_dkim_record(key, &wanted, err);
    if (status == NL_OK)
        status = nl_doctor_txt(doctor, "", nl_buf_text(&name), &answers, err);
    if (nl_doctor_asked(doctor, "dkim", status, err)) {
        if (answers.count == 0)
            nl_findings_add(doctor->out, NL_LEVEL_ERROR, "dkim", NULL,
                            "there is no record at %s, so no signature of ours can be checked: "
                            "publish \"%s\"",
                            nl_buf_text(&name), nl_buf_text(&wanted));
        else if (answers.count > 1)
            nl_findings_add(doctor->out, NL_LEVEL_ERROR, "dkim", NULL,
                            "there are %zu records at %s: leave one", answers.count,
                            nl_buf_text(&name));
        else
            judge_key(doctor, nl_buf_text(&name), answers.items[0], nl_buf_text(&wanted));
    }
    nl_answers_free(&answers);
    nl_dkim_key_free(key);
    nl_buf_free(&name);
    nl_buf_free(&wanted);
    return nl_doctor_ended(status);
}

static enum nl_status examine_dkim(struct nl_doctor *doctor, const char *from_domain,
                                   struct nl_error *err) {
    const struct nl_config *config = doctor->config;
    const char *domain = config->dkim.domain != NULL ? config->dkim.domain : from_domain;
    const char *files[] = {config->dkim.key_file, config->dkim.ed25519_key_file};
    const char *selectors[] = {config->dkim.selector, config->dkim.ed25519_selector};
    enum nl_status status = NL_OK;
    if (files[0] == NULL && files[1] == NULL)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "dkim", NULL,
                        "mail is not signed by us, and Gmail and Yahoo want DKIM: run 'newsletter "
                        "dkim keygen', unless the relay signs for %s",
                        from_domain);
    for (int i = 0; status == NL_OK && i < 2; i++)
        if (files[i] != NULL)
            status = examine_key(doctor, files[i], selectors[i], domain, err);
    return status;
}

/* ---- MX ---- */

static enum nl_status examine_host(struct nl_doctor *doctor, const char *domain, const char *host,
                                   struct nl_error *err) {
    struct nl_answers addresses = {0};
    enum nl_status status = nl_dns_addresses(doctor->dns, host, &addresses, err);
    if (nl_doctor_asked(doctor, "mx", status, err) && addresses.count == 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "mx", NULL,
                        "the MX of %s, %s, has no address: correct the record", domain, host);
    nl_answers_free(&addresses);
    return nl_doctor_ended(status);
}

static enum nl_status examine_mx(struct nl_doctor *doctor, const char *domain, const char *what,
                                 struct nl_error *err) {
    struct nl_answers hosts = {0};
    struct nl_answers addresses = {0};
    enum nl_status status = nl_dns_ask(doctor->dns, NL_DNS_MX, domain, &hosts, err);
    if (status == NL_OK && hosts.count == 0)
        status = nl_dns_addresses(doctor->dns, domain, &addresses, err);
    if (!nl_doctor_asked(doctor, "mx", status, err))
        status = nl_doctor_ended(status);
    else if (hosts.count == 0 && addresses.count == 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "mx", NULL,
                        "%s has neither MX nor address, so %s cannot come in, and many servers "
                        "refuse mail from such a domain: publish an MX record",
                        domain, what);
    else if (hosts.count == 0)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "mx", NULL,
                        "%s has no MX, only an address: publish an MX record", domain);
    else if (hosts.items[0][0] == '\0' || strcmp(hosts.items[0], ".") == 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "mx", NULL,
                        "%s says that it takes no mail (a null MX), so %s cannot come in", domain,
                        what);
    else {
        size_t before = doctor->out->count;
        for (size_t i = 0; status == NL_OK && i < hosts.count; i++)
            status = examine_host(doctor, domain, hosts.items[i], err);
        if (status == NL_OK && doctor->out->count == before)
            nl_findings_add(doctor->out, NL_LEVEL_GOOD, "mx", NULL, "MX of %s, for %s: %s", domain,
                            what, hosts.items[0]);
        if (status == NL_OK)
            status = nl_doctor_mta_sts(doctor, domain, &hosts, err);
    }
    nl_answers_free(&hosts);
    nl_answers_free(&addresses);
    return status;
}

enum nl_status nl_doctor_domain(struct nl_doctor *doctor, const char *from_domain,
                                const char *envelope_domain, struct nl_error *err) {
    bool same = strcasecmp(from_domain, envelope_domain) == 0;
    enum nl_status status = examine_spf(doctor, envelope_domain, err);
    if (status == NL_OK)
        status = examine_dkim(doctor, from_domain, err);
    if (status == NL_OK)
        status = nl_doctor_dmarc(doctor, from_domain, err);
    if (status == NL_OK)
        status = nl_doctor_bimi(doctor, from_domain, err);
    if (status == NL_OK)
        status = examine_mx(doctor, envelope_domain, same ? "bounces and replies" : "bounces", err);
    if (status == NL_OK && !same)
        status = examine_mx(doctor, from_domain, "replies", err);
    return status;
}

/* ---- PTR ---- */

static bool contains(const struct nl_answers *answers, const char *wanted) {
    for (size_t i = 0; i < answers->count; i++)
        if (strcasecmp(answers->items[i], wanted) == 0)
            return true;
    return false;
}

/* Whether one of the names leads back to the address. */
static enum nl_status leads_back(struct nl_doctor *doctor, const struct nl_answers *names,
                                 const char *origin, bool *out, struct nl_error *err) {
    enum nl_status status = NL_OK;
    *out = false;
    for (size_t i = 0; status == NL_OK && !*out && i < names->count; i++) {
        struct nl_answers addresses = {0};
        status = nl_dns_addresses(doctor->dns, names->items[i], &addresses, err);
        *out = status == NL_OK && contains(&addresses, origin);
        nl_answers_free(&addresses);
    }
    return status;
}

static enum nl_status examine_ptr(struct nl_doctor *doctor, const char *origin,
                                  struct nl_error *err) {
    struct nl_answers names = {0};
    bool back = false;
    enum nl_status status = nl_dns_names(doctor->dns, origin, &names, err);
    if (status == NL_OK && names.count > 0)
        status = leads_back(doctor, &names, origin, &back, err);
    if (!nl_doctor_asked(doctor, "ptr", status, err))
        status = nl_doctor_ended(status);
    else if (names.count == 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "ptr", NULL,
                        "%s, where your mail comes from, has no name in the DNS (PTR), and Gmail "
                        "refuses such mail: ask your network provider for one",
                        origin);
    else if (!back)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "ptr", NULL,
                        "the name of %s is %s, which does not lead back to it: give that name the "
                        "address",
                        origin, names.items[0]);
    else
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "ptr", NULL, "%s is %s, there and back", origin,
                        names.items[0]);
    nl_answers_free(&names);
    return status;
}

enum nl_status nl_doctor_origins(struct nl_doctor *doctor, struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (doctor->origins.count == 0)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "ptr", NULL,
                        "the address that your mail comes from is not known: give it with --origin "
                        "to have SPF and its reverse name checked");
    for (size_t i = 0; status == NL_OK && i < doctor->origins.count; i++)
        status = examine_ptr(doctor, doctor->origins.items[i], err);
    return status;
}
