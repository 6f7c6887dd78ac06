/* SMTP TLS reports (RFC 8460): once a day, to domains that ask for them. */
#ifndef NEWSLETTER_DELIVERY_TLS_REPORTS_H
#define NEWSLETTER_DELIVERY_TLS_REPORTS_H

#include "newsletter/delivery/service.h"

/* Sends reports of days that are over, of a bounded number of domains; the next call goes on. Mails
 * are queued with those to staff, which are tried again; https: is posted to here, and tried again
 * by later calls for a day. */
NL_CHECKED enum nl_status nl_tls_reports_send(const struct nl_service *service,
                                              struct nl_error *err) NL_ALL_NONNULL;

#endif
