/* Examining an installation: its own parts, and what the DNS says about it. */
#ifndef NEWSLETTER_DOCTOR_DOCTOR_H
#define NEWSLETTER_DOCTOR_DOCTOR_H

#include "newsletter/base/finding.h"
#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/delivery/send.h"
#include "newsletter/store/list.h"

/* Zero-initialised is fine. */
struct nl_examination {
    const char *name_servers; /* "address:port,..."; NULL for the system's */
    const char *ca_file; /* an authority for the MTA-STS policy's server; NULL for the system's */
    const char *const *origins; /* addresses that our mail comes from; NULL to find them */
    size_t origin_count;
    const char *block_lists; /* "ZONE,...", or "usual"; NULL: none is asked */
    bool local;              /* ask neither relay nor DNS */
    bool repair;             /* first repair what can be repaired */
};

/* Examines configuration, templates, database, relay, and the DNS of each list's domains; each
 * finding says what to do. A failure of an examined part is a finding; only one that concerns
 * no part is an error. `relay` may be NULL: then it is not examined. */
NL_CHECKED enum nl_status nl_doctor_examine(struct nl_store *store, const struct nl_config *config,
                                            const struct nl_relay *relay,
                                            const struct nl_examination *examination,
                                            struct nl_findings *out, struct nl_error *err)
    NL_NONNULL(1, 2, 4, 5, 6);

/* Examines only what matters to a sender and takes no time: the configuration, free disk, the lock,
 * examples that were left in place. Asks neither relay nor DNS. */
NL_CHECKED enum nl_status nl_doctor_before_sending(struct nl_store *store,
                                                   const struct nl_config *config,
                                                   const struct nl_list *list,
                                                   struct nl_findings *out,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* Examines only the relays: whether each answers, and takes the login. */
NL_CHECKED enum nl_status nl_doctor_relays(const struct nl_relay *relay, struct nl_findings *out,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Examines only the DNS: of one list's domains and of the addresses that our mail comes from. */
NL_CHECKED enum nl_status nl_doctor_list(const struct nl_list *list, const struct nl_config *config,
                                         const struct nl_examination *examination,
                                         struct nl_findings *out,
                                         struct nl_error *err) NL_ALL_NONNULL;

#endif
