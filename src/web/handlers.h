/* The pages of the public website, one handler for each way to ask for one. */
#ifndef NL_WEB_HANDLERS_H
#define NL_WEB_HANDLERS_H

#include "web/page.h"

/* The function that answers one path and method. */
typedef enum nl_status nl_page_handler(struct nl_site *site, const struct nl_request *request,
                                       struct nl_response *response, struct nl_error *err);

/* front_page.c: the front page, and the page that lists the archives. */
nl_page_handler nl_front_page, nl_archives_page, nl_statement_page;

/* look_files.c: the office's public keys, and the newest checkpoint of the ledger. genuine_page.c:
 * whether a bulletin is ours. */
nl_page_handler nl_site_keys, nl_site_checkpoint, nl_genuine_page;

/* Whether a question can be answered now, which takes the thread that writes its time: a file that
 * must be decoded first is handed over by the server's own. */
bool nl_genuine_is_compared(const struct nl_site *site, const struct nl_request *request);

/* join.c */
nl_page_handler nl_join_form, nl_join;

/* Each page that a link in a mail leads to. GET shows a button and POST acts, so that a scanner
 * that follows links changes nothing. confirm_page.c, unsubscribe_page.c, address_page.c */
nl_page_handler nl_confirm_ask, nl_confirm_act;
nl_page_handler nl_unsubscribe_ask, nl_unsubscribe_act, nl_unsubscribe_undo_act;
nl_page_handler nl_address_ask, nl_address_act;

/* preferences_ask.c: asks for a link to one's own page. */
nl_page_handler nl_preferences_ask_page, nl_preferences_ask;

/* receipt_page.c: the receipts of consent, by the link of a welcome mail or of one's own page. */
nl_page_handler nl_receipt_page;

/* preferences_page.c: the page, and the actions of its buttons. */
nl_page_handler nl_preferences_page, nl_preferences_act;

/* hook_page.c: `name` is the part after NL_HOOKS_PATH. How much of a body is kept for it. */
#define NL_HOOKS_PATH "/hooks/"
enum nl_status nl_hook_page(struct nl_site *site, const struct nl_request *request,
                            const char *name, struct nl_response *response, struct nl_error *err);
size_t nl_hook_page_limit(const struct nl_site *site, const struct nl_request *request,
                          const char *name);

/* archive_pages.c: `path` is the part after /archive/. */
enum nl_status nl_site_archive(struct nl_site *site, const struct nl_request *request,
                               const char *path, struct nl_response *response,
                               struct nl_error *err);

#endif
