#include "newsletter/service/approvals.h"

#include "newsletter/bulletin/staff_message.h"
#include "newsletter/service/drafts.h"
#include "newsletter/store/staff_account.h"
#include "newsletter/store/staff_mail.h"

#include <stdlib.h>
#include <string.h>

/* ---- telling ---- */

/* A mail about a draft. */
struct telling {
    const struct nl_office *office;
    const struct nl_draft *draft;
    struct nl_list list;
    const char *file, *event, *words;
    int64_t question, asked_at;
};

static enum nl_status tell(const struct telling *telling, const char *name, const char *address,
                           struct nl_error *err) {
    const struct nl_office *office = telling->office;
    const char *url = office->config->staff.url != NULL ? office->config->staff.url : "";
    struct nl_buf link = {0};
    struct nl_buf about = {0};
    struct nl_buf sender = {0};
    struct nl_buf message = {0};
    nl_buf_addf(&link, "%s/draft/%lld/approval", url, (long long)telling->draft->id);
    /* SQLite gives the id of a question that went with its draft to a later one */
    nl_buf_addf(&about, "approval %lld of %lld %s %s", (long long)telling->question,
                (long long)telling->asked_at, telling->event, name);
    json_t *data = json_pack("{s:s, s:s, s:s, s:s, s:b}", "title", telling->draft->title, "link",
                             nl_buf_text(&link), "who", office->by->name, "words", telling->words,
                             "returned", strcmp(telling->event, "return") == 0);
    const struct nl_staff_message mail = {telling->file, data, address,
                                          nl_store_now(office->store)};
    enum nl_status status = data == NULL ? nl_error_nomem(err)
                                         : nl_staff_message_compose(office->config, &telling->list,
                                                                    &mail, &sender, &message, err);
    const struct nl_staff_mail row = {.about = nl_buf_text(&about),
                                      .sender = nl_buf_text(&sender),
                                      .address = address,
                                      .message = message.data,
                                      .len = message.len};
    if (status == NL_OK)
        status = nl_staff_mail_add(office->store, &row, err);
    json_decref(data);
    nl_buf_free(&link);
    nl_buf_free(&about);
    nl_buf_free(&sender);
    nl_buf_free(&message);
    return status;
}

/* Accounts with an address, kept while mails are written. */
struct accounts {
    json_t *object; /* name: address */
};

static enum nl_status keep_account(const char *name, const char *address, void *ctx,
                                   struct nl_error *err) {
    struct accounts *accounts = ctx;
    return json_object_set_new(accounts->object, name, json_string(address)) == 0
               ? NL_OK
               : nl_error_nomem(err);
}

static enum nl_status tell_approvers(const struct telling *telling, struct nl_error *err) {
    const struct nl_office *office = telling->office;
    struct accounts accounts = {json_object()};
    const char *name = NULL;
    json_t *address = NULL;
    enum nl_status status = nl_staff_addresses(office->store, keep_account, &accounts, err);
    json_object_foreach(accounts.object, name, address) {
        enum nl_role role = NL_ROLE_NONE;
        if (status == NL_OK)
            status = nl_staff_role(office->store, name, telling->list.name, &role, err);
        if (status == NL_OK && nl_role_may(role, NL_POWER_APPROVE) &&
            strcmp(name, office->by->name) != 0)
            status = tell(telling, name, json_string_value(address), err);
    }
    json_decref(accounts.object);
    return status;
}

static enum nl_status tell_asker(const struct telling *telling, const char *asker,
                                 struct nl_error *err) {
    char *address = NULL;
    enum nl_status status = nl_staff_address(telling->office->store, asker, &address, err);
    if (status == NL_OK && address != NULL && strcmp(asker, telling->office->by->name) != 0)
        status = tell(telling, asker, address, err);
    free(address);
    return status;
}

/* ---- asking and answering ---- */

/* The question stands before its mails are queued: a list whose sender is not an address, say,
 * keeps nobody from asking. */
static enum nl_status tell_of(const struct nl_office *office, int64_t id, const char *event,
                              const char *words, struct nl_error *err) {
    struct nl_draft draft = {0};
    struct nl_approval last = {0};
    struct telling telling = {.office = office, .draft = &draft, .event = event, .words = words};
    enum nl_status status = nl_draft_get(office->store, id, &draft, err);
    if (status == NL_OK)
        status = nl_list_get(office->store, draft.list, &telling.list, err);
    if (status == NL_OK)
        status = nl_approval_read(office->store, id, &last, err);
    telling.question = last.id;
    telling.asked_at = last.asked_at;
    telling.file = strcmp(event, "ask") == 0 ? "staff-mail-approval.txt" : "staff-mail-answer.txt";
    bool settled = last.state == NL_APPROVAL_APPROVED || last.state == NL_APPROVAL_RETURNED;
    if (status == NL_OK && strcmp(event, "ask") == 0)
        status = tell_approvers(&telling, err);
    else if (status == NL_OK && settled)
        status = tell_asker(&telling, last.asked_by, err);
    nl_list_free(&telling.list);
    nl_approval_free(&last);
    nl_draft_free(&draft);
    return status;
}

