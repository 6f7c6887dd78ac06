#include "newsletter/store/api_repeat.h"

#include "newsletter/db/sql.h"

#include <stdlib.h>
#include <string.h>

enum { DAY = 86400, MINUTE = 60 };

void nl_repeat_answer_free(struct nl_repeat_answer *answer) {
    free(answer->location);
    free(answer->body);
    *answer = (struct nl_repeat_answer){0};
}

struct beginning {
    const struct nl_repeat_call *call;
    enum nl_repeat *what;
    struct nl_repeat_answer *answer;
};

static enum nl_status find_call(struct nl_store *store, const struct beginning *beginning,
                                struct nl_error *err) {
    const struct nl_repeat_call *call = beginning->call;
    struct nl_repeat_answer *answer = beginning->answer;
    char hex[NL_HEX_LEN];
    char *known = NULL;
    bool found = false;
    nl_hex(call->digest, hex);
    enum nl_status status = nl_sql_first(
        store, err, &found,
        "SELECT request, status, location, body FROM api_repeat WHERE token = ? AND repeat_key = ?",
        NL_VALUES(NL_STRING(call->token), NL_STRING(call->key)),
        NL_COLUMNS(NL_INTO(&known), NL_INTO(&answer->status), NL_INTO(&answer->location),
                   NL_INTO(&answer->body)));
    *beginning->what = !found                                     ? NL_REPEAT_NEW
                       : known == NULL || strcmp(known, hex) != 0 ? NL_REPEAT_OTHER
                       : answer->status == 0                      ? NL_REPEAT_RUNNING
                                                                  : NL_REPEAT_SAME;
    free(known);
    return status;
}

static enum nl_status begin(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct beginning *beginning = ctx;
    int64_t now = nl_store_now(store);
    char hex[NL_HEX_LEN];
    nl_hex(beginning->call->digest, hex);
    enum nl_status status = nl_sql_run(
        store, err, "DELETE FROM api_repeat WHERE at < ?1 OR (status IS NULL AND at < ?2)",
        NL_VALUES(NL_INT(now - DAY), NL_INT(now - MINUTE)));
    if (status == NL_OK)
        status = find_call(store, beginning, err);
    return status == NL_OK && *beginning->what == NL_REPEAT_NEW
               ? nl_sql_run(store, err,
                            "INSERT INTO api_repeat (token, repeat_key, request, at) "
                            "VALUES (?, ?, ?, ?)",
                            NL_VALUES(NL_STRING(beginning->call->token),
                                      NL_STRING(beginning->call->key), NL_STRING(hex), NL_INT(now)))
               : status;
}

enum nl_status nl_repeat_begin(struct nl_store *store, const struct nl_repeat_call *call,
                               enum nl_repeat *what, struct nl_repeat_answer *answer,
                               struct nl_error *err) {
    struct beginning beginning = {call, what, answer};
    *what = NL_REPEAT_NEW;
    *answer = (struct nl_repeat_answer){0};
    return nl_sql_exclusive(store, begin, &beginning, err);
}

enum nl_status nl_repeat_keep(struct nl_store *store, const struct nl_repeat_call *call,
                              const struct nl_repeat_answer *answer, struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE api_repeat SET status = ?, location = ?, body = ? WHERE token = ? "
                      "AND repeat_key = ?",
                      NL_VALUES(NL_INT(answer->status), NL_STRING(answer->location),
                                NL_STRING(answer->body), NL_STRING(call->token),
                                NL_STRING(call->key)));
}

enum nl_status nl_repeat_forget(struct nl_store *store, const struct nl_repeat_call *call,
                                struct nl_error *err) {
    return nl_sql_run(store, err, "DELETE FROM api_repeat WHERE token = ? AND repeat_key = ?",
                      NL_VALUES(NL_STRING(call->token), NL_STRING(call->key)));
}
