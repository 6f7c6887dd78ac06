#include "newsletter/base/memory.h"
#include "newsletter/base/token.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/link.h"
#include "newsletter/store/member.h"
#include "newsletter/store/person.h"
#include "store/event.h"
#include "store/import_row.h"
#include "store/ledger.h"

#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

enum nl_status nl_import_look(struct nl_import *import, struct nl_error *err) {
    struct nl_store *store = import->store;
    int64_t one = 0;
    enum nl_status status = nl_sql_number(store, err, &one, &import->any_suppressed,
                                          "SELECT 1 FROM suppression LIMIT 1", NL_NO_VALUES);
    if (status == NL_OK)
        status = nl_sql_number(store, err, &one, &import->any_erased,
                               "SELECT 1 FROM erased LIMIT 1", NL_NO_VALUES);
    return status;
}

enum nl_status nl_import_begin(struct nl_store *store, const struct nl_import_policy *policy,
                               struct nl_import **out, struct nl_error *err) {
    struct nl_import *import = nl_calloc(1, sizeof *import);
    *out = NULL;
    *import = (struct nl_import){.store = store, .policy = policy};
    nl_store_env(store)->random(nl_store_env(store)->ctx, import->uuid);
    enum nl_status status = nl_store_begin_exclusive(store, err);
    if (status == NL_OK)
        status = nl_import_look(import, err);
    if (status == NL_OK)
        status = nl_import_trace_begin(import, err);
    if (status != NL_OK) {
        nl_import_drop(import);
        return status;
    }
    *out = import;
    return NL_OK;
}

/* ---- who must not come in ---- */

enum nl_status nl_import_obstacle(struct nl_import *import, const struct nl_address *address,
                                  enum nl_import_outcome *outcome, struct nl_error *err) {
    *outcome = NL_IMPORT_ADDED;
    int64_t since = 0;
    bool found = false;
    enum nl_status status = NL_OK;
    if (import->any_suppressed)
        status = nl_sql_number(import->store, err, &since, &found,
                               "SELECT since FROM suppression WHERE address_key = ?",
                               NL_VALUES(NL_STRING(address->key)));
    if (found)
        *outcome = NL_IMPORT_SUPPRESSED;
    if (status != NL_OK || found || !import->any_erased)
        return status;
    status = nl_person_was_erased(import->store, address, &found, err);
    if (found)
        *outcome = NL_IMPORT_ERASED;
    return status;
}

static enum nl_status block(struct nl_import *import, const struct nl_address *address,
                            struct nl_error *err) {
    import->any_suppressed = true;
    enum nl_status status =
        nl_sql_run(import->store, err,
                   "INSERT INTO suppression (address_key, reason, since) "
                   "VALUES (?, 'imported', ?) ON CONFLICT DO NOTHING",
                   NL_VALUES(NL_STRING(address->key), NL_INT(nl_store_now(import->store))));
    return status == NL_OK ? nl_ledger_suppressed(import->store, address->key, true, err) : status;
}

/* ---- the person ---- */

static enum nl_status find_subscriber(struct nl_store *store, const char *key, int64_t *id,
                                      struct nl_error *err) {
    return nl_sql_number(store, err, id, NULL, "SELECT id FROM subscriber WHERE address_key = ?",
                         NL_VALUES(NL_STRING(key)));
}

/* *changed tells whether the row says anything that was not known. */
static enum nl_status update_subscriber(struct nl_import *import, const struct nl_member *member,
                                        int64_t id, bool *changed, struct nl_error *err) {
    enum nl_status status = nl_import_trace_person(import, id, member, err);
    if (status != NL_OK)
        return status;
    status = nl_sql_run(
        import->store, err,
        "UPDATE subscriber SET name = coalesce(?1, name), language = coalesce(?2, language), "
        "attributes = json_patch(attributes, coalesce(?3, '{}')) WHERE id = ?4 AND "
        "(coalesce(?1, name) IS DISTINCT FROM name OR coalesce(?2, language) IS DISTINCT FROM "
        "language OR json_patch(attributes, coalesce(?3, '{}')) <> json_patch(attributes, '{}'))",
        NL_VALUES(NL_STRING(member->name), NL_STRING(member->language),
                  NL_STRING(member->attributes), NL_INT(id)));
    *changed = status == NL_OK && nl_sql_changes(import->store) > 0;
    return status;
}

