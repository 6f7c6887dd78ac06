/* The data that issues and notices have in common: the sender's identity and the addresses of its
 * pages, for the templates. */
#ifndef NL_BULLETIN_MAIL_DATA_H
#define NL_BULLETIN_MAIL_DATA_H

#include "bulletin/enclosure.h"
#include "newsletter/config/config.h"
#include "newsletter/store/list.h"
#include "newsletter/template/theme.h"

#include <jansson.h>

/* Adds to data of nl_data_new: the identity (nl_data_identity), the logo that suits the ground of
 * the design's masthead, which becomes one of `enclosures`, and addresses that the list leaves to
 * serve.url. `language` is that of the mail. */
enum nl_status nl_mail_data(const struct nl_config *config, const struct nl_list *list,
                            const struct nl_identity *identity, const char *language,
                            struct nl_enclosures *enclosures, json_t *data, struct nl_error *err);

/* Appends the address of the list's archive: its own, or the one below serve.url. Nothing for a
 * list that has none. */
void nl_mail_archive_url(const struct nl_config *config, const struct nl_list *list,
                         struct nl_buf *out);

/* Appends the address of an issue's page below serve.url. `language` is that of another edition
 * than the issue's own, else NULL. Nothing where there is no such page. */
void nl_mail_issue_url(const struct nl_config *config, const struct nl_list *list, const char *slug,
                       const char *language, struct nl_buf *out);

#endif
