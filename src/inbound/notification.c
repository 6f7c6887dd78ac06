/* Reports of mail providers as JSON: Amazon SES through SNS (in a mail or bare), the webhook events
 * of other providers, and a plain form of our own for providers that are not known here. */
#include "inbound/json_path.h"
#include "inbound/reading.h"
#include "inbound/status.h"
#include "newsletter/base/text.h"
#include "newsletter/inbound/event.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How a provider words its events. Paths lead through objects by dots. */
struct provider {
    const char *event;     /* what happened */
    const char *address;   /* to whom */
    const char *status;    /* enhanced status code; NULL for none */
    const char *texts[2];  /* what was said, the best first */
    const char *proofs[2]; /* a token of ours: in what travels with the mail, in its Message-ID */
    const char *severity;  /* more about what happened; NULL for none */
};

static const struct provider providers[] = {
    /* SparkPost */
    {"msys.message_event.type",
     "msys.message_event.rcpt_to",
     NULL,
     {"msys.message_event.raw_reason", "msys.message_event.reason"},
     {"msys.message_event.rcpt_meta.newsletter", NULL},
     NULL},
    {"msys.gen_event.type",
     "msys.gen_event.rcpt_to",
     NULL,
     {"msys.gen_event.raw_reason", "msys.gen_event.reason"},
     {"msys.gen_event.rcpt_meta.newsletter", NULL},
     NULL},
    {"msys.unsubscribe_event.type",
     "msys.unsubscribe_event.rcpt_to",
     NULL,
     {NULL, NULL},
     {"msys.unsubscribe_event.rcpt_meta.newsletter", NULL},
     NULL},
    /* Mailgun */
    {"event-data.event",
     "event-data.recipient",
     "event-data.delivery-status.enhanced-code",
     {"event-data.delivery-status.message", "event-data.delivery-status.description"},
     {"event-data.user-variables.newsletter", "event-data.message.headers.message-id"},
     "event-data.severity"},
    /* Postmark */
    {"RecordType",
     "Email",
     NULL,
     {"Details", "Description"},
     {"Metadata.newsletter", NULL},
     "Type"},
    {"RecordType", "Recipient", NULL, {NULL, NULL}, {"Metadata.newsletter", NULL}, NULL},
    /* Mailjet */
    {"event", "email", NULL, {"comment", "error"}, {"CustomID", NULL}, "error"},
    /* SendGrid */
    {"event", "email", "status", {"reason", "response"}, {"newsletter", "smtp-id"}, "type"},
    /* Brevo */
    {"event", "email", "status", {"reason", "response"}, {"X-Mailin-custom", "message-id"}, "type"},
    /* Ours */
    {"event", "address", "status", {"diagnostic", "text"}, {"message_id", NULL}, NULL},
};

enum { PROVIDERS = sizeof providers / sizeof providers[0], TEXT_LIMIT = 4096 };

static const struct {
    const char *word;
    enum nl_bounce_kind kind; /* NL_BOUNCE_SOFT: as the words say */
} events[] = {
    {"bounce", NL_BOUNCE_SOFT},
    {"bounced", NL_BOUNCE_SOFT},
    {"failed", NL_BOUNCE_SOFT},
    {"dropped", NL_BOUNCE_SOFT},
    {"blocked", NL_BOUNCE_SOFT},
    {"soft_bounce", NL_BOUNCE_SOFT},
    {"soft-bounce", NL_BOUNCE_SOFT},
    {"out_of_band", NL_BOUNCE_SOFT},
    {"policy_rejection", NL_BOUNCE_SOFT},
    {"generation_rejection", NL_BOUNCE_SOFT},
    {"generation_failure", NL_BOUNCE_SOFT},
    {"error", NL_BOUNCE_SOFT},
    {"hard_bounce", NL_BOUNCE_HARD},
    {"hard-bounce", NL_BOUNCE_HARD},
    {"invalid_email", NL_BOUNCE_HARD},
    {"invalid", NL_BOUNCE_HARD},
    {"deferred", NL_BOUNCE_DELAYED},
    {"delay", NL_BOUNCE_DELAYED},
    {"delayed", NL_BOUNCE_DELAYED},
    {"complaint", NL_BOUNCE_COMPLAINT},
    {"complained", NL_BOUNCE_COMPLAINT},
    {"spam", NL_BOUNCE_COMPLAINT},
    {"spamreport", NL_BOUNCE_COMPLAINT},
    {"spam_complaint", NL_BOUNCE_COMPLAINT},
    {"spamcomplaint", NL_BOUNCE_COMPLAINT},
    {"unsubscribe", NL_BOUNCE_UNSUBSCRIBE},
    {"unsubscribed", NL_BOUNCE_UNSUBSCRIBE},
    {"unsub", NL_BOUNCE_UNSUBSCRIBE},
    {"group_unsubscribe", NL_BOUNCE_UNSUBSCRIBE},
    {"list_unsubscribe", NL_BOUNCE_UNSUBSCRIBE},
    {"link_unsubscribe", NL_BOUNCE_UNSUBSCRIBE},
    {"subscriptionchange", NL_BOUNCE_UNSUBSCRIBE},
};

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* The kind that a provider's word stands for; NL_BOUNCE_AUTO_REPLY for what is no failure. */
static enum nl_bounce_kind kind_of(const char *word) {
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (strcasecmp(events[i].word, word) == 0)
            return events[i].kind;
    return NL_BOUNCE_AUTO_REPLY;
}

