#include "newsletter/store/list.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/address.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/language.h"
#include "newsletter/base/text.h"
#include "newsletter/base/token.h"
#include "newsletter/db/sql.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LIMIT = 64, TEXT_LIMIT = 500 };

#define COLUMNS                                                                                    \
    "id, uuid, name, title, list_id, sender, reply_to, owner, language, archive_url, "             \
    "subscribe_url, postal_address, private"

/* In the order of COLUMNS, after the id. */
static char **text_fields(struct nl_list *list, size_t at) {
    char **fields[] = {&list->uuid,          &list->name,          &list->title,
                       &list->list_id,       &list->sender,        &list->reply_to,
                       &list->owner,         &list->language,      &list->archive_url,
                       &list->subscribe_url, &list->postal_address};
    return at < sizeof fields / sizeof fields[0] ? fields[at] : NULL;
}

void nl_list_free(struct nl_list *list) {
    for (size_t i = 0; text_fields(list, i) != NULL; i++)
        free(*text_fields(list, i));
    *list = (struct nl_list){0};
}

static bool is_name(const char *text) {
    size_t len = strlen(text);
    return len > 0 && len <= NAME_LIMIT && text[0] != '-' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* RFC 2919 section 2: a dot-atom; ours always has a dot. */
static bool is_list_id(const char *text) {
    size_t len = strlen(text);
    if (len == 0 || len > 255 || strchr(text, '.') == NULL || text[0] == '.' ||
        text[len - 1] == '.' || strstr(text, "..") != NULL)
        return false;
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && strchr(".-_", *p) == NULL)
            return false;
    return true;
}

static enum nl_status check_address(const char *text, const char *what, struct nl_error *err) {
    struct nl_address address = {0};
    if (text == NULL)
        return NL_OK;
    enum nl_status status = nl_address_parse(text, &address, err);
    nl_address_free(&address);
    return status == NL_OK ? NL_OK : nl_error_context(err, "%s", what);
}

static enum nl_status check_url(const char *text, const char *what, struct nl_error *err) {
    if (text == NULL || nl_text_is_http_url(text))
        return NL_OK;
    return nl_error_set(err, NL_DATA, NL_TEXT("%s '%s' is not an http(s) URL"), what, text);
}

static void fill_defaults(struct nl_list *list, const char *domain) {
    if (list->title == NULL)
        list->title = nl_strdup(list->name);
    if (list->language == NULL)
        list->language = nl_strdup("en");
    if (list->list_id == NULL) {
        struct nl_buf id = {0};
        nl_buf_addf(&id, "%s.%s", list->name, domain);
        list->list_id = nl_buf_take(&id);
    }
}

enum nl_status nl_list_check(struct nl_list *list, struct nl_error *err) {
    char *name = NULL;
    struct nl_address sender = {0};
    if (list->name == NULL || !is_name(list->name))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("'%s' is not a list name: use up to %d of a-z, 0-9 and -"),
                            list->name != NULL ? list->name : "", NAME_LIMIT);
    if (list->sender == NULL)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("a list needs a sender: give --from 'Name <address>'"));
    enum nl_status status = nl_mailbox_parse(list->sender, &name, &sender, err);
    if (status == NL_OK && sender.smtputf8)
        status =
            nl_error_set(err, NL_DATA, NL_TEXT("the sender's address must be ASCII before the @"));
    if (status == NL_OK)
        fill_defaults(list, sender.domain);
    for (size_t i = 0; status == NL_OK && text_fields(list, i) != NULL; i++) {
        const char *text = *text_fields(list, i);
        if (text != NULL)
            status = nl_text_check_label(text, NL_TEXT_IN("error", "a list setting"), err);
        if (status == NL_OK && text != NULL && strlen(text) > TEXT_LIMIT &&
            !nl_text_is_http_url(text))
            status = nl_error_set(err, NL_DATA, NL_TEXT("a list setting is longer than %d bytes"),
                                  TEXT_LIMIT);
    }
    if (status == NL_OK && !is_list_id(list->list_id))
        status = nl_error_set(err, NL_DATA,
                              NL_TEXT("'%s' is not a List-Id: write it as news.example.org"),
                              list->list_id);
    if (status == NL_OK && !nl_language_is_tag(list->language))
        status = nl_error_set(err, NL_DATA, NL_TEXT("'%s' is not a language tag such as en or kk"),
                              list->language);
    if (status == NL_OK)
        status = check_address(list->reply_to, NL_TEXT_IN("error", "reply-to"), err);
    if (status == NL_OK)
        status = check_address(list->owner, NL_TEXT_IN("error", "owner"), err);
    if (status == NL_OK)
        status = check_url(list->archive_url, NL_TEXT_IN("error", "archive URL"), err);
    if (status == NL_OK)
        status = check_url(list->subscribe_url, NL_TEXT_IN("error", "subscribe URL"), err);
    free(name);
    nl_address_free(&sender);
    return status;
}