enum nl_status nl_office_approval_ask(const struct nl_office *office, int64_t draft,
                                      const char *words, struct nl_error *err) {
    enum nl_status status = nl_approval_ask(office->store, draft, words, office->by, err);
    return status == NL_OK ? tell_of(office, draft, "ask", words, err) : status;
}

enum nl_status nl_office_approval_answer(const struct nl_office *office,
                                         const struct nl_office_answer *answer,
                                         struct nl_error *err) {
    struct nl_draft draft = {0};
    enum nl_status status = nl_draft_get(office->store, answer->draft, &draft, err);
    int64_t needed = status == NL_OK ? nl_config_approvals(office->config, draft.list_name) : 0;
    const struct nl_approval_answer full = {.draft = answer->draft,
                                            .kind = answer->kind,
                                            .seal = answer->seal,
                                            .passage = answer->passage,
                                            .words = answer->words,
                                            .needed = needed,
                                            .own = office->config->approval.own,
                                            .by = office->by};
    nl_draft_free(&draft);
    if (status == NL_OK)
        status = nl_approval_answer(office->store, &full, err);
    return status == NL_OK && answer->kind != NL_APPROVAL_COMMENT
               ? tell_of(office, answer->draft, nl_approval_kinds[answer->kind], answer->words, err)
               : status;
}

/* ---- reading ---- */

static enum nl_status add_word(const struct nl_approval_word *word, void *ctx,
                               struct nl_error *err) {
    return json_array_append_new(ctx,
                                 json_pack("{s:I, s:s, s:s, s:s, s:s}", "at", (json_int_t)word->at,
                                           "author", word->author, "kind", word->kind, "passage",
                                           word->passage != NULL ? word->passage : "", "words",
                                           word->words)) == 0
               ? NL_OK
               : nl_error_nomem(err);
}

static json_t *facts_of(const struct nl_approval *last, const struct nl_draft_seal *seal,
                        int64_t needed) {
    bool stale =
        last->id != 0 && strcmp(last->seal, seal->text) != 0 && last->state != NL_APPROVAL_RETURNED;
    enum nl_approval_state state = stale ? NL_APPROVAL_WITHDRAWN : last->state;
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:I, s:s}", "needed", (json_int_t)needed, "given",
                     (json_int_t)last->given, "state", nl_approval_states[state], "digest",
                     seal->text, "asked_by", last->asked_by != NULL ? last->asked_by : "",
                     "asked_at", (json_int_t)last->asked_at, "words",
                     last->words != NULL ? last->words : "");
}

enum nl_status nl_office_approval_read(const struct nl_office *office, int64_t id, json_t **out,
                                       struct nl_error *err) {
    struct nl_draft draft = {0};
    struct nl_draft_seal seal = {""};
    struct nl_approval last = {0};
    json_t *said = json_array();
    *out = NULL;
    enum nl_status status = nl_draft_get(office->store, id, &draft, err);
    if (status == NL_OK)
        status = nl_draft_seal(office->store, id, &seal, err);
    if (status == NL_OK)
        status = nl_approval_read(office->store, id, &last, err);
    if (status == NL_OK)
        status = nl_approval_words(office->store, last.id, add_word, said, err);
    if (status == NL_OK) {
        *out = facts_of(&last, &seal, nl_config_approvals(office->config, draft.list_name));
        json_object_set(*out, "said", said);
    }
    json_decref(said);
    nl_approval_free(&last);
    nl_draft_free(&draft);
    return status;
}

/* One line for each paragraph: an author may break lines anywhere in it. The lines of the front
 * matter stay. */
static void add_paragraphs(const char *text, struct nl_buf *out) {
    int fences = strncmp(text, "---\n", 4) == 0 ? 0 : 2;
    bool open = false;
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        bool fence = fences < 2 && len == 3 && strncmp(text, "---", 3) == 0;
        if (len == 0 && open)
            nl_buf_addc(out, '\n');
        if (len > 0 && open)
            nl_buf_addc(out, fences < 2 ? '\n' : ' ');
        nl_buf_add(out, text, fence ? 0 : len);
        open = len > 0 && !fence;
        fences += fence;
        text += len + (text[len] == '\n');
    }
}

enum nl_status nl_office_approval_difference(const struct nl_office *office, int64_t draft,
                                             const char *language, const char *present,
                                             bool *before, json_t **out, struct nl_error *err) {
    struct nl_buf last = {0};
    struct nl_buf from = {0};
    struct nl_buf to = {0};
    *out = NULL;
    enum nl_status status = nl_approval_last_text(office->store, draft, language, &last, err);
    *before = last.len > 0;
    add_paragraphs(nl_buf_text(&last), &from);
    add_paragraphs(present, &to);
    if (status == NL_OK)
        *out = nl_draft_difference(nl_buf_text(&from), nl_buf_text(&to));
    nl_buf_free(&last);
    nl_buf_free(&from);
    nl_buf_free(&to);
    return status;
}
