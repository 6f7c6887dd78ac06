/* The JSON API: what its resources share. Each resource is a file, api_NAME.c, with functions of
 * struct nl_api_route; api_routes.c lists all of them. */
#ifndef NL_WEB_API_H
#define NL_WEB_API_H

#include "newsletter/service/audience.h"
#include "web/staff_common.h"

enum {
    NL_API_WORDS = 4,  /* of a path */
    NL_API_WORD = 64,  /* bytes of one */
    NL_API_PAGE = 100, /* rows of a page, unless another number is asked for */
    NL_API_PAGE_MOST = 1000,
};

struct nl_api_call;
typedef enum nl_status nl_api_handler(struct nl_api_call *call, struct nl_error *err);

/* Where the list stands that a call is about. A token that is good for some lists may make no other
 * calls. */
enum nl_api_list {
    NL_LIST_NONE,    /* it concerns all of them */
    NL_LIST_OWN,     /* the handler leaves out what the token is not good for */
    NL_LIST_PATH,    /* in the path */
    NL_LIST_ISSUE,   /* it is that of the issue in the path */
    NL_LIST_QUERY,   /* in the query, as "list" */
    NL_LIST_BODY,    /* in the body, as "list" */
    NL_LIST_EXPORT,  /* it is that of the export in the path */
    NL_LIST_DRAFT,   /* it is that of the draft in the path */
    NL_LIST_MESSAGE, /* it is that of the transactional message in the path */
};

struct nl_api_route {
    const char *method;
    const char *path; /* words with "/" between; "*" matches any one word */
    enum nl_api_scope scope;
    enum nl_api_list list;
    bool repeats; /* it makes something: an Idempotency-Key is heeded */
    nl_api_handler *run;
};
extern const struct nl_api_route nl_api_routes[]; /* `method` is NULL at the end */

/* One call. */
struct nl_api_call {
    struct nl_staff *staff;
    const struct nl_request *request;
    struct nl_response *response;
    const struct nl_api_route *route;
    struct nl_office office;
    struct nl_actor actor; /* who is asking, for the audit log */
    char client[NL_IP_TEXT];
    char words[NL_API_WORDS][NL_API_WORD + 1]; /* of the path */
    size_t count;
    int64_t id;   /* the number in the second word, where the path has one */
    json_t *body; /* an object; NULL without a body */
    struct nl_api_token token;
};

/* ---- api_answer.c ---- */

/* Answers with a JSON value, which it takes. */
enum nl_status nl_api_answer(const struct nl_api_call *call, int status, json_t *body,
                             struct nl_error *err);

/* Takes from the facts of imports or exports, one or an array, what is for pages. NULL is
 * harmless. */
void nl_api_plain_task(json_t *facts);

/* The same for {"name": value}. If `status` is a failure it is only returned. Takes `value`. */
enum nl_status nl_api_answer_named(const struct nl_api_call *call, enum nl_status status,
                                   const char *name, json_t *value, struct nl_error *err);

/* The same with a revision, as an entity tag; 304 where the caller has it. */
enum nl_status nl_api_answer_revised(const struct nl_api_call *call, int status, json_t *body,
                                     const struct nl_revision *revision, struct nl_error *err);

/* The same with the revision of the value itself. If `status` is a failure, it is answered as one.
 * Takes `value`. */
enum nl_status nl_api_answer_read(const struct nl_api_call *call, enum nl_status status, int code,
                                  json_t *value, struct nl_error *err);

/* 204. */
enum nl_status nl_api_answer_nothing(const struct nl_api_call *call);

/* RFC 9457. */
enum nl_status nl_api_problem(const struct nl_api_call *call, int status, const char *title,
                              const char *detail, struct nl_error *err);
enum nl_status nl_api_not_found(const struct nl_api_call *call, struct nl_error *err);
enum nl_status nl_api_bad_value(const struct nl_api_call *call, const char *detail,
                                struct nl_error *err);

/* 400 with what `err` says. */
enum nl_status nl_api_bad_query(const struct nl_api_call *call, struct nl_error *err);

/* Makes a problem of a failure that is the caller's: 404, 409, 422. Others are returned. */
enum nl_status nl_api_failed(const struct nl_api_call *call, enum nl_status status,
                             struct nl_error *err);

/* 412: somebody else was first. */
enum nl_status nl_api_stale(const struct nl_api_call *call, struct nl_error *err);

/* Sets Location to an address of the API: a path with one number or word. */
void nl_api_locate(const struct nl_api_call *call, const char *collection, const char *member);
void nl_api_locate_number(const struct nl_api_call *call, const char *collection, int64_t id);

/* ---- api_input.c ---- */

/* A member that a body may have: 's' text, 'z' text or null, 'i' whole number, 'b' true or false,
 * 'o' object, 'a' array. Capitals: it must be there. */
struct nl_api_member {
    const char *name;
    char type;
};

