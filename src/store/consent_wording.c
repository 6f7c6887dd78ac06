#include "newsletter/store/consent_wording.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/db/sql.h"

#include <string.h>

const char *const nl_shown_on_words[NL_SHOWN_ON] = {"form", "mail", "page"};

struct putting {
    const char *digest, *language, *text;
    int64_t id;
};

static enum nl_status find(struct nl_store *store, struct putting *putting, bool *found,
                           struct nl_error *err) {
    return nl_sql_number(store, err, &putting->id, found, "SELECT id FROM wording WHERE digest = ?",
                         NL_VALUES(NL_STRING(putting->digest)));
}

static enum nl_status add(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct putting *putting = ctx;
    bool found = false;
    enum nl_status status =
        nl_sql_run(store, err,
                   "INSERT INTO wording (digest, language, text, at) VALUES (?, ?, ?, ?) ON "
                   "CONFLICT (digest) DO NOTHING",
                   NL_VALUES(NL_STRING(putting->digest), NL_STRING(putting->language),
                             NL_STRING(putting->text), NL_INT(nl_store_now(store))));
    return status == NL_OK ? find(store, putting, &found, err) : status;
}

/* Nearly always it is there, and nothing is written. */
enum nl_status nl_consent_wording_put(struct nl_store *store, const char *language,
                                      const char *text, int64_t *id, struct nl_error *err) {
    char digest[NL_HEX_LEN];
    bool found = false;
    *id = 0;
    if (text == NULL || text[0] == '\0')
        return NL_OK;
    if (strlen(text) > NL_CONSENT_WORDING_MOST)
        return nl_error_set(err, NL_DATA, NL_TEXT("the wording is longer than %d bytes"),
                            NL_CONSENT_WORDING_MOST);
    nl_digest_hex(text, strlen(text), digest);
    struct putting putting = {digest, language, text, 0};
    enum nl_status status = find(store, &putting, &found, err);
    if (status == NL_OK && !found)
        status = nl_sql_within(store, add, &putting, err);
    *id = putting.id;
    return status;
}

enum nl_status nl_consent_wording_state(struct nl_store *store, int64_t list,
                                        const char *address_key, int64_t wording,
                                        struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE subscription SET form_wording = nullif(?, 0) WHERE list = ? AND "
                      "subscriber = (SELECT id FROM subscriber WHERE address_key = ?)",
                      NL_VALUES(NL_INT(wording), NL_INT(list), NL_STRING(address_key)));
}

/* ---- reading ---- */

enum nl_status nl_consent_subscription(struct nl_store *store, int64_t subscriber, int64_t list,
                                       int64_t *id, struct nl_error *err) {
    *id = 0;
    return nl_sql_number(store, err, id, NULL,
                         "SELECT id FROM subscription WHERE subscriber = ? AND list = ?",
                         NL_VALUES(NL_INT(subscriber), NL_INT(list)));
}

struct visit {
    enum nl_status (*one)(const struct nl_consent_wording *wording, void *ctx,
                          struct nl_error *err);
    enum nl_status (*any)(const char *digest, const char *text, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_one(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    const struct visit *visit = ctx;
    const struct nl_consent_wording wording = {(enum nl_shown_on)nl_sql_int(row, 0),
                                               nl_sql_text(row, 1), nl_sql_text(row, 2),
                                               nl_sql_text(row, 3)};
    return visit->one(&wording, visit->ctx, err);
}

enum nl_status
nl_consent_wordings_each(struct nl_store *store, int64_t subscription,
                         enum nl_status (*each)(const struct nl_consent_wording *wording, void *ctx,
                                                struct nl_error *err),
                         void *ctx, struct nl_error *err) {
    return nl_sql_each(store, err, visit_one, &(struct visit){.one = each, .ctx = ctx},
                       "SELECT p.place, w.digest, w.language, w.text FROM subscription s CROSS "
                       "JOIN (SELECT 0 AS place UNION ALL SELECT 1 UNION ALL SELECT 2) AS p JOIN "
                       "wording w ON w.id = CASE p.place WHEN 0 THEN s.form_wording WHEN 1 THEN "
                       "s.mail_wording ELSE s.page_wording END WHERE s.id = ? ORDER BY p.place",
                       NL_VALUES(NL_INT(subscription)));
}

static enum nl_status visit_any(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    const struct visit *visit = ctx;
    return visit->any(nl_sql_text(row, 0), nl_sql_text(row, 1), visit->ctx, err);
}

enum nl_status nl_consent_wordings_all(struct nl_store *store,
                                       enum nl_status (*each)(const char *digest, const char *text,
                                                              void *ctx, struct nl_error *err),
                                       void *ctx, struct nl_error *err) {
    return nl_sql_each(store, err, visit_any, &(struct visit){.any = each, .ctx = ctx},
                       "SELECT digest, text FROM wording ORDER BY id", NL_NO_VALUES);
}
