#include "newsletter/service/messages.h"

#include "newsletter/base/address.h"
#include "newsletter/base/text.h"
#include "newsletter/report/facts.h"
#include "newsletter/store/list.h"
#include "newsletter/store/transactional.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_LIMIT = 128 };

/* ---- sending ---- */

static void add_part(struct nl_buf *out, const void *data, size_t len) {
    nl_buf_addf(out, "%zu:", len);
    nl_buf_add(out, data, len);
}

static void add_text(struct nl_buf *out, const char *text) {
    add_part(out, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

/* The digest of everything that a request says, so that a key stands for one message only. */
static enum nl_status digest_of(const struct nl_message_request *request, char out[NL_HEX_LEN],
                                struct nl_error *err) {
    struct nl_buf all = {0};
    const struct nl_message_order *order = &request->order;
    char *data =
        order->data != NULL ? json_dumps(order->data, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
    add_text(&all, request->list);
    add_text(&all, request->address);
    add_text(&all, order->template);
    add_text(&all, order->language);
    add_text(&all, data);
    for (size_t i = 0; i < order->file_count; i++) {
        add_text(&all, order->files[i].name);
        add_part(&all, order->files[i].data, order->files[i].len);
    }
    bool failed = (order->data != NULL && data == NULL);
    if (!failed)
        nl_digest_hex(nl_buf_text(&all), all.len, out);
    nl_buf_free(&all);
    free(data);
    return failed ? nl_error_nomem(err) : NL_OK;
}

/* The key belongs to the caller: two of them may use the same. */
static enum nl_status key_of(const struct nl_office *office, const char *key, struct nl_buf *out,
                             struct nl_error *err) {
    if (strlen(key) > KEY_LIMIT || key[0] == '\0')
        return nl_error_set(err, NL_DATA, "a key has 1 to %d characters", KEY_LIMIT);
    enum nl_status status = nl_text_check_line(key, "the key", err);
    nl_buf_addf(out, "%s %s", office->by != NULL ? office->by->name : "", key);
    return status;
}

static enum nl_status queue(const struct nl_office *office,
                            const struct nl_message_request *request, const struct nl_list *list,
                            const struct nl_address *address, int64_t *id, bool *repeated,
                            struct nl_error *err) {
    struct nl_message_copy copy = {0};
    struct nl_buf key = {0};
    char digest[NL_HEX_LEN];
    bool open = false;
    enum nl_status status = NL_OK;
    if (request->key != NULL)
        status = key_of(office, request->key, &key, err);
    if (status == NL_OK)
        status = digest_of(request, digest, err);
    if (status == NL_OK)
        status = nl_message_order_compose(office->config, list, &request->order, &copy, err);
    const struct nl_transactional message = {.list = list->id,
                                             .address = address,
                                             .template = request->order.template,
                                             .language = copy.language,
                                             .subject = copy.subject,
                                             .asked_by =
                                                 office->by != NULL ? office->by->name : NULL,
                                             .key = request->key != NULL ? nl_buf_text(&key) : NULL,
                                             .request = request->key != NULL ? digest : NULL,
                                             .content = copy.packed.data,
                                             .len = copy.packed.len};
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_transactional_add(office->store, &message, id, repeated, err);
    if (status == NL_OK && !*repeated)
        status = nl_office_note(office, "message send", "message", NULL, *id, err);
    status = nl_office_end(office, open, status, err);
    nl_message_copy_free(&copy);
    nl_buf_free(&key);
    return status;
}

enum nl_status nl_office_message_send(const struct nl_office *office,
                                      const struct nl_message_request *request, int64_t *id,
                                      bool *repeated, struct nl_error *err) {
    struct nl_list list = {0};
    struct nl_address address = {0};
    *id = 0;
    *repeated = false;
    enum nl_status status = nl_address_parse(request->address, &address, err);
    if (status == NL_OK)
        status = nl_list_find(office->store, request->list, &list, err);
    if (status == NL_OK)
        status = queue(office, request, &list, &address, id, repeated, err);
    nl_list_free(&list);
    nl_address_free(&address);
    return status;
}

/* ---- reading ---- */

static json_t *text_or_null(const char *text) {
    json_t *value = text != NULL ? json_string(text) : NULL;
    return value != NULL ? value : json_null(); /* a server's reply may be no UTF-8 */
}

static json_t *reply_of(const struct nl_transactional_row *row) {
    if (row->code == 0 && row->status == NULL && row->reply == NULL)
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "code",
                     row->code != 0 ? json_integer((json_int_t)row->code) : json_null(), "status",
                     text_or_null(row->status), "text", text_or_null(row->reply));
}

static enum nl_status add_facts(const struct nl_transactional_row *row, void *ctx,
                                struct nl_error *err) {
    json_t *facts = json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:s, s:I, s:o, s:o, s:o, s:o}", "id",
        (json_int_t)row->id, "list", row->list, "to", row->address, "template", row->template,
        "language", row->language, "subject", row->subject, "size", (json_int_t)row->size,
        "asked_by", text_or_null(row->asked_by), "state", nl_delivery_state_text(row->state),
        "attempts", (json_int_t)row->attempts, "created_at", nl_facts_time(row->created_at),
        "updated_at", nl_facts_time(row->updated_at), "next_attempt_at",
        nl_facts_time(row->next_attempt_at), "reply", reply_of(row));
    return json_array_append_new(ctx, facts) == 0 ? NL_OK : nl_error_nomem(err);
}

static enum nl_status gather(const struct nl_office *office,
                             const struct nl_transactional_query *query, json_t **out,
                             struct nl_error *err) {
    json_t *array = json_array();
    enum nl_status status = nl_transactional_each(office->store, query, add_facts, array, err);
    *out = status == NL_OK ? array : NULL;
    if (status != NL_OK)
        json_decref(array);
    return status;
}

enum nl_status nl_office_message_read(const struct nl_office *office, int64_t id, json_t **out,
                                      struct nl_error *err) {
    const struct nl_transactional_query query = {.id = id};
    json_t *array = NULL;
    *out = NULL;
    enum nl_status status = gather(office, &query, &array, err);
    if (status == NL_OK && json_array_size(array) == 0)
        status = nl_error_set(err, NL_NOTFOUND, "there is no message %lld", (long long)id);
    if (status == NL_OK)
        *out = json_incref(json_array_get(array, 0));
    json_decref(array);
    return status;
}

enum nl_status nl_office_messages(const struct nl_office *office,
                                  const struct nl_message_query *query, json_t **out,
                                  struct nl_error *err) {
    struct nl_address address = {0};
    enum nl_status status = NL_OK;
    *out = NULL;
    if (query->address != NULL)
        status = nl_address_parse(query->address, &address, err);
    const struct nl_transactional_query full = {.before = query->before,
                                                .list = query->list,
                                                .address_key =
                                                    query->address != NULL ? address.key : NULL,
                                                .limit = query->limit};
    if (status == NL_OK)
        status = gather(office, &full, out, err);
    nl_address_free(&address);
    return status;
}

/* ---- erasing ---- */

enum nl_status nl_office_messages_erase(const struct nl_office *office, const char *address,
                                        int64_t *count, struct nl_error *err) {
    struct nl_address parsed = {0};
    bool open = false;
    *count = 0;
    enum nl_status status = nl_address_parse(address, &parsed, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_transactional_erase(office->store, parsed.key, count, err);
    if (status == NL_OK && *count > 0)
        status = nl_office_note(office, "message erase", "address", NULL, 0, err);
    status = nl_office_end(office, open, status, err);
    nl_address_free(&parsed);
    return status;
}