/* Reads the body of a call. False where it cannot be read: then a problem is answered, or
 * *status is a failure. */
bool nl_api_read_body(struct nl_api_call *call, enum nl_status *status, struct nl_error *err);

/* Whether an object has the members of `members` (a NULL name ends them) and no others; `where`
 * is its JSON pointer. If not, a 422 is answered. */
bool nl_api_takes(const struct nl_api_call *call, const json_t *object, const char *where,
                  const struct nl_api_member *members, enum nl_status *status,
                  struct nl_error *err);

/* A text of the body; NULL where there is none; "" for null. */
const char *nl_api_text(const json_t *object, const char *name);

/* api_rest.c: the audience of a query, and that of a body. */
struct nl_audience nl_api_asked_audience(const struct nl_api_call *call);
struct nl_audience nl_api_told_audience(const struct nl_api_call *call);

/* A number of the query, or `fallback` without one; false if it is not a number or out of range. */
bool nl_api_number(const struct nl_api_call *call, const char *name, int64_t fallback,
                   int64_t least, int64_t most, int64_t *out);

/* "limit" of the query, and "after", a cursor that an earlier page gave. False: a problem is
 * answered, or *status is a failure. The caller frees *after. */
bool nl_api_page(const struct nl_api_call *call, int64_t *limit, char **after,
                 enum nl_status *status, struct nl_error *err);

/* "limit" of the query, and "before", the id of one ("an issue"), 0 for none. False: a problem is
 * answered, whose status is in *status. */
bool nl_api_page_before(const struct nl_api_call *call, const char *one, int64_t *limit,
                        int64_t *before, enum nl_status *status, struct nl_error *err);

/* The cursor of a text, as a JSON text; null for NULL. */
json_t *nl_api_cursor(const char *text);

/* The revision that If-Match demands; `out` is empty without one, or for "*". */
void nl_api_expected(const struct nl_api_call *call, struct nl_revision *out);

/* Whether the token is good for a list. */
bool nl_api_may_list(const struct nl_api_call *call, const char *list);

/* ---- the resources ---- */

nl_api_handler nl_api_get_lists, nl_api_get_list, nl_api_get_growth, nl_api_add_list,
    nl_api_change_list, nl_api_rename_list, nl_api_reconfirm, nl_api_remove_list;
nl_api_handler nl_api_get_issues, nl_api_get_issue, nl_api_get_domains, nl_api_get_reasons,
    nl_api_get_timeline, nl_api_get_deliveries, nl_api_get_subjects, nl_api_decide_subject,
    nl_api_control_issue, nl_api_move_issue, nl_api_set_archive, nl_api_resend_issue,
    nl_api_get_rest, nl_api_send_rest, nl_api_get_notices, nl_api_get_providers;
nl_api_handler nl_api_find_subscribers, nl_api_get_subscriber, nl_api_get_history,
    nl_api_get_receipts, nl_api_add_subscriber, nl_api_add_subscribers, nl_api_change_subscriber,
    nl_api_end_subscription, nl_api_suppress_subscriber, nl_api_erase_subscriber;
nl_api_handler nl_api_get_suppressions, nl_api_add_suppression, nl_api_remove_suppression;
nl_api_handler nl_api_get_segments, nl_api_get_segment, nl_api_put_segment, nl_api_remove_segment,
    nl_api_segment_people;
nl_api_handler nl_api_get_bounces, nl_api_get_bounce, nl_api_dismiss_bounce;
nl_api_handler nl_api_get_boilerplates, nl_api_add_boilerplate, nl_api_get_boilerplate,
    nl_api_put_boilerplate, nl_api_remove_boilerplate;
nl_api_handler nl_api_get_drafts, nl_api_begin_draft, nl_api_get_draft, nl_api_remove_draft,
    nl_api_get_draft_text, nl_api_put_draft_text, nl_api_remove_draft_text, nl_api_add_draft_file,
    nl_api_remove_draft_file, nl_api_check_draft, nl_api_preview_draft, nl_api_test_draft,
    nl_api_plan_draft, nl_api_send_draft;
nl_api_handler nl_api_get_approval, nl_api_ask_approval, nl_api_answer_approval;
nl_api_handler nl_api_get_imports, nl_api_open_import, nl_api_get_import, nl_api_change_import,
    nl_api_put_import_file, nl_api_get_columns, nl_api_start_import, nl_api_cancel_import,
    nl_api_undo_import, nl_api_get_rejects;
nl_api_handler nl_api_get_exports, nl_api_start_export, nl_api_get_export, nl_api_get_export_file,
    nl_api_cancel_export;
nl_api_handler nl_api_get_messages, nl_api_send_message, nl_api_get_message;
nl_api_handler nl_api_get_events;
nl_api_handler nl_api_get_webhooks, nl_api_add_webhook, nl_api_change_webhook,
    nl_api_remove_webhook, nl_api_test_webhook, nl_api_get_webhook_log;

#endif
