#include "newsletter/service/api_tokens.h"

#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/store/api_token.h"
#include "newsletter/store/list.h"

#include <stdio.h>
#include <string.h>

enum { WORD = 128 };

/* The next word of a text with spaces; "" at its end, or where it is longer than any name. */
static const char *next_word(const char *at, char word[WORD]) {
    at += strspn(at, " ");
    size_t len = strcspn(at, " ");
    snprintf(word, WORD, "%.*s", (int)len, at);
    return at + len;
}

static enum nl_status read_scopes(const char *text, struct nl_api_token *wanted,
                                  struct nl_error *err) {
    char word[WORD];
    enum nl_status status = NL_OK;
    wanted->scopes = NL_API_READ;
    for (const char *at = next_word(text, word); status == NL_OK && word[0] != '\0';
         at = next_word(at, word))
        status = nl_api_scope_add(word, &wanted->scopes, err);
    return status;
}

enum nl_status nl_office_token_check_scopes(const char *words, struct nl_error *err) {
    struct nl_api_token ignored = {0};
    return read_scopes(words, &ignored, err);
}

static enum nl_status read_lists(const struct nl_office *office, const char *text,
                                 struct nl_api_token *wanted, struct nl_error *err) {
    char word[WORD];
    size_t len = 0;
    enum nl_status status = NL_OK;
    for (const char *at = next_word(text, word); status == NL_OK && word[0] != '\0';
         at = next_word(at, word)) {
        struct nl_list list = {0};
        status = nl_list_find(office->store, word, &list, err);
        nl_list_free(&list);
        if (status == NL_OK && len + strlen(word) + 2 > sizeof wanted->lists)
            status = nl_error_set(err, NL_DATA, "a token cannot name so many lists");
        if (status == NL_OK)
            len += (size_t)snprintf(wanted->lists + len, sizeof wanted->lists - len, "%s%s",
                                    len > 0 ? " " : "", word);
    }
    return status;
}

enum nl_status nl_office_token_add(const struct nl_office *office, const struct nl_token_wish *wish,
                                   struct nl_token *out, struct nl_error *err) {
    bool open = false;
    struct nl_api_token wanted = {0};
    if (strlen(wish->name) > NL_STAFF_NAME)
        return nl_error_set(err, NL_DATA, NL_TEXT("the name is longer than %d characters"),
                            NL_STAFF_NAME);
    snprintf(wanted.name, sizeof wanted.name, "%s", wish->name);
    snprintf(wanted.owner, sizeof wanted.owner, "%s", wish->owner != NULL ? wish->owner : "");
    enum nl_status status = read_scopes(wish->scopes, &wanted, err);
    if (status == NL_OK)
        status = read_lists(office, wish->lists, &wanted, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_api_token_add(office->store, &wanted, wish->lifetime, out, err);
    if (status == NL_OK)
        status = nl_office_note(office, "token add", "token", wanted.name, 0, err);
    return nl_office_end(office, open, status, err);
}

enum nl_status nl_office_token_end(const struct nl_office *office, const char *name,
                                   struct nl_error *err) {
    bool open = false;
    enum nl_status status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_api_token_remove(office->store, name, err);
    if (status == NL_OK)
        status = nl_office_note(office, "token end", "token", name, 0, err);
    return nl_office_end(office, open, status, err);
}

static enum nl_status add_token(const struct nl_api_token *token, void *ctx, struct nl_error *err) {
    struct nl_buf scopes = {0};
    nl_api_scope_words(token->scopes, &scopes);
    json_t *facts = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "name", token->name, "owner", token->owner, "scopes",
        nl_buf_text(&scopes), "lists", token->lists, "created_at", nl_facts_time(token->created_at),
        "expires_at", nl_facts_time(token->expires_at), "used_at", nl_facts_time(token->used_at));
    nl_buf_free(&scopes);
    return json_array_append_new(ctx, facts) == 0 ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_office_tokens(const struct nl_office *office, json_t **out,
                                struct nl_error *err) {
    json_t *array = json_array();
    enum nl_status status = nl_api_token_each(office->store, add_token, array, err);
    *out = status == NL_OK ? array : NULL;
    if (status != NL_OK)
        json_decref(array);
    return status;
}
