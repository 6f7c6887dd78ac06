#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/base/zone.h"
#include "newsletter/service/kept_bounces.h"
#include "newsletter/service/suppressions.h"
#include "newsletter/template/data.h"
#include "web/staff_common.h"

#include <stdlib.h>
#include <string.h>

/* Mail that came back and was not understood: somebody reads it and decides. */

enum { BYTES_SHOWN = 65536, ROWS_SHOWN = 200 };

struct shown {
    json_t *rows;
    bool more;
};

static enum nl_status note_row(const struct nl_kept_bounce *kept, void *ctx, struct nl_error *err) {
    struct shown *shown = ctx;
    char at[NL_ZONE_TEXT_LEN];
    (void)err;
    if (json_array_size(shown->rows) == ROWS_SHOWN) {
        shown->more = true;
        return NL_OK;
    }
    json_t *one = json_object();
    nl_zone_text(kept->at, NULL, at);
    json_object_set_new(one, "id", json_integer((json_int_t)kept->id));
    nl_data_set(one, "at", at);
    json_object_set_new(one, "bytes", json_integer((json_int_t)kept->bytes));
    json_array_append_new(shown->rows, one);
    return NL_OK;
}

static enum nl_status show_list(struct nl_staff_call *call, struct nl_response *response,
                                struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct shown shown = {.rows = json_array()};
    const char *done = nl_request_query(call->request, "done");
    nl_staff_say(call, "heading", NL_TEXT("Bounces"));
    if (done != NULL && strcmp(done, "read") == 0)
        nl_staff_say(call, "done", NL_TEXT("Done."));
    enum nl_status status = nl_office_kept_bounces(&office, note_row, &shown, err);
    json_object_set_new(call->data, "more", json_boolean(shown.more));
    nl_staff_show_rows(call, "rows", shown.rows);
    return nl_staff_finish(call, status, "staff-bounces.html", response, err);
}

/* A stranger's text for people to read, line by line. */
static void add_lines(const struct nl_buf *message, struct nl_buf *out) {
    size_t len = message->len < BYTES_SHOWN ? message->len : BYTES_SHOWN;
    const char *at = nl_buf_text(message);
    for (const char *end = at + len; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t line = (size_t)((stop != NULL ? stop : end) - at);
        nl_text_add_printable(out, at, line > 0 && at[line - 1] == '\r' ? line - 1 : line);
        nl_buf_addc(out, '\n');
        at += line + 1;
    }
}

static enum nl_status show_message(struct nl_staff_call *call, int64_t id,
                                   struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct nl_buf message = {0};
    struct nl_buf text = {0};
    enum nl_status status = nl_office_kept_bounce_read(&office, id, &message, err);
    if (status == NL_OK) {
        add_lines(&message, &text);
        nl_staff_say(call, "heading", NL_TEXT("Bounces"));
        json_object_set_new(call->data, "id", json_integer((json_int_t)id));
        json_object_set_new(call->data, "cut", json_boolean(message.len > BYTES_SHOWN));
        nl_data_set(call->data, "message", nl_buf_text(&text));
        nl_data_set(call->data, "address", nl_site_field(call->request, "address"));
    }
    nl_buf_free(&message);
    nl_buf_free(&text);
    if (status == NL_NOTFOUND) {
        nl_error_free(err);
        return nl_staff_no_page(call, response, err);
    }
    return nl_staff_finish(call, status, "staff-bounce.html", response, err);
}

/* ---- deciding ---- */

/* A message may name an address that is dead: it is never mailed again. */
static enum nl_status carry_out(const struct nl_staff_call *call, int64_t id,
                                struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *action = nl_site_field(call->request, "action");
    struct nl_suppressed suppressed = {0};
    enum nl_status status = NL_OK;
    if (strcmp(action, "suppress") == 0)
        status = nl_office_suppress(&office, nl_site_field(call->request, "address"),
                                    "a bounce that staff have read", &suppressed, err);
    else if (strcmp(action, "dismiss") != 0)
        status = nl_error_set(err, NL_DATA, "'%s' is not an action", action);
    nl_suppressed_free(&suppressed);
    return status == NL_OK ? nl_office_kept_bounce_dismiss(&office, id, err) : status;
}

static enum nl_status act(struct nl_staff_call *call, int64_t id, struct nl_response *response,
                          struct nl_error *err) {
    enum nl_status status = carry_out(call, id, err);
    if (status != NL_OK && nl_staff_explains(call, status, response, err))
        return show_message(call, id, response, err);
    json_decref(call->data);
    return status == NL_OK ? nl_staff_redirect(call->staff, "/bounces?done=read", response, err)
                           : status;
}

enum nl_status nl_bounces_call(struct nl_staff_call *call, const char *rest,
                               struct nl_response *response, struct nl_error *err) {
    bool ok = false;
    bool post = nl_request_is_post(call->request);
    int64_t id = 0;
    enum nl_status status = nl_people_everywhere(call, &ok, err);
    if (status != NL_OK)
        return status;
    if (!ok)
        return nl_staff_forbidden(call, response, err);
    if (rest[0] == '\0' && !post)
        return show_list(call, response, err);
    if (rest[0] == '\0' || !nl_text_integer(rest + 1, &id) || id <= 0)
        return nl_staff_no_page(call, response, err);
    return post ? act(call, id, response, err) : show_message(call, id, response, err);
}