/* UUIDs count up from a random one: an index that grows at its end is faster, and these UUIDs are
 * not secrets. */
void nl_import_uuid(struct nl_import *import, char out[NL_TOKEN_LEN + 1]) {
    for (size_t at = sizeof import->uuid; at-- > 9 && ++import->uuid[at] == 0;)
        ;
    uuid_unparse_lower(import->uuid, out);
}

/* For the same reason tokens begin with the same 16 bits, which a stranger may know; 106 more are
 * random. */
void nl_import_token(struct nl_import *import, char out[NL_TOKEN_LEN + 1]) {
    struct nl_token token;
    nl_token_new(nl_store_env(import->store), &token);
    if (import->prefix[0] == '\0')
        memcpy(import->prefix, token.text, sizeof import->prefix - 1);
    memcpy(token.text, import->prefix, sizeof import->prefix - 1);
    memcpy(out, token.text, sizeof token.text);
}

/* Most people are new, so trying to insert is faster than searching first. */
static enum nl_status put_subscriber(struct nl_import *import, const struct nl_address *address,
                                     const struct nl_member *member, int64_t *id, bool *is_new,
                                     bool *changed, struct nl_error *err) {
    struct nl_store *store = import->store;
    char uuid[NL_TOKEN_LEN + 1];
    nl_import_uuid(import, uuid);
    enum nl_status status = nl_sql_insert(
        store, err, id,
        "INSERT INTO subscriber (uuid, address, address_key, name, language, attributes, "
        "created_at) VALUES (?, ?, ?, ?, ?, coalesce(?, '{}'), ?) "
        "ON CONFLICT (address_key) DO NOTHING",
        NL_VALUES(NL_STRING(uuid), NL_STRING(address->text), NL_STRING(address->key),
                  NL_STRING(member->name), NL_STRING(member->language),
                  NL_STRING(member->attributes),
                  NL_INT(member->created_at != 0 ? member->created_at : nl_store_now(store))));
    *is_new = *id != 0;
    if (status != NL_OK || *is_new)
        return status;
    status = find_subscriber(store, address->key, id, err);
    return status == NL_OK && import->policy->update
               ? update_subscriber(import, member, *id, changed, err)
               : status;
}

/* ---- the subscription ---- */

bool nl_import_is_open_state(enum nl_subscription_state state) {
    return state == NL_SUBSCRIPTION_ACTIVE || state == NL_SUBSCRIPTION_PENDING;
}

/* The state that a row wants. */
enum nl_subscription_state nl_import_wanted(const struct nl_member *member) {
    return member->state != NL_SUBSCRIPTION_ANY ? member->state : NL_SUBSCRIPTION_ACTIVE;
}

static enum nl_status find_state(struct nl_store *store, int64_t list, int64_t subscriber,
                                 int64_t *id, enum nl_subscription_state *state,
                                 struct nl_error *err) {
    char word[16];
    enum nl_status status = nl_sql_first(
        store, err, NULL, "SELECT id, state FROM subscription WHERE list = ? AND subscriber = ?",
        NL_VALUES(NL_INT(list), NL_INT(subscriber)),
        NL_COLUMNS(NL_INTO(id), NL_INTO_FIXED(word, sizeof word)));
    *state = NL_SUBSCRIPTION_ANY;
    if (status == NL_OK && *id != 0 && !nl_subscription_state_parse(word, state))
        status = nl_error_set(err, NL_INTERNAL, "'%s' is not a state of a subscription", word);
    return status;
}

static int64_t known(int64_t time, int64_t fallback) {
    return time != 0 ? time : fallback;
}

void nl_import_facts(const struct nl_import *import, const struct nl_member *member,
                     enum nl_subscription_state state, struct nl_import_facts *out) {
    int64_t now = nl_store_now(import->store);
    int64_t created = known(member->created_at, now);
    bool ended = !nl_import_is_open_state(state);
    *out = (struct nl_import_facts){
        .state = state,
        .consent_at = known(member->consent_at, known(member->confirmed_at, created)),
        .confirmed_at = known(member->confirmed_at, ended ? 0 : created),
        .ended_at = ended ? known(member->ended_at, now) : 0,
        .created_at = created,
        .consent_source =
            member->consent_source != NULL ? member->consent_source : import->policy->consent,
        .wording = member->consent_source != NULL ? 0 : import->wording};
    if (state == NL_SUBSCRIPTION_PENDING)
        out->confirmed_at = 0;
}

