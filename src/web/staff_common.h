/* Shared by the parts of the staff's site. */
#ifndef NL_WEB_STAFF_COMMON_H
#define NL_WEB_STAFF_COMMON_H

#include "newsletter/base/token.h"
#include "newsletter/service/issues.h"
#include "newsletter/service/office.h"
#include "newsletter/store/api_token.h"
#include "newsletter/store/staff_session.h"
#include "newsletter/web/staff.h"
#include "web/page.h"

enum { NL_KNOWN_NETWORKS = 256 };

struct nl_staff {
    struct nl_site *site;           /* for its languages, templates and limits */
    struct nl_mailer *sender;       /* sends the issues that are resumed; NULL: left to cron */
    struct nl_mailer *notices;      /* sends the mails that calls queue; NULL: left to cron */
    struct nl_task_worker *tasks;   /* does imports and exports; NULL: the next server does */
    struct nl_copies *copies;       /* test mails; NULL: none are sent */
    struct nl_desk_people *writers; /* who has which draft open */
    struct nl_limit *guesses;       /* of passwords and tokens, by network */
    struct nl_limit *names;         /* of passwords, by account: for networks that are new to it */
    struct nl_api_rates *rates;     /* calls of tokens */
    struct nl_staff
        *helpers[NL_SERVER_THREADS]; /* for slow requests; they share all of the above */
    size_t helper_count;
    struct nl_store *own_store;      /* of a helper */
    struct nl_progress_watch *watch; /* NULL: nobody can look on; of a helper: none */
    struct nl_onlooker *onlookers;   /* who looks on at an issue, see staff_progress.c */
    /* Where each account has logged in from, as digests; the oldest give way. */
    unsigned char known[NL_KNOWN_NETWORKS][NL_DIGEST_LEN];
    size_t known_next;
};

/* Somebody who is logged in. */
struct nl_session {
    char name[NL_STAFF_NAME + 1];
    char csrf[NL_MAC_TEXT_LEN + 1]; /* proves that a form comes from one of our pages */
    enum nl_login login;
    enum nl_role role; /* where no list is in question */
    struct nl_actor actor;
    char client[NL_IP_TEXT];
};

/* Whether one more guess may be made from the visitor's network. */
bool nl_staff_may_guess(struct nl_staff *staff, const struct nl_request *request,
                        struct nl_response *response);

/* Pauses, resumes or cancels an issue in the name of `by`. A word that is not an action is refused.
 */
enum nl_status nl_staff_control_issue(struct nl_staff *staff, int64_t issue, const char *action,
                                      const struct nl_actor *by, enum nl_action_result *result,
                                      struct nl_error *err);

/* Whether an account has a power: on a list, or with `list` NULL on all. */
enum nl_status nl_staff_may(struct nl_staff *staff, const struct nl_session *session,
                            const char *list, enum nl_power power, bool *ok, struct nl_error *err);

/* The layer, in the name of somebody who is logged in. */
struct nl_office nl_staff_office(const struct nl_staff *staff, const struct nl_session *session);

/* The name of a role in the language of the page. */
const char *nl_staff_role_label(const struct nl_theme *theme, enum nl_role role);

/* Redirects the browser to another page; `path` begins with "/". */
enum nl_status nl_staff_redirect(const struct nl_staff *staff, const char *path,
                                 struct nl_response *response, struct nl_error *err);

/* Renders a page of the dashboard. Takes `data`. */
enum nl_status nl_staff_render(struct nl_staff *staff, const struct nl_theme *theme,
                               const char *file, json_t *data, struct nl_response *response,
                               struct nl_error *err);

/* staff_login.c: the form, logging in and out, and who sends a request. */
enum nl_status nl_login_form(struct nl_staff *staff, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err);
enum nl_status nl_login(struct nl_staff *staff, const struct nl_request *request,
                        struct nl_response *response, struct nl_error *err);
enum nl_status nl_logout(struct nl_staff *staff, const struct nl_request *request,
                         struct nl_response *response, struct nl_error *err);
enum nl_status nl_login_code(struct nl_staff *staff, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err);
enum nl_status nl_login_passkey(struct nl_staff *staff, const struct nl_request *request,
                                struct nl_response *response, struct nl_error *err);
enum nl_status nl_login_session(struct nl_staff *staff, const struct nl_request *request,
                                struct nl_session *out, struct nl_error *err);
const char *nl_login_token(const struct nl_request *request);

/* Whether a request comes from somebody who is logged in: nothing large is kept for a stranger. */
bool nl_staff_is_inside(struct nl_staff *staff, const struct nl_request *request);

/* The page for logging in, with a problem (English; NULL: none). */
enum nl_status nl_login_show(struct nl_staff *staff, const struct nl_request *request,
                             const char *problem, struct nl_response *response,
                             struct nl_error *err);

