/* The dashboard and the API, for staff: a site of its own, at an address of its own. */
#ifndef NEWSLETTER_WEB_STAFF_H
#define NEWSLETTER_WEB_STAFF_H

#include "newsletter/store/staff_account.h"
#include "newsletter/web/site.h"

struct nl_staff {
    struct nl_site *site;     /* for its languages, templates and limits */
    struct nl_mailer *sender; /* sends the issues that are resumed; NULL: left to cron */
    struct nl_limit *guesses; /* of passwords and tokens, by network */
    struct nl_limit *names;   /* of passwords, by account */
};

/* Borrows both. `sender` may be set afterwards. Free with nl_staff_free. */
enum nl_status nl_staff_new(struct nl_store *store, const struct nl_config *config,
                            struct nl_staff **out, struct nl_error *err);

/* An nl_handler; `ctx` is the struct. */
enum nl_status nl_staff_handle(void *ctx, const struct nl_request *request,
                               struct nl_response *response, struct nl_error *err);

void nl_staff_free(struct nl_staff *staff);

/* ---- for the handlers ---- */

/* Who is logged in. */
struct nl_session {
    char name[NL_STAFF_NAME + 1];
    char csrf[NL_MAC_TEXT_LEN + 1]; /* what their forms prove to come from our pages by */
};

/* The pages. `path` begins with "/". */
enum nl_status nl_staff_page(struct nl_staff *staff, const struct nl_request *request,
                             const struct nl_session *session, const char *path,
                             struct nl_response *response, struct nl_error *err);

/* The same as JSON; `path` is what stands behind /api/v1/. */
enum nl_status nl_staff_api(struct nl_staff *staff, const struct nl_request *request,
                            const char *path, struct nl_response *response, struct nl_error *err);

/* Whether one more guess may be made from where a request comes. */
bool nl_staff_may_guess(struct nl_staff *staff, const struct nl_request *request,
                        struct nl_response *response);

enum nl_staff_deed { NL_DEED_DONE, NL_DEED_WITHDRAWN, NL_DEED_UNKNOWN, NL_DEED_TOO_LATE };

/* Pauses, resumes or cancels an issue in the name of `who`: NL_DEED_UNKNOWN where there is no such
 * issue or action, NL_DEED_WITHDRAWN where a scheduled one is no more, NL_DEED_TOO_LATE where its
 * state does not allow it. */
enum nl_status nl_staff_steer(struct nl_staff *staff, int64_t issue, const char *action,
                              const char *who, enum nl_staff_deed *deed, struct nl_error *err);

/* Sends the browser to another page; `path` begins with "/". */
enum nl_status nl_staff_redirect(const struct nl_staff *staff, const char *path,
                                 struct nl_response *response, struct nl_error *err);

/* A page of the dashboard's. Takes `data`. */
enum nl_status nl_staff_render(struct nl_staff *staff, const struct nl_theme *theme,
                               const char *file, json_t *data, struct nl_response *response,
                               struct nl_error *err);

#endif
