#include "newsletter/store/vouched_login.h"

#include "newsletter/base/token.h"
#include "newsletter/db/sql.h"
#include "store/challenge.h"

#include <string.h>

static enum nl_status use_state(struct nl_store *store, void *context, struct nl_error *err) {
    return nl_challenge_use_up(store, context, "the login came too late, or was answered before",
                               err);
}

enum nl_status nl_openid_use_state(struct nl_store *store, const char *state,
                                   struct nl_error *err) {
    return nl_sql_exclusive(store, use_state, (void *)state, err);
}

struct entering {
    const char *name;
    const struct nl_login_place *place;
    int64_t lifetime;
    struct nl_token *session;
    enum nl_login result;
};

static enum nl_status enter(struct nl_store *store, void *context, struct nl_error *err) {
    struct entering *entering = context;
    return nl_staff_session_begin(store, entering->name, true, entering->place, entering->lifetime,
                                  entering->session, &entering->result, err);
}

/* One that somebody else has made a moment before is the same. */
static enum nl_status make_account(struct nl_store *store, const char *name, enum nl_role role,
                                   const struct nl_login_place *place, struct nl_error *err) {
    const struct nl_actor by = {.name = name, .door = "browser", .client = place->client};
    struct nl_token password;
    nl_token_new(nl_store_env(store), &password);
    enum nl_status status = nl_staff_add(store, name, password.text, role, &by, err);
    explicit_bzero(&password, sizeof password);
    if (status != NL_EXISTS)
        return status;
    nl_error_free(err);
    return NL_OK;
}

enum nl_status nl_openid_enter(struct nl_store *store, const char *name, const enum nl_role *role,
                               const struct nl_login_place *place, int64_t lifetime,
                               enum nl_login *login, struct nl_token *session,
                               struct nl_error *err) {
    struct entering entering = {name, place, lifetime, session, NL_LOGIN_NONE};
    enum nl_status status = nl_staff_check_name(name, err);
    if (status == NL_OK)
        status = nl_sql_exclusive(store, enter, &entering, err);
    if (status == NL_OK && entering.result == NL_LOGIN_NONE && role != NULL) {
        status = make_account(store, name, *role, place, err);
        if (status == NL_OK)
            status = nl_sql_exclusive(store, enter, &entering, err);
    }
    *login = status == NL_OK ? entering.result : NL_LOGIN_NONE;
    return status;
}