enum nl_status nl_list_add(struct nl_store *store, struct nl_list *list, struct nl_error *err) {
    struct nl_token token;
    nl_token_new(nl_store_env(store), &token);
    free(list->uuid);
    list->uuid = nl_strdup(token.text);
    enum nl_status status = nl_sql_insert(
        store, err, &list->id,
        "INSERT INTO list (uuid, name, title, list_id, sender, reply_to, owner, language, "
        "archive_url, subscribe_url, postal_address, private, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        NL_VALUES(NL_STRING(list->uuid), NL_STRING(list->name), NL_STRING(list->title),
                  NL_STRING(list->list_id), NL_STRING(list->sender), NL_STRING(list->reply_to),
                  NL_STRING(list->owner), NL_STRING(list->language), NL_STRING(list->archive_url),
                  NL_STRING(list->subscribe_url), NL_STRING(list->postal_address),
                  NL_INT(list->is_private), NL_INT(nl_store_now(store))));
    return status != NL_OK && nl_sql_is_duplicate(store)
               ? nl_error_set(err, NL_EXISTS,
                              NL_TEXT("there is a list '%s' already: change it with 'list edit'"),
                              list->name)
               : status;
}

enum nl_status nl_list_update(struct nl_store *store, const struct nl_list *list,
                              struct nl_error *err) {
    return nl_sql_run(
        store, err,
        "UPDATE list SET title = ?, list_id = ?, sender = ?, reply_to = ?, "
        "owner = ?, language = ?, archive_url = ?, subscribe_url = ?, "
        "postal_address = ?, private = ? WHERE id = ?",
        NL_VALUES(NL_STRING(list->title), NL_STRING(list->list_id), NL_STRING(list->sender),
                  NL_STRING(list->reply_to), NL_STRING(list->owner), NL_STRING(list->language),
                  NL_STRING(list->archive_url), NL_STRING(list->subscribe_url),
                  NL_STRING(list->postal_address), NL_INT(list->is_private), NL_INT(list->id)));
}

enum nl_status nl_list_rename(struct nl_store *store, int64_t list, const char *name,
                              struct nl_error *err) {
    if (!is_name(name))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("'%s' is not a list name: use up to %d of a-z, 0-9 and -"),
                            name, NAME_LIMIT);
    enum nl_status status = nl_sql_run(store, err, "UPDATE list SET name = ? WHERE id = ?",
                                       NL_VALUES(NL_STRING(name), NL_INT(list)));
    return status != NL_OK && nl_sql_is_duplicate(store)
               ? nl_error_set(err, NL_EXISTS, NL_TEXT("there is a list '%s' already"), name)
               : status;
}

/* All columns of COLUMNS. */
static enum nl_status read_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct nl_list *out = context;
    enum nl_status status = nl_sql_read(
        row,
        NL_COLUMNS(NL_INTO(&out->id), NL_INTO(&out->uuid), NL_INTO(&out->name),
                   NL_INTO(&out->title), NL_INTO(&out->list_id), NL_INTO(&out->sender),
                   NL_INTO(&out->reply_to), NL_INTO(&out->owner), NL_INTO(&out->language),
                   NL_INTO(&out->archive_url), NL_INTO(&out->subscribe_url),
                   NL_INTO(&out->postal_address), NL_INTO(&out->is_private)),
        err);
    if (status != NL_OK)
        nl_list_free(out);
    return status;
}

struct lists {
    struct nl_list *items;
    size_t count;
};

static enum nl_status add_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct lists *lists = context;
    struct nl_list *grown = nl_realloc(lists->items, (lists->count + 1) * sizeof *grown);
    lists->items = grown;
    grown[lists->count] = (struct nl_list){0};
    enum nl_status status = read_row(row, &grown[lists->count], err);
    lists->count += status == NL_OK;
    return status;
}