static enum nl_status add_subscription(struct nl_import *import, int64_t list, int64_t subscriber,
                                       const struct nl_member *member,
                                       enum nl_subscription_state state, int64_t *id,
                                       struct nl_error *err) {
    struct nl_import_facts facts;
    char token[NL_TOKEN_LEN + 1];
    nl_import_facts(import, member, state, &facts);
    nl_import_token(import, token);
    return nl_sql_insert(
        import->store, err, id,
        "INSERT INTO subscription (list, subscriber, state, token, consent_at, consent_source, "
        "consent_ip, consent_version, confirmed_at, ended_at, created_at, form_wording) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), nullif(?, 0), ?, nullif(?, 0))",
        NL_VALUES(NL_INT(list), NL_INT(subscriber), NL_STRING(nl_subscription_state_text(state)),
                  NL_STRING((const char *)token), NL_INT(facts.consent_at),
                  NL_STRING(facts.consent_source), NL_STRING(member->consent_ip),
                  NL_STRING(member->consent_version), NL_INT(facts.confirmed_at),
                  NL_INT(facts.ended_at), NL_INT(facts.created_at), NL_INT(facts.wording)));
}

/* Makes a pending subscription active: the row says that the person has confirmed. */
static enum nl_status activate(struct nl_import *import, int64_t subscription,
                               const struct nl_member *member, struct nl_error *err) {
    int64_t now = nl_store_now(import->store);
    enum nl_status status =
        nl_import_trace_state(import, subscription, NL_SUBSCRIPTION_ACTIVE, err);
    if (status != NL_OK)
        return status;
    return nl_sql_run(
        import->store, err,
        "UPDATE subscription SET state = 'active', reconfirm_by = NULL, confirmed_at "
        "= ?, consent_at = ?, "
        "consent_source = ?, consent_ip = ?, consent_version = ?, form_wording = nullif(?, 0), "
        "mail_wording = NULL, page_wording = NULL WHERE id = ?",
        NL_VALUES(NL_INT(known(member->confirmed_at, now)), NL_INT(known(member->consent_at, now)),
                  NL_STRING(member->consent_source != NULL ? member->consent_source
                                                           : import->policy->consent),
                  NL_STRING(member->consent_ip), NL_STRING(member->consent_version),
                  NL_INT(member->consent_source != NULL ? 0 : import->wording),
                  NL_INT(subscription)));
}

static enum nl_status ask_to_confirm(struct nl_import *import, int64_t subscription,
                                     struct nl_error *err) {
    int64_t notice = 0;
    return nl_notice_add(import->store, "confirmation", subscription, &notice, err);
}

/* Ends the subscription of somebody who has left according to the row, unless they have confirmed
 * here since. */
static enum nl_status end_as_told(struct nl_import *import, int64_t list, int64_t subscriber,
                                  int64_t id, const struct nl_member *member, bool *ended,
                                  struct nl_error *err) {
    struct nl_store *store = import->store;
    bool came_back = false;
    enum nl_status status = NL_OK;
    *ended = false;
    if (member->ended_at != 0)
        status =
            nl_sql_exists(store, err, &came_back,
                          "SELECT 1 FROM event WHERE subscriber = ? AND list = ? AND kind = "
                          "'confirmed' AND at > ?",
                          NL_VALUES(NL_INT(subscriber), NL_INT(list), NL_INT(member->ended_at)));
    if (status != NL_OK || came_back)
        return status;
    status = nl_import_trace_state(import, id, member->state, err);
    if (status != NL_OK)
        return status;
    status =
        nl_sql_run(store, err,
                   "UPDATE subscription SET state = ?, ended_at = ?, noticed_at = NULL, "
                   "reconfirm_by = NULL WHERE id = ?",
                   NL_VALUES(NL_STRING(nl_subscription_state_text(member->state)),
                             NL_INT(known(member->ended_at, nl_store_now(store))), NL_INT(id)));
    if (status == NL_OK)
        status = nl_event_add(store, nl_subscription_state_text(member->state), list, subscriber, 0,
                              "import", err);
    if (status == NL_OK)
        status = nl_link_close(store, id, NL_LINK_SUBSCRIBE, err);
    *ended = status == NL_OK;
    return status;
}

