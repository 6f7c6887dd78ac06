#include "newsletter/store/consent_wording.h"
#include "store/import_row.h"
#include "store/ledger.h"

#include <string.h>
#include <uuid/uuid.h>

/* All that is added in one exclusive transaction has numbers that nobody else takes meanwhile, so a
 * transaction of many rows leaves one row here. */

static enum nl_status last_subscription(struct nl_store *store, int64_t *out,
                                        struct nl_error *err) {
    return nl_sql_number(store, err, out, NULL, "SELECT coalesce(max(id), 0) FROM subscription",
                         NL_NO_VALUES);
}

enum nl_status nl_import_trace_begin(struct nl_import *import, struct nl_error *err) {
    uuid_unparse_lower(import->uuid, import->first);
    enum nl_status status =
        nl_consent_wording_put(import->store, NULL, import->policy->wording, &import->wording, err);
    return status == NL_OK ? last_subscription(import->store, &import->low, err) : status;
}

enum nl_status nl_import_trace_end(struct nl_import *import, struct nl_error *err) {
    char last[NL_TOKEN_LEN + 1];
    int64_t high = 0;
    int64_t id = 0;
    enum nl_status status =
        nl_ledger_imported(import->store, import->policy->consent, import->low, err);
    if (status == NL_OK)
        status = nl_consent_wording_put(import->store, NULL, import->policy->consent, &id, err);
    if (status != NL_OK || import->task == 0)
        return status;
    uuid_unparse_lower(import->uuid, last);
    status = last_subscription(import->store, &high, err);
    return status == NL_OK && high > import->low
               ? nl_sql_insert(
                     import->store, err, &id,
                     "INSERT INTO import_change (task, kind, low, high, prefix, first, last) "
                     "VALUES (?, 'added', ?, ?, ?, ?, ?)",
                     NL_VALUES(NL_INT(import->task), NL_INT(import->low), NL_INT(high),
                               NL_STRING((const char *)import->prefix),
                               NL_STRING((const char *)import->first),
                               NL_STRING((const char *)last)))
               : status;
}

enum nl_status nl_import_trace_person(struct nl_import *import, int64_t subscriber,
                                      const struct nl_member *member, struct nl_error *err) {
    if (import->task == 0)
        return NL_OK;
    return nl_sql_run(
        import->store, err,
        "INSERT INTO import_change (task, kind, subscriber, name, language, attributes, new_name, "
        "new_language, new_attributes) SELECT CAST(?5 AS BIGINT), 'person', id, name, language, "
        "attributes, coalesce(?1, name), coalesce(?2, language), json_patch(attributes, "
        "coalesce(?3, '{}')) FROM subscriber WHERE id = ?4 AND "
        "(coalesce(?1, name) IS DISTINCT FROM name OR coalesce(?2, language) IS DISTINCT FROM "
        "language OR json_patch(attributes, coalesce(?3, '{}')) <> json_patch(attributes, '{}'))",
        NL_VALUES(NL_STRING(member->name), NL_STRING(member->language),
                  NL_STRING(member->attributes), NL_INT(subscriber), NL_INT(import->task)));
}

enum nl_status nl_import_trace_state(struct nl_import *import, int64_t subscription,
                                     enum nl_subscription_state state, struct nl_error *err) {
    if (import->task == 0)
        return NL_OK;
    return nl_sql_run(
        import->store, err,
        "INSERT INTO import_change (task, kind, subscription, state, new_state, consent_at, "
        "consent_source, consent_ip, consent_version, confirmed_at, ended_at, noticed_at, "
        "reconfirm_by, form_wording, mail_wording, page_wording) SELECT CAST(? AS BIGINT), "
        "'changed', id, state, CAST(? AS TEXT), "
        "consent_at, consent_source, consent_ip, consent_version, confirmed_at, ended_at, "
        "noticed_at, reconfirm_by, form_wording, mail_wording, page_wording FROM subscription "
        "WHERE id = ?",
        NL_VALUES(NL_INT(import->task), NL_STRING(nl_subscription_state_text(state)),
                  NL_INT(subscription)));
}