/* All are read first: `each` may write, and a statement left open would hold an old snapshot. */
enum nl_status nl_list_each(struct nl_store *store,
                            enum nl_status (*each)(const struct nl_list *list, void *ctx,
                                                   struct nl_error *err),
                            void *ctx, struct nl_error *err) {
    struct lists lists = {0};
    enum nl_status status = nl_sql_each(store, err, add_row, &lists,
                                        "SELECT " COLUMNS " FROM list ORDER BY name", NL_NO_VALUES);
    for (size_t i = 0; status == NL_OK && i < lists.count; i++)
        status = each(&lists.items[i], ctx, err);
    for (size_t i = 0; i < lists.count; i++)
        nl_list_free(&lists.items[i]);
    free(lists.items);
    return status;
}

void nl_list_describe(const struct nl_list *list, struct nl_buf *out) {
    struct nl_list copy = *list;
    nl_buf_addf(out, "%lld %d", (long long)list->id, list->is_private);
    for (size_t i = 0; text_fields(&copy, i) != NULL; i++) {
        const char *text = *text_fields(&copy, i);
        nl_buf_addf(out, " %zu:%s", text != NULL ? strlen(text) : 0, text != NULL ? text : "-");
    }
    nl_buf_addc(out, '\n');
}

static enum nl_status add_name(const struct nl_list *list, void *ctx, struct nl_error *err) {
    (void)err;
    struct nl_buf *names = ctx;
    nl_buf_addf(names, "%s%s", names->len > 0 ? ", " : "", list->name);
    return NL_OK;
}

/* An unknown or missing name is answered with the names there are. */
static enum nl_status not_found(struct nl_store *store, const char *name, struct nl_error *err) {
    struct nl_buf names = {0};
    enum nl_status status = nl_list_each(store, add_name, &names, err);
    if (status == NL_OK && names.len == 0)
        status = nl_error_set(err, NL_NOTFOUND,
                              "there is no list yet: make one with 'newsletter list add'");
    else if (status == NL_OK && name == NULL)
        status =
            nl_error_set(err, NL_USAGE, "which list? give --list, one of: %s", nl_buf_text(&names));
    else if (status == NL_OK)
        status = nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no list '%s'; there are: %s"),
                              name, nl_buf_text(&names));
    nl_buf_free(&names);
    return status;
}

enum nl_status nl_list_find(struct nl_store *store, const char *name, struct nl_list *out,
                            struct nl_error *err) {
    *out = (struct nl_list){0};
    enum nl_status status =
        nl_sql_each(store, err, read_row, out,
                    "SELECT " COLUMNS " FROM list WHERE name = ?1 OR (?1 IS NULL AND "
                    "(SELECT count(*) FROM list) = 1)",
                    NL_VALUES(NL_STRING(name)));
    return status == NL_OK && out->id == 0 ? not_found(store, name, err) : status;
}

enum nl_status nl_list_get(struct nl_store *store, int64_t id, struct nl_list *out,
                           struct nl_error *err) {
    *out = (struct nl_list){0};
    enum nl_status status =
        nl_sql_each(store, err, read_row, out, "SELECT " COLUMNS " FROM list WHERE id = ?",
                    NL_VALUES(NL_INT(id)));
    return status == NL_OK && out->id == 0 ? nl_error_set(err, NL_NOTFOUND, NL_TEXT("no such list"))
                                           : status;
}

enum nl_status nl_list_count(struct nl_store *store, int64_t id, struct nl_list_counts *out,
                             struct nl_error *err) {
    return nl_sql_first(
        store, err, NULL,
        "SELECT count(*) FILTER (WHERE state = 'pending'), "
        "count(*) FILTER (WHERE state = 'active'), "
        "count(*) FILTER (WHERE state = 'unsubscribed'), "
        "count(*) FILTER (WHERE state = 'bounced'), "
        "count(*) FILTER (WHERE state = 'complained') FROM subscription WHERE list = ?",
        NL_VALUES(NL_INT(id)),
        NL_COLUMNS(NL_INTO(&out->pending), NL_INTO(&out->active), NL_INTO(&out->unsubscribed),
                   NL_INTO(&out->bounced), NL_INTO(&out->complained)));
}
