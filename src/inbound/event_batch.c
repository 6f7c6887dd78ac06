#include "newsletter/inbound/event.h"

#include "inbound/json_path.h"
#include "newsletter/base/buf.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* An event's name: two members that no other event has together. The first is "" where the
 * second says it all. Paths lead through objects by dots. */
static const struct {
    const char *kind, *id;
} names[] = {
    {"event", "sg_event_id"},                                   /* SendGrid */
    {"event-data.event", "event-data.id"},                      /* Mailgun */
    {"msys.message_event.type", "msys.message_event.event_id"}, /* SparkPost */
    {"msys.gen_event.type", "msys.gen_event.event_id"},
    {"msys.unsubscribe_event.type", "msys.unsubscribe_event.event_id"},
    {"RecordType", "ID"},                      /* Postmark */
    {"notificationType", "bounce.feedbackId"}, /* Amazon SES, as notifications ... */
    {"notificationType", "complaint.feedbackId"},
    {"eventType", "bounce.feedbackId"}, /* ... and by configuration sets */
    {"eventType", "complaint.feedbackId"},
};

/* A name from the provider's own numbering; false if the event has none. */
static bool add_name(const json_t *event, struct nl_buf *out) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *kind = json_string_value(nl_json_at(event, names[i].kind));
        const json_t *id = nl_json_at(event, names[i].id);
        if (kind == NULL || (!json_is_string(id) && !json_is_integer(id)))
            continue;
        char *text = json_dumps(id, JSON_ENCODE_ANY);
        nl_buf_addf(out, "event %s %s %s", names[i].id, kind, text);
        free(text);
        return true;
    }
    return false;
}

/* The event within what is signed or wrapped around it, which differs each time it is sent. A new
 * reference. */
static json_t *core_of(json_t *event) {
    const char *inner = json_string_value(json_object_get(event, "Message")); /* SNS */
    json_t *core = inner != NULL ? json_loads(inner, 0, NULL) : NULL;
    if (json_is_object(core))
        return core;
    json_decref(core);
    json_t *data = json_object_get(event, "event-data"); /* Mailgun */
    return data != NULL ? json_pack("{s:O}", "event-data", data) : json_incref(event);
}

static enum nl_status visit(json_t *object, nl_event_visitor *each, void *ctx,
                            struct nl_error *err) {
    json_t *core = core_of(object);
    char *text = json_dumps(core, JSON_COMPACT | JSON_SORT_KEYS);
    struct nl_buf name = {0};
    struct nl_event event = {.text = text, .len = strlen(text)};
    if (!add_name(core, &name))
        nl_buf_add(&name, text, event.len);
    nl_digest(nl_buf_text(&name), name.len, event.digest);
    enum nl_status status = each(&event, ctx, err);
    nl_buf_free(&name);
    free(text);
    json_decref(core);
    return status;
}

/* Appends the objects in the text to `events`. */
static enum nl_status parse(const char *text, size_t len, json_t *events, struct nl_error *err) {
    size_t at = 0;
    while ((at += strspn(text + at, " \t\r\n")) < len) {
        json_error_t problem;
        json_t *root = json_loadb(text + at, len - at, JSON_DISABLE_EOF_CHECK, &problem);
        if (root == NULL)
            return nl_error_set(err, NL_DATA, "not JSON after byte %zu: %s", at, problem.text);
        at += (size_t)problem.position;
        if (json_is_array(root))
            json_array_extend(events, root);
        else
            json_array_append(events, root);
        json_decref(root);
    }
    for (size_t i = 0; i < json_array_size(events); i++)
        if (!json_is_object(json_array_get(events, i)))
            return nl_error_set(err, NL_DATA, "event %zu is not a JSON object", i + 1);
    return NL_OK;
}

enum nl_status nl_event_each(const char *text, size_t len, nl_event_visitor *each, void *ctx,
                             struct nl_error *err) {
    json_t *events = json_array();
    enum nl_status status = parse(text, len, events, err);
    for (size_t i = 0; status == NL_OK && i < json_array_size(events); i++)
        status = visit(json_array_get(events, i), each, ctx, err);
    json_decref(events);
    return status;
}