/* Hands a session out to a browser that comes from the identity provider. */
enum nl_status nl_login_enter(struct nl_staff *staff, const struct nl_request *request,
                              const char *name, enum nl_login login, const struct nl_token *session,
                              struct nl_response *response, struct nl_error *err);

/* staff_openid.c: sends the browser to the identity provider, and takes it back. */
enum nl_status nl_openid_call(struct nl_staff *staff, const struct nl_request *request,
                              bool is_back, struct nl_response *response, struct nl_error *err);

/* staff_passkeys.c: puts the challenge for logging in by a passkey into the data of the login page,
 * where any account has one; logs in by the answer (NL_DATA: not this one); and on the page of an
 * account: shows its passkeys, adds one, removes one. */
struct nl_staff_call;
enum nl_status nl_passkey_offer(struct nl_staff *staff, json_t *data, struct nl_error *err);
enum nl_status nl_passkey_login_try(struct nl_staff *staff, const struct nl_request *request,
                                    char name[NL_STAFF_NAME + 1], struct nl_token *session,
                                    struct nl_error *err);
enum nl_status nl_passkeys_show(struct nl_staff_call *call, struct nl_error *err);
enum nl_status nl_passkeys_add(struct nl_staff_call *call, struct nl_error *err);
enum nl_status nl_passkeys_remove(struct nl_staff_call *call, struct nl_error *err);

/* A page for staff: its handler takes `data`, an object with what each page needs. */
struct nl_staff_call {
    struct nl_staff *staff;
    const struct nl_request *request;
    const struct nl_session *session;
    const struct nl_theme *theme;
    json_t *data;
};

/* An answer in place of a page. Both take the data of the call. */
enum nl_status nl_staff_forbidden(struct nl_staff_call *call, struct nl_response *response,
                                  struct nl_error *err);
enum nl_status nl_staff_no_page(struct nl_staff_call *call, struct nl_response *response,
                                struct nl_error *err);

/* "/7/rejected", what follows the first part of an address, is number 7 and "/rejected"; false
 * where there is no number. */
bool nl_staff_path_number(const char *rest, int64_t *id, const char **more);

/* Renders the page of a call if `status` is good; in any case its data is taken. */
enum nl_status nl_staff_finish(struct nl_staff_call *call, enum nl_status status, const char *file,
                               struct nl_response *response, struct nl_error *err);

/* A text in the language of the page, or a member of its data set to one. */
const char *nl_staff_text(const struct nl_staff_call *call, const char *text);
void nl_staff_say(const struct nl_staff_call *call, const char *member, const char *text);

/* Takes the rows of a page (NULL: none) as a member of its data; "any" says whether there are any.
 */
void nl_staff_show_rows(const struct nl_staff_call *call, const char *member, json_t *rows);

/* The text of an error, in the language of the page, as a member of its data. */
void nl_staff_explain(const struct nl_staff_call *call, const char *member,
                      const struct nl_error *err);

/* Whether an error is the visitor's to put right. Then it becomes the "problem" of the page, with
 * status 400, and is freed. */
bool nl_staff_explains(struct nl_staff_call *call, enum nl_status status,
                       struct nl_response *response, struct nl_error *err);

/* staff_rights.c: whose people an account may look after. `lists` are those on which it may, as
 * nl_office_list_names has them; `everywhere`: on all there are and will be, so that it may change
 * people as a whole. Free it. */
struct nl_people_rights {
    json_t *lists;
    bool everywhere;
};
enum nl_status nl_people_rights(struct nl_staff *staff, const struct nl_session *session,
                                struct nl_people_rights *out, struct nl_error *err);
void nl_people_rights_free(struct nl_people_rights *rights);
bool nl_people_rights_any(const struct nl_people_rights *rights);
bool nl_people_rights_on(const struct nl_people_rights *rights, const char *list);

/* Whether an account may look after people on all lists. The data of the page are freed on failure.
 */
enum nl_status nl_people_everywhere(struct nl_staff_call *call, bool *ok, struct nl_error *err);

/* staff_people_page.c: finding people, and adding one. */
enum nl_status nl_people_page(struct nl_staff_call *call, struct nl_response *response,
                              struct nl_error *err);
enum nl_status nl_people_act(struct nl_staff_call *call, struct nl_response *response,
                             struct nl_error *err);

/* Pages with a path of their own and others below it: `rest` is what follows that path, "" or
 * "/..." staff_bounces_page.c: mail that was not understood. desk_boilerplate.c: snippets and
 * templates. staff_lists_page.c: the settings of lists. staff_segments_page.c: conditions for
 * people. staff_webhooks_page.c: programs that are told. staff_messages_page.c: mails to one
 * address. staff_imports_page.c,
 * staff_exports_page.c: files of people. */
enum nl_status nl_bounces_call(struct nl_staff_call *call, const char *rest,
                               struct nl_response *response, struct nl_error *err);
