/* The website: what each address answers. */
#ifndef NEWSLETTER_WEB_SITE_H
#define NEWSLETTER_WEB_SITE_H

#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/list.h"
#include "newsletter/template/theme.h"
#include "newsletter/web/http.h"
#include "newsletter/web/limit.h"
#include "newsletter/web/mailer.h"

struct nl_site {
    struct nl_store *store;
    const struct nl_config *config;
    struct nl_mailer *mailer;   /* NULL: mails are left to cron */
    struct nl_limit *joins;     /* what causes mail, by network */
    struct nl_limit *addresses; /* the same, by the address it goes to */
    struct nl_buf metrics;      /* as of metrics_at: they are counted, which takes its time */
    int64_t metrics_at;
    char *prefix;            /* the path of its URL, "" or "/news" */
    struct nl_theme *themes; /* one for each language asked for so far */
    size_t theme_count;
};

/* Borrows both; `url` is what people reach it by, or NULL. `mailer` may be set afterwards. Free
 * with nl_site_free. */
enum nl_status nl_site_new(struct nl_store *store, const struct nl_config *config, const char *url,
                           struct nl_site **out, struct nl_error *err);

/* An nl_handler; `ctx` is the site. */
enum nl_status nl_site_handle(void *ctx, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err);

void nl_site_free(struct nl_site *site);

/* ---- for the handlers ---- */

/* The path of a request within the site; begins with "/". */
const char *nl_site_path(const struct nl_site *site, const struct nl_request *request);

/* The stylesheet. */
enum nl_status nl_site_style(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err);

/* The language to answer in: ?language=, the form's, the browser's, `fallback`, English. */
enum nl_status nl_site_theme(struct nl_site *site, const struct nl_request *request,
                             const char *fallback, const struct nl_theme **out,
                             struct nl_error *err);

/* The list that ?list= or the form names, or the only public one; *found false if there is none
 * such. Free *list. */
enum nl_status nl_site_list(struct nl_site *site, const struct nl_request *request, bool *found,
                            struct nl_list *list, struct nl_error *err);

/* What pages know besides their own: the list (NULL for none) and where the site is. */
json_t *nl_site_data(const struct nl_site *site, const struct nl_theme *theme,
                     const struct nl_list *list);

/* Renders a template as the answer. Takes `data`. */
enum nl_status nl_site_page(const struct nl_theme *theme, const char *file, json_t *data,
                            struct nl_response *response, struct nl_error *err);

/* An answer of one sentence (a translatable text), with a status. */
enum nl_status nl_site_say(struct nl_site *site, const struct nl_request *request, int status,
                           const char *text, struct nl_response *response, struct nl_error *err);

/* A value of the form; "" if it is not there. */
const char *nl_site_field(const struct nl_request *request, const char *name);

/* Has a notice sent, if it is not 0. */
void nl_site_wake(const struct nl_site *site, int64_t notice);

/* Whether one more thing may happen for a key; if not, *response says when. */
bool nl_site_may(struct nl_site *site, struct nl_limit *limit, const void *key, size_t len,
                 struct nl_response *response);

/* The same for the network of who asks, for what causes mail. */
bool nl_site_may_join(struct nl_site *site, const struct nl_request *request,
                      struct nl_response *response);

/* What who may not is told. */
extern const char nl_too_many[];

/* archive.c: `path` is what stands behind /archive/. */
enum nl_status nl_site_archive(struct nl_site *site, const struct nl_request *request,
                               const char *path, struct nl_response *response,
                               struct nl_error *err);

/* join.c */
enum nl_status nl_join_form(struct nl_site *site, const struct nl_request *request,
                            struct nl_response *response, struct nl_error *err);
enum nl_status nl_join(struct nl_site *site, const struct nl_request *request,
                       struct nl_response *response, struct nl_error *err);

/* preferences.c: asking for a link to one's own page, the page, and what its buttons do. */
enum nl_status nl_preferences_ask_page(struct nl_site *site, const struct nl_request *request,
                                       struct nl_response *response, struct nl_error *err);
enum nl_status nl_preferences_ask(struct nl_site *site, const struct nl_request *request,
                                  struct nl_response *response, struct nl_error *err);
enum nl_status nl_preferences_page(struct nl_site *site, const struct nl_request *request,
                                   struct nl_response *response, struct nl_error *err);
enum nl_status nl_preferences_act(struct nl_site *site, const struct nl_request *request,
                                  struct nl_response *response, struct nl_error *err);

/* leave.c: GET shows a button, POST acts, so that link scanners do nothing. */
enum nl_status nl_ask_confirm(struct nl_site *site, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err);
enum nl_status nl_do_confirm(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err);
enum nl_status nl_ask_leave(struct nl_site *site, const struct nl_request *request,
                            struct nl_response *response, struct nl_error *err);
enum nl_status nl_ask_address(struct nl_site *site, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err);
enum nl_status nl_do_address(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err);
enum nl_status nl_do_leave(struct nl_site *site, const struct nl_request *request,
                           struct nl_response *response, struct nl_error *err);

#endif