/* Whether a provider says itself that the address is dead: "HardBounce", "permanent". */
static bool says_hard(const json_t *object, const char *severity) {
    const char *word = severity != NULL ? nl_json_text_at(object, severity) : "";
    return strcasecmp(word, "HardBounce") == 0 || strcasecmp(word, "BadEmailAddress") == 0 ||
           strcasecmp(word, "user unknown") == 0 ||
           json_is_true(json_object_get(object, "hard_bounce"));
}

/* JSON may hold any control character, as an escape: the address of a text without them, or NULL;
 * the caller frees it. */
static char *address_in(const char *text) {
    char *address = nl_reading_address(text);
    if (address != NULL && nl_text_check_line(address, "an address", NULL) == NL_OK)
        return address;
    free(address);
    return NULL;
}

/* A copy of what was said, with blanks in place of control characters. */
static char *printable(const char *text) {
    char *copy = strndup(text, nl_text_fit(text, TEXT_LIMIT));
    for (char *p = copy; p != NULL && *p != '\0'; p++) {
        bool c1 = strncmp(p, "\xC2", 1) == 0 && (unsigned char)p[1] < 0xA0;
        bool separator = strncmp(p, "\xE2\x80\xA8", 3) == 0 || strncmp(p, "\xE2\x80\xA9", 3) == 0;
        if (c1 || separator)
            memset(p, ' ', c1 ? 2 : 3);
        else if (iscntrl((unsigned char)*p))
            *p = ' ';
    }
    return copy;
}

static void add_failed(struct nl_reading *reading, const char *whom, enum nl_bounce_kind kind,
                       const char *status, const char *said) {
    char found[NL_STATUS_LEN];
    char *address = address_in(whom);
    char *plain = printable(said);
    nl_status_find(status, strnlen(status, TEXT_LIMIT), found);
    reading->nomem = reading->nomem || plain == NULL;
    if (address != NULL && plain != NULL)
        nl_reading_add_failed(reading, address, kind, found, plain);
    free(address);
    free(plain);
}

/* An act of the recipient: a complaint, or leaving by the provider's own link. */
static void add_act(struct nl_reading *reading, const char *whom, enum nl_bounce_kind kind) {
    char *address = address_in(whom);
    const char *reason = kind == NL_BOUNCE_COMPLAINT ? "complaint" : "undetermined";
    const struct nl_judgement judgement = {.hard = true,
                                           .exact = true,
                                           .fault = NL_FAULT_RECIPIENT,
                                           .reason =
                                               nl_reader_reason(reading->reader, reason)->name};
    if (address != NULL)
        nl_reading_add(reading, address, kind, &judgement, NULL);
    free(address);
}

/* Postmark tells of every change of who may be mailed: of its own after a bounce or a complaint,
 * which it reports as such, and of a return. */
static bool is_about_leaving(const json_t *object) {
    return text_of(object, "RecordType")[0] == '\0' ||
           (json_is_true(json_object_get(object, "SuppressSending")) &&
            strcasecmp(text_of(object, "SuppressionReason"), "ManualSuppression") == 0 &&
            strcasecmp(text_of(object, "Origin"), "Recipient") == 0);
}

/* Takes the proof from the first text that has one. */
static void set_message_id(struct nl_reading *reading, const char *text) {
    if (reading->out->message_id == NULL && text[0] != '\0')
        reading->out->message_id = nl_reading_address(text);
}

static void add_event(struct nl_reading *reading, const json_t *object,
                      const struct provider *provider) {
    enum nl_bounce_kind kind = kind_of(nl_json_text_at(object, provider->event));
    const char *address = nl_json_text_at(object, provider->address);
    const char *said = nl_json_text_at(object, provider->texts[0]);
    struct nl_bounce *out = reading->out;
    if (said[0] == '\0')
        said = nl_json_text_at(object, provider->texts[1]);
    for (size_t i = 0; i < 2; i++)
        set_message_id(reading, nl_json_text_at(object, provider->proofs[i]));
    /* Postmark may file a complaint among the bounces. */
    if (provider->severity != NULL &&
        strcasecmp(nl_json_text_at(object, provider->severity), "SpamComplaint") == 0)
        kind = NL_BOUNCE_COMPLAINT;
    if (kind == NL_BOUNCE_UNSUBSCRIBE && !is_about_leaving(object))
        kind = NL_BOUNCE_AUTO_REPLY;
    if (kind >= NL_BOUNCE_COMPLAINT)
        add_act(reading, address, kind);
    else if (kind >= NL_BOUNCE_DELAYED)
        add_failed(reading, address, kind, nl_json_text_at(object, provider->status), said);
    out->kind = kind;
    if (out->count == 0 || kind < NL_BOUNCE_SOFT || kind >= NL_BOUNCE_COMPLAINT)
        return;
    /* Where nobody said why, the provider's word counts: it saw the reply. */
    if (!out->recipients[0].exact &&
        (kind == NL_BOUNCE_HARD || says_hard(object, provider->severity)))
        out->recipients[0].kind = NL_BOUNCE_HARD;
    out->kind = out->recipients[0].kind;
}