enum nl_status nl_boilerplates_call(struct nl_staff_call *call, const char *rest,
                                    struct nl_response *response, struct nl_error *err);
enum nl_status nl_lists_call(struct nl_staff_call *call, const char *rest,
                             struct nl_response *response, struct nl_error *err);
enum nl_status nl_segments_call(struct nl_staff_call *call, const char *rest,
                                struct nl_response *response, struct nl_error *err);
enum nl_status nl_imports_call(struct nl_staff_call *call, const char *rest,
                               struct nl_response *response, struct nl_error *err);
enum nl_status nl_exports_call(struct nl_staff_call *call, const char *rest,
                               struct nl_response *response, struct nl_error *err);
enum nl_status nl_webhooks_call(struct nl_staff_call *call, const char *rest,
                                struct nl_response *response, struct nl_error *err);
enum nl_status nl_messages_call(struct nl_staff_call *call, const char *rest,
                                struct nl_response *response, struct nl_error *err);

/* staff_calendar_page.c: what is planned and sent, by day, and moving it. */
enum nl_status nl_calendar_page(struct nl_staff_call *call, struct nl_response *response,
                                struct nl_error *err);
enum nl_status nl_calendar_act(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err);

/* staff_issue_page.c: one issue that is sent or will be, at /issue/NUMBER. */
enum nl_status nl_issue_call(struct nl_staff_call *call, const char *rest,
                             struct nl_response *response, struct nl_error *err);

/* staff_areas.c: has one of these areas answer, or the page of a person. *found is false where the
 * path belongs to none of them; then nothing is taken. */
enum nl_status nl_staff_area(struct nl_staff_call *call, const char *path, bool *found,
                             struct nl_response *response, struct nl_error *err);

/* staff_tokens_page.c: tokens of the API. */
enum nl_status nl_tokens_page(struct nl_staff_call *call, struct nl_response *response,
                              struct nl_error *err);
enum nl_status nl_tokens_act(struct nl_staff_call *call, struct nl_response *response,
                             struct nl_error *err);

/* staff_suppressions_page.c: addresses that are never mailed. */
enum nl_status nl_suppressions_page(struct nl_staff_call *call, struct nl_response *response,
                                    struct nl_error *err);
enum nl_status nl_suppressions_act(struct nl_staff_call *call, struct nl_response *response,
                                   struct nl_error *err);

/* staff_person_page.c: one person; staff_person_act.c: what its buttons do. */
enum nl_status nl_person_page(struct nl_staff_call *call, int64_t id, struct nl_response *response,
                              struct nl_error *err);
enum nl_status nl_person_file(struct nl_staff_call *call, int64_t id, struct nl_response *response,
                              struct nl_error *err);
enum nl_status nl_person_act(struct nl_staff_call *call, int64_t id, struct nl_response *response,
                             struct nl_error *err);
/* staff_receipt_page.c: what they agreed to. */
enum nl_status nl_person_receipt(struct nl_staff_call *call, int64_t id,
                                 struct nl_response *response, struct nl_error *err);

/* staff_account_page.c: one's own password, second step and sessions. */
enum nl_status nl_account_page(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err);
enum nl_status nl_account_act(struct nl_staff_call *call, struct nl_response *response,
                              struct nl_error *err);

/* staff_accounts_page.c: all accounts, and the audit log. */
enum nl_status nl_accounts_page(struct nl_staff_call *call, struct nl_response *response,
                                struct nl_error *err);
enum nl_status nl_accounts_act(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err);
enum nl_status nl_audit_page(struct nl_staff_call *call, struct nl_response *response,
                             struct nl_error *err);
enum nl_status nl_audit_file(struct nl_staff_call *call, struct nl_response *response,
                             struct nl_error *err);

/* desk_here.c: who has which draft open. Threads share it. */
struct nl_desk_people *nl_desk_people_new(void);
void nl_desk_people_free(struct nl_desk_people *people);

/* desk_list.c: drafts, and beginning one; desk_call.c: the pages of one draft. */
enum nl_status nl_desk_list(struct nl_staff_call *call, struct nl_response *response,
                            struct nl_error *err);
enum nl_status nl_desk_begin(struct nl_staff_call *call, struct nl_response *response,
                             struct nl_error *err);
enum nl_status nl_desk_call(struct nl_staff_call *call, const char *path,
                            struct nl_response *response, struct nl_error *err);
/* desk_library.c: the files of all drafts. */
enum nl_status nl_desk_library(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err);

/* staff_pages.c: the pages. `path` begins with "/". */
enum nl_status nl_staff_page(struct nl_staff *staff, const struct nl_request *request,
                             const struct nl_session *session, const char *path,
                             struct nl_response *response, struct nl_error *err);

/* api.c: the same as JSON; `path` is the part after /api/v1/. */
enum nl_status nl_staff_api(struct nl_staff *staff, const struct nl_request *request,
                            const char *path, struct nl_response *response, struct nl_error *err);

#endif
