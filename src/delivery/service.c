#include "newsletter/delivery/service.h"
#include "newsletter/delivery/tls_reports.h"

#include "delivery/staff_tell.h"
#include "newsletter/delivery/schedule_start.h"
#include "newsletter/proof/checkpoint.h"
#include "newsletter/store/issue_control.h"
#include "newsletter/store/last_run.h"

struct pass {
    const struct nl_service *service;
    struct nl_service_pass *result;
    struct nl_error failure; /* the first one of an issue */
};

static int64_t now(const struct nl_service *service) {
    return nl_store_now(service->store);
}

/* When the issue is finished for now: notes when it is due again. A relay that does not accept mail
 * from us is not asked again before the next pass. */
static enum nl_status note_next(struct pass *pass, const struct nl_issue *issue,
                                const struct nl_run_summary *summary, int64_t until,
                                struct nl_error *err) {
    struct nl_service_pass *result = pass->result;
    int64_t due = 0;
    if (summary->problem.status != NL_OK)
        return NL_OK;
    result->more = result->more || (until != 0 && now(pass->service) >= until);
    enum nl_status status = nl_delivery_next_due(pass->service->store, issue->id, &due, err);
    if (due != 0 && (result->next == 0 || due < result->next))
        result->next = due;
    if (summary->look_at != 0 && (result->look_at == 0 || summary->look_at < result->look_at))
        result->look_at = summary->look_at;
    return status;
}

/* The first failure is kept, and the next issue has its turn. */
static enum nl_status note_failure(struct pass *pass, const struct nl_issue *issue,
                                   struct nl_error *err) {
    const struct nl_service *service = pass->service;
    if (err->status == NL_TEMPFAIL)
        return err->status;
    if (err->status == NL_BUSY) {
        pass->result->busy = true;
        if (service->busy != NULL)
            service->busy(issue, nl_error_text(err), service->ctx);
    } else if (pass->failure.status == NL_OK) {
        nl_error_context(err, "issue %s", issue->slug);
        pass->failure = *err;
        *err = (struct nl_error){0};
    }
    nl_error_free(err);
    return NL_OK;
}

static enum nl_status send_issue(const struct nl_issue *issue, void *ctx, struct nl_error *err) {
    struct pass *pass = ctx;
    const struct nl_service *service = pass->service;
    struct nl_run_summary summary = {0};
    const struct nl_run_options options = {
        .stop = service->stop, .until = service->slice > 0 ? now(service) + service->slice : 0};
    if (*service->stop != 0)
        return NL_OK;
    enum nl_status status = nl_send_issue(service->store, service->config, service->relay, issue,
                                          &options, &summary, err);
    if (status == NL_OK) {
        service->report(issue, &summary, service->ctx);
        status = note_next(pass, issue, &summary, options.until, err);
    }
    if (status == NL_OK && summary.problem.status == NL_TEMPFAIL)
        status = nl_staff_tell_standstill(service, issue->id, nl_error_text(&summary.problem), err);
    nl_error_free(&summary.problem);
    return status == NL_OK ? NL_OK : note_failure(pass, issue, err);
}

static enum nl_status send_notices(const struct nl_service *service, int64_t delivery,
                                   struct nl_error *err) {
    const struct nl_run_options options = {.stop = service->stop};
    struct nl_run_summary summary = {0};
    enum nl_status status = delivery == 0
                                ? nl_send_notices(service->store, service->config, service->relay,
                                                  &options, &summary, err)
                                : nl_send_notice(service->store, service->config, service->relay,
                                                 delivery, &options, &summary, err);
    if (status == NL_OK)
        service->report(NULL, &summary, service->ctx);
    nl_error_free(&summary.problem);
    return status;
}

static enum nl_status send_issues(struct pass *pass, struct nl_error *err) {
    const struct nl_service *service = pass->service;
    size_t started = 0;
    enum nl_status status = nl_issue_skip_cancelled(service->store, err);
    if (status == NL_OK)
        status = nl_schedule_start(service->store, &started, err);
    if (status == NL_OK)
        status = nl_issue_each(service->store, NL_ISSUE_SENDING, send_issue, pass, err);
    if (status == NL_OK && pass->failure.status != NL_OK) {
        status = pass->failure.status;
        *err = pass->failure;
        pass->failure = (struct nl_error){0};
    }
    nl_error_free(&pass->failure);
    return status;
}

enum nl_status nl_service_run(const struct nl_service *service, struct nl_service_pass *result,
                              struct nl_error *err) {
    struct pass pass = {.service = service, .result = result};
    enum nl_status status = NL_OK;
    *result = (struct nl_service_pass){0};
    if (service->work == NL_SERVICE_ALL)
        status = nl_last_run_note(service->store, NL_RAN_RETRY, err);
    if (status != NL_OK)
        return status;
    if ((service->work & NL_SERVICE_NOTICES) != 0)
        status = send_notices(service, 0, err);
    if (status == NL_OK && (service->work & NL_SERVICE_ISSUES) != 0)
        status = send_issues(&pass, err);
    if (status == NL_OK && (service->work & NL_SERVICE_ISSUES) != 0)
        nl_checkpoint_make(service->store, service->config, false);
    if (status == NL_OK && (service->work & NL_SERVICE_ISSUES) != 0)
        status = nl_staff_tell(service, err);
    if (status == NL_OK && (service->work & NL_SERVICE_ISSUES) != 0)
        status = nl_tls_reports_send(service, err);
    return status == NL_OK ? nl_staff_mails_send(service, err) : status;
}

enum nl_status nl_service_notice(const struct nl_service *service, int64_t delivery,
                                 struct nl_error *err) {
    return send_notices(service, delivery, err);
}