/* ---- Amazon SES ---- */

static void add_bounced(struct nl_reading *reading, const json_t *bounce) {
    const json_t *recipients = json_object_get(bounce, "bouncedRecipients");
    const char *subtype = text_of(bounce, "bounceSubType");
    for (size_t i = 0; i < json_array_size(recipients); i++) {
        const json_t *recipient = json_array_get(recipients, i);
        const char *said = text_of(recipient, "diagnosticCode");
        bool delayed = strcasecmp(text_of(recipient, "action"), "delayed") == 0;
        add_failed(reading, text_of(recipient, "emailAddress"),
                   delayed ? NL_BOUNCE_DELAYED : NL_BOUNCE_SOFT, text_of(recipient, "status"),
                   said[0] != '\0' ? said : subtype);
    }
    if (reading->out->count == 0)
        reading->out->kind = strcasecmp(text_of(bounce, "bounceType"), "Permanent") == 0
                                 ? NL_BOUNCE_HARD
                                 : NL_BOUNCE_SOFT;
}

static void add_complaints(struct nl_reading *reading, const json_t *complaint) {
    const json_t *recipients = json_object_get(complaint, "complainedRecipients");
    for (size_t i = 0; i < json_array_size(recipients); i++)
        add_act(reading, text_of(json_array_get(recipients, i), "emailAddress"),
                NL_BOUNCE_COMPLAINT);
    reading->out->kind = NL_BOUNCE_COMPLAINT;
}

/* SES gives mail a Message-ID of its own, and tells the fields as they were before. */
static void find_message_id(struct nl_reading *reading, const json_t *mail) {
    static const char *const names[] = {"X-Newsletter-Delivery", "Message-ID"};
    const json_t *headers = json_object_get(mail, "headers");
    for (size_t which = 0; which < 2; which++) {
        for (size_t i = 0; i < json_array_size(headers); i++) {
            const json_t *field = json_array_get(headers, i);
            if (strcasecmp(text_of(field, "name"), names[which]) == 0)
                set_message_id(reading, text_of(field, "value"));
        }
    }
}

static void read_ses(struct nl_reading *reading, const json_t *event, const char *type) {
    struct nl_bounce *out = reading->out;
    find_message_id(reading, json_object_get(event, "mail"));
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

/* ---- all ---- */

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

/* How much of a provider's form is there; 0 without an event and an address. */
static int likeness_of(const json_t *object, const struct provider *provider) {
    if (nl_json_text_at(object, provider->event)[0] == '\0' ||
        nl_json_text_at(object, provider->address)[0] == '\0')
        return 0;
    return 1 + 2 * (nl_json_text_at(object, provider->proofs[0])[0] != '\0') +
           2 * (nl_json_text_at(object, provider->proofs[1])[0] != '\0') +
           (nl_json_text_at(object, provider->texts[0])[0] != '\0') +
           (nl_json_text_at(object, provider->texts[1])[0] != '\0');
}

static bool read_object(struct nl_reading *reading, const json_t *object) {
    const char *type = text_of(object, "notificationType");
    if (type[0] == '\0')
        type = text_of(object, "eventType");
    if (type[0] != '\0') {
        read_ses(reading, object, type);
        return true;
    }
    const struct provider *best = NULL;
    int most = 0;
    for (size_t i = 0; i < PROVIDERS; i++) {
        int likeness = likeness_of(object, &providers[i]);
        if (likeness > most)
            best = &providers[i];
        most = likeness > most ? likeness : most;
    }
    if (best != NULL)
        add_event(reading, object, best);
    return best != NULL;
}

enum nl_status nl_event_read(const struct nl_bounce_reader *reader, const char *text, size_t len,
                             struct nl_bounce *out, struct nl_error *err) {
    struct nl_reading reading = {.reader = reader, .out = out, .stage = NL_JUDGE_LATER};
    *out = (struct nl_bounce){0};
    json_t *object = json_loadb(text, len, 0, NULL);
    if (object != NULL)
        object = unwrap(object);
    if (json_is_object(object))
        read_object(&reading, object);
    json_decref(object);
    return reading.nomem ? nl_error_nomem(err) : NL_OK;
}

bool nl_read_notification(struct nl_reading *reading) {
    const struct nl_part *top = &reading->mail.parts[0];
    const char *text = top->leaf && strcmp(top->type, "message/rfc822") != 0
                           ? nl_mail_text(&reading->mail, 0)
                           : NULL;
    if (text == NULL || text[strspn(text, " \t\n")] != '{')
        return false;
    char *unfolded = unfold(text);
    /* A signature of the mail system follows. */
    json_t *object = unfolded != NULL ? json_loads(unfolded, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    free(unfolded);
    if (object == NULL)
        return false;
    object = unwrap(object);
    bool found = json_is_object(object) && read_object(reading, object);
    json_decref(object);
    return found;
}
