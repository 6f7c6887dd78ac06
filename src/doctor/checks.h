/* The examination, shared by its parts. */
#ifndef NL_DOCTOR_CHECKS_H
#define NL_DOCTOR_CHECKS_H

#include "doctor/dns.h"
#include "newsletter/doctor/doctor.h"
#include "newsletter/store/list.h"

struct nl_doctor {
    struct nl_store *store;
    const struct nl_config *config;
    const struct nl_relay *relay;
    const struct nl_examination *examination;
    struct nl_dns *dns;
    struct nl_answers origins; /* addresses that our mail comes from, if known */
    struct nl_findings *out;
    bool dmarc_enforced; /* of the domain that was examined last */
};

/* run_check.c: when work of cron and mail servers was last done. */
enum nl_status nl_doctor_runs(struct nl_doctor *doctor, struct nl_error *err);
void nl_doctor_lock(struct nl_doctor *doctor);
void nl_doctor_disk(struct nl_doctor *doctor); /* whether there is room for the database */

/* installation.c: files, templates, database, relay. */
void nl_doctor_settings(struct nl_doctor *doctor); /* what takes no time, of these */
enum nl_status nl_doctor_installation(struct nl_doctor *doctor, struct nl_error *err);
enum nl_status nl_doctor_relay(struct nl_doctor *doctor, struct nl_error *err);

/* direct_check.c: whether this machine can deliver directly. */
enum nl_status nl_doctor_direct(struct nl_doctor *doctor, struct nl_error *err);

/* source_check.c: the addresses of direct.sources. */
enum nl_status nl_doctor_sources(struct nl_doctor *doctor, struct nl_error *err);

/* direct_check.c: whether an EHLO name leads to an address. */
enum nl_status nl_doctor_helo(struct nl_doctor *doctor, const char *helo, const char *address,
                              struct nl_error *err);

/* direct_check.c: whether port 25 is open outwards; NULL: from the address that the kernel chooses.
 */
enum nl_status nl_doctor_port(struct nl_doctor *doctor, const struct nl_source *source,
                              struct nl_error *err);

/* block_list_check.c: whether block lists of the DNS have the addresses that our mail comes from.
 */
enum nl_status nl_doctor_block_lists(struct nl_doctor *doctor, struct nl_error *err);

/* placeholder_check.c: settings that still have the names of examples. */
void nl_doctor_placeholders(struct nl_doctor *doctor);
void nl_doctor_list_placeholder(struct nl_doctor *doctor, const struct nl_list *list);

/* pdf_check.c: makes a small PDF, where they are on. */
void nl_doctor_pdf(struct nl_doctor *doctor);

/* smime_check.c: the certificate for mail of one list. */
enum nl_status nl_doctor_smime(struct nl_doctor *doctor, const struct nl_list *list,
                               struct nl_error *err);

/* fetch_file.c: appends a file of an https URL, of at most `limit` bytes, fetched from an address
 * that the name servers of the examination give; its certificate is checked, and no redirect is
 * followed. A failure of the server is a text in `problem`. */
enum nl_status nl_doctor_fetch(const struct nl_doctor *doctor, const char *url, size_t limit,
                               struct nl_buf *out, struct nl_buf *problem, struct nl_error *err);

/* bimi.c: the logo that mail programs show. */
enum nl_status nl_doctor_bimi(struct nl_doctor *doctor, const char *from_domain,
                              struct nl_error *err);

/* openid_check.c: asks the identity provider, where there is one. */
void nl_doctor_openid(struct nl_doctor *doctor);

/* seed_check.c: opens the mailboxes that a canary looks into. */
void nl_doctor_seeds(struct nl_doctor *doctor);

/* hook_check.c: the reports of mail providers. */
void nl_doctor_hooks(struct nl_doctor *doctor);

/* Composes the notices and answers of one list in every language. */
enum nl_status nl_doctor_templates(struct nl_doctor *doctor, const struct nl_list *list,
                                   struct nl_error *err);

/* domain.c: checks the DNS of a sender's domain and of the domain that bounces go to. */
enum nl_status nl_doctor_domain(struct nl_doctor *doctor, const char *from_domain,
                                const char *envelope_domain, struct nl_error *err);

/* dmarc_policy.c: checks the DMARC record of `from_domain`, else that of a domain above it. */
enum nl_status nl_doctor_dmarc(struct nl_doctor *doctor, const char *from_domain,
                               struct nl_error *err);

/* reputation_check.c: what receivers have reported; and whether reports come at all, which the
 * record of `domain` asks for to be mailed to `reports` (its tag rua). */
enum nl_status nl_doctor_reputation(struct nl_doctor *doctor, struct nl_error *err);
enum nl_status nl_doctor_reports_come(struct nl_doctor *doctor, const char *domain,
                                      const char *reports, struct nl_error *err);

/* search_check.c: whether people are found by an index. */
enum nl_status nl_doctor_search(struct nl_doctor *doctor, struct nl_error *err);

/* questions.c: asks for the TXT records at `prefix` and `domain`. Free *out. */
enum nl_status nl_doctor_txt(struct nl_doctor *doctor, const char *prefix, const char *domain,
                             struct nl_answers *out, struct nl_error *err);

/* Whether the DNS answered. That it did not is a finding; the examination goes on. */
bool nl_doctor_asked(struct nl_doctor *doctor, const char *rule, enum nl_status status,
                     struct nl_error *err);

/* Only errors that no finding could describe stop the examination. */
enum nl_status nl_doctor_ended(enum nl_status status);

/* The value of a tag in "a=1; b=2" (RFC 6376 section 3.2), without white space. False if absent. */
bool nl_tag_value(const char *record, const char *tag, struct nl_buf *out);

/* Whether the first tag is the version that is asked for: "v=DMARC1; ...", also "v = DMARC1; ..."
 * (RFC 7489 section 6.4). What begins with "v=DMARC10;" is another record. */
bool nl_tag_is_record(const char *record, const char *version);

/* domain.c: checks the reverse names of the addresses that our mail comes from. */
enum nl_status nl_doctor_origins(struct nl_doctor *doctor, struct nl_error *err);

/* mta_sts.c: checks MTA-STS (RFC 8461) for incoming mail of `domain`, whose hosts are `hosts`. */
enum nl_status nl_doctor_mta_sts(struct nl_doctor *doctor, const char *domain,
                                 const struct nl_answers *hosts, struct nl_error *err);

#endif
