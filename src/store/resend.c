#include "newsletter/store/resend.h"

#include "newsletter/base/catalog.h"
#include "newsletter/store/removal.h"

#include "store/event.h"
#include "store/ledger.h"
#include "store/parts.h"

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
    struct nl_buf ids; /* of those who get it */
    int64_t seen;      /* how many of them had their turn, in parts that are committed */
    int64_t begun_at;  /* the place of the last part that was begun, */
    int64_t part;      /* and how many it has queued */
};

static enum nl_status take_choice(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    struct call *call = context;
    if (!nl_sql_bool(row, 1)) {
        call->out->ended++;
        return NL_OK;
    }
    call->out->people++;
    return nl_sql_add_id(row, &call->ids, err);
}

static enum nl_status choose(struct nl_store *store, struct call *call, struct nl_error *err) {
    enum nl_status status = nl_removal_check(store, call->resend->issue, err);
    if (status != NL_OK)
        return status;
    return nl_sql_each(store, err, take_choice, call,
                       "SELECT d.id, " REACHABLE " FROM delivery" NL_OF_ISSUE " d "
                       "JOIN subscription s ON s.id = d.subscription "
                       "JOIN subscriber r ON r.id = s.subscriber WHERE " CHOSEN "ORDER BY d.id",
                       NL_VALUES(NL_OF(call->resend->issue), NL_INT(call->resend->issue),
                                 NL_STRING(nl_delivery_state_text(call->resend->state)),
                                 NL_STRING(call->pattern), NL_INT(call->resend->since)));
}

/* ---- queueing ---- */

enum { PART = 250 }; /* each row changes figures, so they are fewer than NL_PART */

/* Waits for a removal of its deliveries that is about to begin: either that finds the queued ones,
 * or this finds that they are removed. */
static enum nl_status refuse_if_removed(struct nl_store *store, const struct call *call,
                                        struct nl_error *err) {
    bool any = false;
    enum nl_status status =
        nl_sql_exists(store, err, &any, "SELECT 1 FROM issue WHERE id = ? /*+ FOR UPDATE */",
                      NL_VALUES(NL_INT(call->resend->issue)));
    return status == NL_OK ? nl_removal_check(store, call->resend->issue, err) : status;
}

static enum nl_status refuse_if_cancelled(struct nl_store *store, const struct call *call,
                                          struct nl_error *err) {
    bool cancelled = false;
    enum nl_status status = refuse_if_removed(store, call, err);
    if (status == NL_OK)
        status = nl_sql_exists(store, err, &cancelled,
                               "SELECT 1 FROM issue WHERE id = ? AND state = 'cancelled'",
                               NL_VALUES(NL_INT(call->resend->issue)));
    return status == NL_OK && cancelled
               ? nl_error_set(err, NL_EXISTS,
                              NL_TEXT("the issue is cancelled: nobody gets it any more"))
               : status;
}

/* Between two parts, others may have sent everything so far, and the issue with it. */
static enum nl_status go_on_sending(struct nl_store *store, const struct call *call,
                                    struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE issue SET state = 'sending', ended_at = NULL "
                      "WHERE id = ? AND state = 'sent'",
                      NL_VALUES(NL_INT(call->resend->issue)));
}

static enum nl_status begin(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct call *call = ctx;
    char detail[64];
    enum nl_status status = refuse_if_cancelled(store, call, err);
    if (status != NL_OK || nl_ids_count(&call->ids) == 0)
        return status;
    snprintf(detail, sizeof detail, "%zu %s", nl_ids_count(&call->ids),
             nl_delivery_state_text(call->resend->state));
    status = nl_event_add(store, "resent", 0, 0, call->resend->issue, detail, err);
    snprintf(detail, sizeof detail, "issue %lld", (long long)call->resend->issue);
    return status == NL_OK && call->resend->by != NULL
               ? nl_audit_note(store, call->resend->by, "issue resend", detail, NULL, err)
               : status;
}

static enum nl_status note_queued(struct nl_store *store, const int64_t *ids, const bool *queued,
                                  size_t count, struct nl_error *err) {
    struct nl_buf changed = {0};
    for (size_t i = 0; i < count; i++)
        if (queued[i])
            nl_buf_add(&changed, &ids[i], sizeof ids[i]);
    enum nl_status status = nl_ledger_set(store, "queued", &changed, err);
    nl_buf_free(&changed);
    return status;
}

/* Queues the next of those that were chosen, unless they have changed meanwhile. The attempts start
 * again from zero, so that the age of a delivery does not end it at once. */
static enum nl_status queue_part(struct nl_store *store, void *context, int64_t *changed,
                                 struct nl_error *err) {
    struct call *call = context;
    bool queued[PART] = {false};
    const int64_t *ids = (const int64_t *)(const void *)call->ids.data + call->seen;
    size_t count = nl_ids_count(&call->ids) - (size_t)call->seen;
    if (count > PART)
        count = PART;
    enum nl_status status = refuse_if_cancelled(store, call, err);
    if (status == NL_OK)
        status = nl_sql_run_ids(
            store, err, ids, count, queued,
            "UPDATE delivery" NL_OF_ISSUE
            " AS d SET state = 'queued', dot_at = NULL, lease_owner = NULL, "
            "lease_until = NULL, next_attempt_at = NULL, paced_at = NULL, attempts = 0, "
            "first_attempt_at = NULL, updated_at = ?4 WHERE d.id " NL_IDS
            " AND d.state = ?2 AND d.updated_at >= ?3 AND EXISTS (SELECT 1 FROM subscription s "
            "JOIN subscriber r ON r.id = s.subscriber WHERE s.id = d.subscription AND " REACHABLE
            ")" NL_IDS_CHANGED("d.id"),
            NL_VALUES(NL_OF(call->resend->issue),
                      NL_STRING(nl_delivery_state_text(call->resend->state)),
                      NL_INT(call->resend->since), NL_INT(nl_store_now(store))));
    if (status == NL_OK)
        status = note_queued(store, ids, queued, count, err);
    if (status == NL_OK && count > 0)
        status = go_on_sending(store, call, err);
    /* A part that the server undoes runs again: so what it has done is counted from its place on.
     */
    if (call->begun_at != call->seen)
        call->out->people += call->part;
    call->begun_at = call->seen;
    call->part = 0;
    for (size_t i = 0; i < count; i++)
        call->part += queued[i];
    *changed = (int64_t)count;
    return status;
}

/* The choice is made before, as a mere reader. A process that dies between two parts leaves the
 * others as they were: the same call chooses them again. */
static enum nl_status resend(struct nl_store *store, struct call *call, struct nl_error *err) {
    enum nl_status status = choose(store, call, err);
    call->out->people = 0;
    if (status == NL_OK)
        status = nl_sql_exclusive(store, begin, call, err);
    return status == NL_OK && call->ids.len > 0
               ? nl_in_parts(store, queue_part, call, &call->seen, err)
               : status;
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
    status = change ? resend(store, &call, err) : choose(store, &call, err);
    nl_buf_free(&call.ids);
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
