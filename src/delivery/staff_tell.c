#include "delivery/staff_tell.h"

#include "newsletter/base/address.h"
#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "newsletter/bulletin/staff_message.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/staff_mail.h"

#include <stdio.h>
#include <string.h>

/* ---- what there is to tell ---- */

static enum nl_status add_counts(const struct nl_service *service, int64_t issue, json_t *data,
                                 struct nl_error *err) {
    struct nl_counts counts = {0};
    char text[24];
    enum nl_status status = nl_issue_count(service->store, issue, &counts, err);
    const struct {
        const char *name;
        int64_t number;
    } numbers[] = {
        {"sent", counts.sent},
        {"bounced", counts.bounced + counts.failed},
        {"waiting", counts.queued + counts.leased + counts.deferred},
        {"unknown", counts.unknown},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        snprintf(text, sizeof text, "%lld", (long long)numbers[i].number);
        json_object_set_new(data, numbers[i].name, json_string(text));
    }
    return status;
}

static enum nl_status queue(const struct nl_service *service, const struct nl_told_issue *issue,
                            const struct nl_staff_message *mail, struct nl_error *err) {
    struct nl_list list = {0};
    struct nl_buf about = {0};
    struct nl_buf sender = {0};
    struct nl_buf message = {0};
    if (issue->since != 0)
        nl_buf_addf(&about, "issue %lld waits since %lld", (long long)issue->id,
                    (long long)issue->since);
    else
        nl_buf_addf(&about, issue->done ? "issue %lld done" : "issue %lld stuck: %s",
                    (long long)issue->id, issue->pause_note);
    enum nl_status status = nl_list_get(service->store, issue->list, &list, err);
    if (status == NL_OK)
        status = nl_staff_message_compose(service->config, &list, mail, &sender, &message, err);
    const struct nl_staff_mail row = {.about = nl_buf_text(&about),
                                      .sender = nl_buf_text(&sender),
                                      .address = issue->address,
                                      .message = message.data,
                                      .len = message.len};
    if (status == NL_OK)
        status = nl_staff_mail_add(service->store, &row, err);
    nl_list_free(&list);
    nl_buf_free(&about);
    nl_buf_free(&sender);
    nl_buf_free(&message);
    return status;
}

static enum nl_status tell_one(const struct nl_service *service, const struct nl_told_issue *issue,
                               struct nl_error *err) {
    const char *url = service->config->staff.url != NULL ? service->config->staff.url : "";
    struct nl_buf link = {0};
    nl_buf_addf(&link, "%s/issue/%lld", url, (long long)issue->id);
    json_t *data = json_pack("{s:s, s:s, s:s}", "title", issue->title, "link", nl_buf_text(&link),
                             "why", issue->pause_note);
    const struct nl_staff_message mail = {
        .file = issue->since != 0 ? "staff-mail-waits.txt"
                : issue->done     ? "staff-mail-done.txt"
                                  : "staff-mail-stuck.txt",
        .data = data,
        .address = issue->address,
        .now = nl_store_now(service->store),
    };
    enum nl_status status =
        data != NULL ? add_counts(service, issue->id, data, err) : nl_error_nomem(err);
    if (status == NL_OK)
        status = queue(service, issue, &mail, err);
    json_decref(data);
    nl_buf_free(&link);
    return status;
}

/* Ids first: telling writes, and a statement must not walk what changes under it. */
struct telling {
    struct nl_told_issue issues[16];
    size_t count;
};

static enum nl_status keep(const struct nl_told_issue *issue, void *ctx, struct nl_error *err) {
    struct telling *telling = ctx;
    (void)err;
    if (telling->count == sizeof telling->issues / sizeof telling->issues[0])
        return NL_OK; /* the next pass tells of the others */
    struct nl_told_issue *copy = &telling->issues[telling->count++];
    *copy = (struct nl_told_issue){
        .id = issue->id,
        .list = issue->list,
        .title = nl_strdup(issue->title),
        .account = nl_strdup(issue->account),
        .address = nl_strdup(issue->address),
        .pause_note = nl_strdup(issue->pause_note),
        .done = issue->done,
        .since = issue->since,
    };
    return NL_OK;
}

enum nl_status nl_staff_tell(const struct nl_service *service, struct nl_error *err) {
    struct telling telling = {.count = 0};
    enum nl_status status = nl_issues_to_tell(service->store, keep, &telling, err);
    for (size_t i = 0; i < telling.count; i++) {
        if (status == NL_OK)
            status = tell_one(service, &telling.issues[i], err);
        nl_told_issue_free(&telling.issues[i]);
    }
    return status;
}

enum nl_status nl_staff_tell_standstill(const struct nl_service *service, int64_t issue,
                                        const char *why, struct nl_error *err) {
    struct telling telling = {.count = 0};
    enum nl_status status = nl_issue_stands_still(service->store, issue, keep, &telling, err);
    for (size_t i = 0; i < telling.count; i++) {
        struct nl_told_issue one = telling.issues[i];
        one.pause_note = (char *)why;
        if (status == NL_OK)
            status = tell_one(service, &one, err);
        nl_told_issue_free(&telling.issues[i]);
    }
    return status;
}

/* ---- sending ---- */

static enum nl_status send_mail(const struct nl_staff_mail *mail, bool *sent, void *ctx,
                                struct nl_error *err) {
    const struct nl_service *service = ctx;
    struct nl_address to = {0};
    struct nl_buf message = {0};
    if (*service->stop != 0)
        return NL_OK;
    nl_buf_add(&message, mail->message, mail->len);
    enum nl_status status = nl_address_parse(mail->address, &to, err);
    if (status == NL_OK)
        status = nl_send_test(service->store, service->config, service->relay, mail->sender, &to,
                              &message, err);
    *sent = status == NL_OK;
    if (status != NL_OK && status != NL_OS) {
        nl_log(NL_LOG_NOTICE, NULL, "a mail to staff waits: %s", nl_error_text(err));
        nl_error_free(err);
        status = NL_OK;
    }
    nl_buf_free(&message);
    nl_address_free(&to);
    return status;
}

enum nl_status nl_staff_mails_send(const struct nl_service *service, struct nl_error *err) {
    return nl_staff_mail_each_due(service->store, send_mail, (void *)service, err);
}
