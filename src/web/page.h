/* Shared by the handlers of both sites: the site, its languages, and the pages they build. */
#ifndef NL_WEB_PAGE_H
#define NL_WEB_PAGE_H

#include "newsletter/base/language.h"
#include "newsletter/service/office.h"
#include "newsletter/template/theme.h"
#include "newsletter/web/site.h"
#include "web/cache.h"
#include "web/http.h"
#include "web/limit.h"
#include "web/page_state.h"

struct nl_list;

struct nl_site {
    struct nl_store *store;
    const struct nl_config *config;
    struct nl_mailer *mailer;   /* NULL: mails are left to cron */
    struct nl_hooks *hooks;     /* NULL: no provider reports to us */
    struct nl_pdfs *pdfs;       /* NULL: no PDFs of issues */
    struct nl_decoder *decoder; /* NULL: files are decoded where they are compared */
    bool is_staff;              /* the dashboard's */
    struct nl_limit *joins;     /* requests that cause mail, by network */
    struct nl_limit *addresses; /* the same, by the address it goes to */
    struct nl_limit *costly;    /* searches, and changes on the own page, by network */
    struct nl_limit *changes;   /* what subscribers do on their own page, by subscriber */
    struct nl_buf metrics;      /* as of metrics_at: counting them takes a while */
    int64_t metrics_at;
    char *prefix;             /* the path of its URL, "" or "/news" */
    struct nl_theme **themes; /* one for each catalog used so far */
    size_t theme_count;
    struct nl_cache *cache;     /* pages for everybody; NULL in the writer */
    struct nl_page_state state; /* in which they were made */
    struct nl_site *writer; /* the same site for the thread that writes: it has themes and a store
                               of its own, and borrows all else; NULL before nl_site_set_writer */
};

/* The base of what a visitor does: nobody of the staff does it. */
struct nl_office nl_site_office(const struct nl_site *site);

/* The time in seconds, by the store's clock. */
int64_t nl_site_now(const struct nl_site *site);

/* The path of a request within the site; begins with "/". */
const char *nl_site_path(const struct nl_site *site, const struct nl_request *request);

bool nl_request_is_read(const struct nl_request *request);
bool nl_request_is_post(const struct nl_request *request);

/* The language that a visitor asks for: ?language=, the form's, the browser's; "" for none. */
void nl_site_language(const struct nl_request *request, char out[NL_LANGUAGE_TAG]);

/* The language to answer in: ?language=, the form's, the browser's, `fallback`, English. Owned by
 * the site. */
enum nl_status nl_site_theme(struct nl_site *site, const struct nl_request *request,
                             const char *fallback, const struct nl_theme **out,
                             struct nl_error *err);

/* The same without the form's: staff's forms have a field of that name for the language of a list
 * or of a person, and the page that says why it was refused stays in the language of the page. */
enum nl_status nl_site_staff_theme(struct nl_site *site, const struct nl_request *request,
                                   const struct nl_theme **out, struct nl_error *err);

void nl_site_themes_free(struct nl_site *site);

/* The data that every page needs: the list (NULL for none) and where the site is. */
json_t *nl_site_data(const struct nl_site *site, const struct nl_theme *theme,
                     const struct nl_list *list);

/* Names the argument that shows the same page again, for the menu of languages. `value` holds
 * nothing that a URL would have to encode. */
void nl_site_again(json_t *data, const char *name, const char *value);

/* language_choice.c: the language that the visitor chose on an earlier page; NULL for none. */
const char *nl_language_chosen(const struct nl_request *request);

/* language_choice.c: leads a visitor who chooses a language to the same page in it, and remembers
 * the language in a cookie. False if the request chooses none. */
bool nl_language_choose(const struct nl_site *site, const struct nl_request *request,
                        struct nl_response *response);

/* Renders a template as the answer. Takes `data`. */
enum nl_status nl_site_page(const struct nl_theme *theme, const char *file, json_t *data,
                            struct nl_response *response, struct nl_error *err);

/* look_files.c: the stylesheet. */
enum nl_status nl_site_style(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err);

/* A logo of the organisation, by its path. */
enum nl_status nl_site_logo(struct nl_site *site, const struct nl_request *request,
                            struct nl_response *response, struct nl_error *err);

/* A recording of the configuration, by its path. */
enum nl_status nl_site_media(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err);

/* say.c: an answer of one sentence (a translatable text), with a status. */
enum nl_status nl_site_say(struct nl_site *site, const struct nl_request *request, int status,
                           const char *text, struct nl_response *response, struct nl_error *err);

/* The same for an address that leads nowhere. */
enum nl_status nl_site_not_found(struct nl_site *site, const struct nl_request *request,
                                 struct nl_response *response, struct nl_error *err);

/* Answers a request whose body is too large or no form; false if it is a form or empty. */
bool nl_site_refuses_body(const struct nl_request *request, struct nl_response *response);

/* A value of the form, or of the address where there is none (GET); "" if it is not there. */
const char *nl_site_asked(const struct nl_request *request, const char *name);

/* A value of the form; "" if it is not there. */
const char *nl_site_field(const struct nl_request *request, const char *name);

/* Wakes the mailer, unless `notice` is 0. */
void nl_site_wake(const struct nl_site *site, int64_t notice);

/* Whether one more thing may happen for a key; if not, *response says when. */
bool nl_site_may(struct nl_site *site, struct nl_limit *limit, const void *key, size_t len,
                 struct nl_response *response);

/* The same for the visitor's network. */
bool nl_site_may_network(struct nl_site *site, struct nl_limit *limit,
                         const struct nl_request *request, struct nl_response *response);

/* Tells a visitor who has reached a limit. */
extern const char nl_too_many[];

#endif
