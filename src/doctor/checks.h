/* What the parts of the examination share. */
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
    struct nl_answers origins; /* addresses that mail goes out from, as far as they can be told */
    struct nl_findings *out;
};

/* installation.c: files, templates, database, relay. */
enum nl_status nl_doctor_installation(struct nl_doctor *doctor, struct nl_error *err);
enum nl_status nl_doctor_relay(struct nl_doctor *doctor, struct nl_error *err);

/* Notices and answers of one list in every language. */
enum nl_status nl_doctor_templates(struct nl_doctor *doctor, const struct nl_list *list,
                                   struct nl_error *err);

/* domain.c: what the DNS says of a sender's domain and of that returned mail goes to. */
enum nl_status nl_doctor_domain(struct nl_doctor *doctor, const char *from_domain,
                                const char *envelope_domain, struct nl_error *err);

/* domain.c: names of the addresses that mail goes out from. */
enum nl_status nl_doctor_origins(struct nl_doctor *doctor, struct nl_error *err);

/* mta_sts.c: RFC 8461, for mail that comes in to `domain`, whose hosts are `hosts`. */
enum nl_status nl_doctor_mta_sts(struct nl_doctor *doctor, const char *domain,
                                 const struct nl_answers *hosts, struct nl_error *err);

#endif
