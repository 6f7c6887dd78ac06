/* Amazon SES reports of a delivery through SNS: JSON, in a mail or by a webhook. */
#include "inbound/reading.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static void add_bounced(struct nl_reading *reading, const json_t *bounce) {
    const json_t *recipients = json_object_get(bounce, "bouncedRecipients");
    const char *type = text_of(bounce, "bounceType");
    const char *subtype = text_of(bounce, "bounceSubType");
    for (size_t i = 0; i < json_array_size(recipients); i++) {
        const json_t *recipient = json_array_get(recipients, i);
        const char *said = text_of(recipient, "diagnosticCode");
        bool delayed = strcasecmp(text_of(recipient, "action"), "delayed") == 0;
        nl_reading_add_failed(reading, text_of(recipient, "emailAddress"),
                              delayed ? NL_BOUNCE_DELAYED : NL_BOUNCE_SOFT,
                              text_of(recipient, "status"), said[0] != '\0' ? said : subtype);
    }
    if (reading->out->count == 0)
        reading->out->kind = strcasecmp(type, "Permanent") == 0 ? NL_BOUNCE_HARD : NL_BOUNCE_SOFT;
}

static void add_complaints(struct nl_reading *reading, const json_t *complaint) {
    const json_t *recipients = json_object_get(complaint, "complainedRecipients");
    const struct nl_judgement judgement = {
        .hard = true,
        .exact = true,
        .fault = NL_FAULT_RECIPIENT,
        .reason = nl_reader_reason(reading->reader, "complaint")->name};
    for (size_t i = 0; i < json_array_size(recipients); i++)
        nl_reading_add(reading, text_of(json_array_get(recipients, i), "emailAddress"),
                       NL_BOUNCE_COMPLAINT, &judgement, NULL);
    reading->out->kind = NL_BOUNCE_COMPLAINT;
}

static void read_event(struct nl_reading *reading, const json_t *event) {
    const char *type = text_of(event, "notificationType");
    if (type[0] == '\0')
        type = text_of(event, "eventType");
    struct nl_bounce *out = reading->out;
    if (strcasecmp(type, "Bounce") == 0) {
        add_bounced(reading, json_object_get(event, "bounce"));
    } else if (strcasecmp(type, "Complaint") == 0) {
        add_complaints(reading, json_object_get(event, "complaint"));
    } else {
        out->kind = NL_BOUNCE_AUTO_REPLY; /* it was sent, delivered or opened: no failure */
        return;
    }
    for (size_t i = 0; i < out->count; i++)
        if (out->recipients[i].kind > out->kind)
            out->kind = out->recipients[i].kind;
}

/* SNS wraps the event in "Message", as text. */
static json_t *unwrap(json_t *object) {
    const char *inner = json_string_value(json_object_get(object, "Message"));
    json_t *event = inner != NULL ? json_loads(inner, 0, NULL) : NULL;
    if (event == NULL)
        return object;
    json_decref(object);
    return event;
}

/* Undoes how Sendmail folds long lines: "!", a line end, a blank. JSON itself has no line ends
 * within its texts. */
static char *unfold(const char *text) {
    char *out = malloc(strlen(text) + 1);
    size_t at = 0;
    for (const char *p = text; out != NULL && *p != '\0'; p++) {
        if (strncmp(p, "!\n ", 3) == 0)
            p += 2;
        else if (*p != '\n')
            out[at++] = *p;
    }
    if (out != NULL)
        out[at] = '\0';
    return out;
}

bool nl_read_notification(struct nl_reading *reading) {
    const struct nl_part *top = &reading->mail.parts[0];
    const char *text = top->leaf && strcmp(top->type, "message/rfc822") != 0
                           ? nl_mail_text(&reading->mail, 0)
                           : NULL;
    if (text == NULL || text[strspn(text, " \t\n")] != '{')
        return false;
    /* A signature of the mail system follows. */
    char *unfolded = unfold(text);
    json_t *object = unfolded != NULL ? json_loads(unfolded, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    free(unfolded);
    if (object == NULL)
        return false;
    object = unwrap(object);
    bool is_event =
        text_of(object, "notificationType")[0] != '\0' || text_of(object, "eventType")[0] != '\0';
    if (is_event)
        read_event(reading, object);
    json_decref(object);
    return is_event;
}
