#include "web/token_page.h"

#include "newsletter/base/token_find.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/template/data.h"
#include "web/join_wording.h"
#include "web/lead.h"

#include <string.h>

/* ---- finding the token ---- */

static void add_pair(const char *name, const char *value, void *ctx) {
    nl_buf_addf(ctx, "&%s=%s", name, value);
}

/* Only what is called a token: a stamp looks like one, but is not. */
static void add_token(const char *name, const char *value, void *ctx) {
    if (strcasestr(name, "token") != NULL)
        add_pair(name, value, ctx);
}

void nl_request_token(const struct nl_request *request, struct nl_token *out) {
    const char *field = nl_request_form(request, "token");
    struct nl_buf url = {0};
    struct nl_buf form = {0};
    nl_request_each_argument(request, add_pair, &url);
    nl_buf_adds(&url, nl_request_path(request));
    nl_request_each_field(request, add_token, &form);
    *out = (struct nl_token){0};
    if (!(field != NULL && nl_token_find(field, out)) && !nl_token_find(nl_buf_text(&url), out) &&
        !nl_token_find(nl_buf_text(&form), out))
        *out = (struct nl_token){0};
    nl_buf_free(&url);
    nl_buf_free(&form);
}

/* ---- pages ---- */

static bool is_bad_link(enum nl_status status) {
    return status == NL_DATA || status == NL_NOTFOUND || status == NL_EXPIRED || status == NL_USED;
}

static enum nl_status compose_page(const struct nl_site *site, const struct nl_theme *theme,
                                   enum nl_answer answer, const struct nl_list *list, json_t *data,
                                   struct nl_error *err) {
    struct nl_buf sentence = {0};
    enum nl_status status = nl_answer_compose(answer, nl_catalog_language(theme->catalog), list,
                                              site->config, false, &sentence, err);
    nl_data_set(data, "answer", nl_buf_text(&sentence));
    nl_buf_free(&sentence);
    return status;
}

static void set_text(json_t *data, const struct nl_theme *theme, const char *name,
                     const char *text) {
    nl_data_set(data, name, nl_catalog_text(theme->catalog, NULL, text));
}

/* Says that a link leads nowhere, and asks for the whole one. */
static enum nl_status show_broken(struct nl_site *site, const struct nl_request *request,
                                  const struct nl_token_page *page, struct nl_response *response,
                                  struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    nl_error_free(err);
    enum nl_status status = nl_site_theme(site, request, NULL, &theme, err);
    if (status != NL_OK)
        return status;
    json_t *data = nl_site_data(site, theme, NULL);
    nl_data_set(data, "action", page->action);
    set_text(data, theme, "button", page->button);
    status = compose_page(site, theme, NL_ANSWER_BAD_LINK, NULL, data, err);
    if (status == NL_OK)
        status = nl_site_lead(site, request, NULL, data, err);
    if (status == NL_OK)
        return nl_site_page(theme, "broken-link.html", data, response, err);
    json_decref(data);
    return status;
}

/* The subscription that a link is about, while its page is made. */
struct subject {
    struct nl_list list;
    const struct nl_theme *theme;
    json_t *data;
};

/* In the visitor's language, else the subscriber's, else the list's. */
static enum nl_status open_subject(struct nl_site *site, const struct nl_request *request,
                                   const struct nl_token_result *result, struct subject *out,
                                   struct nl_error *err) {
    enum nl_status status = nl_list_get(site->store, result->list, &out->list, err);
    const char *language = result->language[0] != '\0' ? result->language : out->list.language;
    if (status == NL_OK)
        status = nl_site_theme(site, request, language, &out->theme, err);
    if (status == NL_OK)
        out->data = nl_site_data(site, out->theme, &out->list);
    return status;
}

static enum nl_status show_subject(struct subject *subject, const char *file, enum nl_status status,
                                   struct nl_response *response, struct nl_error *err) {
    if (status == NL_OK)
        status = nl_site_page(subject->theme, file, subject->data, response, err);
    else
        json_decref(subject->data);
    nl_list_free(&subject->list);
    return status;
}

