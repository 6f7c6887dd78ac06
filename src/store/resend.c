#include "newsletter/store/resend.h"

#include "store/event.h"

#include <ctype.h>
#include <stdio.h>

/* Deliveries d of issue ?1 in state ?2 whose reply is like ?3, from time ?4 on. */
#define CHOSEN                                                                                     \
    "d.issue = ?1 AND d.state = ?2 AND d.updated_at >= ?4 AND (?3 IS NULL OR "                     \
    "lower(coalesce(CAST(d.reply_code AS TEXT) || ' ', '') || coalesce(d.reply_status || ' ', "    \
    "'') || coalesce(d.reply_text, '')) LIKE ?3 ESCAPE '\\') "

#define REACHABLE                                                                                  \
    "(s.state = 'active' AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = "       \
    "r.address_key))"

/* The pattern of LIKE for words with '*' between them; in lower case as lower() makes it of a
 * reply: ASCII only. Empty for none. */
static void make_pattern(const char *words, struct nl_buf *out) {
    nl_buf_addc(out, '%');
    for (const char *p = words; *p != '\0'; p++) {
        if (*p == '%' || *p == '_' || *p == '\\')
            nl_buf_addc(out, '\\');
        nl_buf_addc(out, *p == '*' ? '%' : (char)(*p >= 'A' && *p <= 'Z' ? tolower(*p) : *p));
    }
    nl_buf_addc(out, '%');
}

struct call {
    const struct nl_resend *resend;
    const char *pattern;
    struct nl_resend_counts *out;
};

static enum nl_status count_resends(struct nl_store *store, const struct call *call,
                                    struct nl_error *err) {
    return nl_sql_first(store, err, NULL,
                        "SELECT count(*) FILTER (WHERE " REACHABLE
                        "), count(*) FILTER (WHERE NOT " REACHABLE ") "
                        "FROM delivery d JOIN subscription s ON s.id = d.subscription "
                        "JOIN subscriber r ON r.id = s.subscriber WHERE " CHOSEN,
                        NL_VALUES(NL_INT(call->resend->issue),
                                  NL_STRING(nl_delivery_state_text(call->resend->state)),
                                  NL_STRING(call->pattern), NL_INT(call->resend->since)),
                        NL_COLUMNS(NL_INTO(&call->out->people), NL_INTO(&call->out->ended)));
}

/* The attempts start again from zero, so that the age of the delivery does not end it at once. */
static enum nl_status queue(struct nl_store *store, const struct call *call, struct nl_error *err) {
    return nl_sql_run(
        store, err,
        "UPDATE delivery SET state = 'queued', dot_at = NULL, lease_owner = NULL, "
        "lease_until = NULL, next_attempt_at = NULL, paced_at = NULL, attempts = 0, "
        "first_attempt_at = NULL, updated_at = ?5 WHERE id IN (SELECT d.id FROM delivery d "
        "JOIN subscription s ON s.id = d.subscription JOIN subscriber r ON r.id = s.subscriber "
        "WHERE " CHOSEN "AND " REACHABLE ")",
        NL_VALUES(NL_INT(call->resend->issue),
                  NL_STRING(nl_delivery_state_text(call->resend->state)), NL_STRING(call->pattern),
                  NL_INT(call->resend->since), NL_INT(nl_store_now(store))));
}

static enum nl_status note(struct nl_store *store, const struct call *call, struct nl_error *err) {
    char detail[64];
    snprintf(detail, sizeof detail, "%lld %s", (long long)call->out->people,
             nl_delivery_state_text(call->resend->state));
    return nl_event_add(store, "resent", 0, 0, call->resend->issue, detail, err);
}

static enum nl_status resend(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct call *call = ctx;
    int64_t issue = call->resend->issue;
    bool cancelled = false;
    enum nl_status status =
        nl_sql_exists(store, err, &cancelled,
                      "SELECT 1 FROM issue WHERE id = ? AND state = 'cancelled' /*+ FOR UPDATE */",
                      NL_VALUES(NL_INT(issue)));
    if (status == NL_OK && cancelled)
        return nl_error_set(err, NL_EXISTS, "the issue is cancelled: nobody gets it any more");
    if (status == NL_OK)
        status = count_resends(store, call, err);
    if (status != NL_OK || call->out->people == 0)
        return status;
    status = queue(store, call, err);
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "UPDATE issue SET state = 'sending', ended_at = NULL "
                            "WHERE id = ? AND state = 'sent'",
                            NL_VALUES(NL_INT(issue)));
    return status == NL_OK ? note(store, call, err) : status;
}

static enum nl_status with_pattern(struct nl_store *store, const struct nl_resend *resend_this,
                                   bool change, struct nl_resend_counts *out,
                                   struct nl_error *err) {
    struct nl_buf pattern = {0};
    struct call call = {.resend = resend_this, .out = out};
    *out = (struct nl_resend_counts){0};
    if (resend_this->reply != NULL) {
        make_pattern(resend_this->reply, &pattern);
        call.pattern = nl_buf_text(&pattern);
    }
    enum nl_status status = NL_OK;
    if (pattern.failed)
        status = nl_error_nomem(err);
    else
        status =
            change ? nl_sql_exclusive(store, resend, &call, err) : count_resends(store, &call, err);
    nl_buf_free(&pattern);
    return status;
}

enum nl_status nl_resend_count(struct nl_store *store, const struct nl_resend *resend_this,
                               struct nl_resend_counts *out, struct nl_error *err) {
    return with_pattern(store, resend_this, false, out, err);
}

enum nl_status nl_resend(struct nl_store *store, const struct nl_resend *resend_this,
                         struct nl_resend_counts *out, struct nl_error *err) {
    return with_pattern(store, resend_this, true, out, err);
}