/* Handles a row about somebody who is on the list already. */
static enum nl_status meet_subscription(struct nl_import *import, int64_t list, int64_t subscriber,
                                        int64_t id, enum nl_subscription_state state, bool ask,
                                        const struct nl_member *member,
                                        struct nl_import_result *result, struct nl_error *err) {
    enum nl_subscription_state wanted = nl_import_wanted(member);
    if (!nl_import_is_open_state(state)) {
        result->outcome = NL_IMPORT_ENDED;
        return NL_OK;
    }
    if (!nl_import_is_open_state(wanted)) {
        enum nl_status status =
            end_as_told(import, list, subscriber, id, member, &result->ended, err);
        if (result->ended)
            result->outcome = NL_IMPORT_UPDATED;
        return status;
    }
    if (state != NL_SUBSCRIPTION_PENDING || wanted != NL_SUBSCRIPTION_ACTIVE || ask)
        return NL_OK;
    *result =
        (struct nl_import_result){.outcome = NL_IMPORT_ADDED, .state = NL_SUBSCRIPTION_ACTIVE};
    enum nl_status status = activate(import, id, member, err);
    return status == NL_OK ? nl_ledger_state(import->store, import->policy->consent, id, err)
                           : status;
}

static enum nl_status put_subscription(struct nl_import *import, int64_t list, int64_t subscriber,
                                       bool is_new, const struct nl_member *member,
                                       struct nl_import_result *result, struct nl_error *err) {
    enum nl_subscription_state wanted = nl_import_wanted(member);
    enum nl_subscription_state state = NL_SUBSCRIPTION_ANY;
    int64_t id = 0;
    bool ask = import->policy->confirm && nl_import_is_open_state(wanted);
    enum nl_status status =
        is_new ? NL_OK : find_state(import->store, list, subscriber, &id, &state, err);
    if (status != NL_OK)
        return status;
    if (id != 0)
        return meet_subscription(import, list, subscriber, id, state, ask, member, result, err);
    *result = (struct nl_import_result){.outcome = NL_IMPORT_ADDED,
                                        .state = ask ? NL_SUBSCRIPTION_PENDING : wanted};
    status = add_subscription(import, list, subscriber, member, result->state, &id, err);
    return status == NL_OK && ask ? ask_to_confirm(import, id, err) : status;
}

enum nl_status nl_import_row(struct nl_import *import, int64_t list,
                             const struct nl_address *address, const struct nl_member *member,
                             struct nl_import_result *result, struct nl_error *err) {
    int64_t subscriber = 0;
    bool is_new = false;
    bool changed = false;
    *result = (struct nl_import_result){.outcome = NL_IMPORT_ADDED};
    enum nl_status status = nl_import_obstacle(import, address, &result->outcome, err);
    if (status != NL_OK || result->outcome != NL_IMPORT_ADDED)
        return status;
    if (member->blocked) {
        result->outcome = NL_IMPORT_BLOCKED;
        return block(import, address, err);
    }
    status = put_subscriber(import, address, member, &subscriber, &is_new, &changed, err);
    result->outcome = changed ? NL_IMPORT_UPDATED : NL_IMPORT_UNCHANGED;
    return status == NL_OK ? put_subscription(import, list, subscriber, is_new, member, result, err)
                           : status;
}

void nl_import_drop(struct nl_import *import) {
    if (import == NULL)
        return;
    if (!import->ended)
        nl_store_rollback(import->store);
    free(import);
}

enum nl_status nl_import_end(struct nl_import *import, bool keep, const char *detail,
                             struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (keep)
        status = nl_import_trace_end(import, err);
    if (keep && status == NL_OK)
        status = nl_event_add(import->store, "imported", 0, 0, 0, detail, err);
    if (keep && status == NL_OK) {
        status = nl_store_commit(import->store, err);
        import->ended = status == NL_OK;
    }
    nl_import_drop(import);
    return status;
}