/* Tells something about a subscription, and offers what may come next. */
static enum nl_status show_answer(struct nl_site *site, const struct nl_request *request,
                                  enum nl_answer answer, const struct nl_token_result *result,
                                  struct nl_response *response, struct nl_error *err) {
    struct subject subject = {0};
    struct nl_token token;
    char text[NL_LINK_TOKEN_LEN + 1];
    enum nl_status status = open_subject(site, request, result, &subject, err);
    if (status == NL_OK)
        status = compose_page(site, subject.theme, answer, &subject.list, subject.data, err);
    if (status == NL_OK)
        status = nl_site_lead(site, request, &subject.list, subject.data, err);
    nl_request_token(request, &token);
    nl_token_link(&token, text);
    if (status == NL_OK)
        nl_site_again(subject.data, "token", text);
    if (status == NL_OK && answer == NL_ANSWER_LEFT && result->undoable) {
        json_object_set_new(subject.data, "undo", json_pack("{s:s}", "token", text));
    }
    return show_subject(&subject, "page.html", status, response, err);
}

/* Adds what the page asks, about `address`. */
static enum nl_status set_question(struct subject *subject, const struct nl_token_page *page,
                                   const char *address, struct nl_error *err) {
    struct nl_buf question = {0};
    enum nl_status status =
        nl_theme_text(subject->theme, NULL, page->question, subject->data, &question, err);
    nl_data_set(subject->data, "action", page->action);
    nl_data_set(subject->data, "question", nl_buf_text(&question));
    nl_data_set(subject->data, "address", address);
    set_text(subject->data, subject->theme, "button", page->button);
    nl_buf_free(&question);
    return status;
}

static enum nl_status show_question(struct nl_site *site, const struct nl_request *request,
                                    const struct nl_token_page *page, const char *token,
                                    const struct nl_token_result *result,
                                    struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_site_office(site);
    struct subject subject = {0};
    struct nl_buf address = {0};
    enum nl_status status = open_subject(site, request, result, &subject, err);
    if (status == NL_OK)
        status = nl_office_mask_address(&office, result, page->new_address, &address, err);
    if (status == NL_OK)
        status = set_question(&subject, page, nl_buf_text(&address), err);
    if (status == NL_OK) {
        nl_data_set(subject.data, "token", token);
        nl_site_again(subject.data, "token", token);
    }
    nl_buf_free(&address);
    return show_subject(&subject, "ask.html", status, response, err);
}

enum nl_status nl_token_wording(struct nl_site *site, const struct nl_request *request,
                                const struct nl_token_page *page, const char *token,
                                int64_t *wording, struct nl_error *err) {
    struct subject subject = {0};
    struct nl_token_result result = {0};
    struct nl_error inner = {0};
    *wording = 0;
    const struct nl_office office = nl_site_office(site);
    enum nl_status status = page->check(&office, token, &result, &inner);
    nl_error_free(&inner);
    if (status != NL_OK || result.already)
        return NL_OK; /* the action says why */
    status = open_subject(site, request, &result, &subject, err);
    if (status == NL_OK)
        status = set_question(&subject, page, NL_DIFFERS, err);
    if (status == NL_OK)
        status = nl_keep_wording(site, subject.theme, "ask.html", subject.data, wording, err);
    json_decref(subject.data);
    nl_list_free(&subject.list);
    return status;
}

enum nl_status nl_token_ask(struct nl_site *site, const struct nl_request *request,
                            const struct nl_token_page *page, struct nl_response *response,
                            struct nl_error *err) {
    struct nl_token token;
    char text[NL_LINK_TOKEN_LEN + 1];
    struct nl_token_result result = {0};
    nl_request_token(request, &token);
    nl_token_link(&token, text);
    const struct nl_office office = nl_site_office(site);
    enum nl_status status = page->check(&office, token.text, &result, err);
    if (is_bad_link(status))
        return show_broken(site, request, page, response, err);
    if (status != NL_OK)
        return status;
    return result.already ? show_answer(site, request, page->already, &result, response, err)
                          : show_question(site, request, page, text, &result, response, err);
}

enum nl_status nl_token_tell(struct nl_site *site, const struct nl_request *request,
                             const struct nl_token_page *page, enum nl_status outcome,
                             enum nl_answer good, const struct nl_token_result *result,
                             struct nl_response *response, struct nl_error *err) {
    if (is_bad_link(outcome)) {
        response->status = 404;
        return show_broken(site, request, page, response, err);
    }
    if (outcome != NL_OK)
        return outcome;
    return show_answer(site, request, result->already ? page->already : good, result, response,
                       err);
}
