/* Reports of mail providers as JSON: Amazon SES through SNS (in a mail or bare), the webhook events
 * of other providers, and a plain form of our own for providers that are not known here. */
#include "inbound/json_path.h"
#include "inbound/provider_word.h"
#include "inbound/reading.h"
#include "inbound/status.h"
#include "newsletter/base/memory.h"
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
    const char *word;      /* by which the provider sorts what happened; NULL for none */
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
     "event-data.reason"},
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
    {"event",
     "email",
     "status",
     {"reason", "response"},
     {"newsletter", "smtp-id"},
     "bounce_classification"},
    /* Brevo */
    {"event", "email", "status", {"reason", "response"}, {"X-Mailin-custom", "message-id"}, "type"},
    /* Ours */
    {"event", "address", "status", {"diagnostic", "text"}, {"message_id", NULL}, NULL},
};

enum { PROVIDERS = sizeof providers / sizeof providers[0], TEXT_LIMIT = 4096, WORD_LIMIT = 64 };

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
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
    char *copy = nl_strndup(text, nl_text_fit(text, TEXT_LIMIT));
    for (char *p = copy; *p != '\0'; p++) {
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
    if (address != NULL)
        nl_reading_add_failed(reading, address, kind, found, plain);
    free(address);
    free(plain);
}

/* Where nothing that was said tells why, the provider's word for it may; both are kept. */
static void add_word(struct nl_reading *reading, const char *whom, enum nl_bounce_kind kind,
                     const char *said, const char *word) {
    struct nl_buf text = {0};
    if (word[0] == '\0' || strlen(word) > WORD_LIMIT || !nl_reading_lacks_reason(reading))
        return;
    bool more = said[0] != '\0' && strcasecmp(said, word) != 0;
    nl_buf_add(&text, said, more ? nl_text_fit(said, TEXT_LIMIT / 2) : 0);
    nl_buf_adds(&text, more ? " (" : "");
    nl_provider_word_add(word, &text);
    nl_buf_adds(&text, more ? ")" : "");
    add_failed(reading, whom, kind, "", nl_buf_text(&text));
    nl_buf_free(&text);
}

/* Whether nobody said why, and nothing that was said leaves the address out of it: our reputation,
 * the message or the network may be the reason, however vaguely that was put. */
static bool is_open(const struct nl_bounce_recipient *recipient) {
    return !recipient->exact && recipient->kind != NL_BOUNCE_DELAYED &&
           (recipient->fault == NL_FAULT_NONE || recipient->fault == NL_FAULT_RECIPIENT);
}

/* The provider's verdict counts then: it saw the reply. */
static void trust_verdict(struct nl_reading *reading, bool hard) {
    for (size_t i = 0; hard && i < reading->out->count; i++)
        if (is_open(&reading->out->recipients[i]))
            reading->out->recipients[i].kind = NL_BOUNCE_HARD;
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

/* The kind of an event. Words for acts of the recipient stand for them whatever the event is
 * called: Postmark may file a complaint among the bounces, others tell why they have not even
 * tried. */
static enum nl_bounce_kind kind_of_event(const json_t *object, const struct provider *provider,
                                         const char *said, const char *word) {
    enum nl_bounce_kind kind = nl_provider_event_kind(nl_json_text_at(object, provider->event));
    enum nl_bounce_kind of_word = nl_provider_word_kind(word);
    if (of_word < NL_BOUNCE_COMPLAINT)
        of_word = nl_provider_word_kind(said);
    if (of_word >= NL_BOUNCE_COMPLAINT && (kind == NL_BOUNCE_SOFT || kind == NL_BOUNCE_HARD))
        return of_word;
    return kind == NL_BOUNCE_UNSUBSCRIBE && !is_about_leaving(object) ? NL_BOUNCE_AUTO_REPLY : kind;
}

static void add_event(struct nl_reading *reading, const json_t *object,
                      const struct provider *provider) {
    const char *address = nl_json_text_at(object, provider->address);
    const char *said = nl_json_text_at(object, provider->texts[0]);
    const char *word = provider->word != NULL ? nl_json_text_at(object, provider->word) : "";
    struct nl_bounce *out = reading->out;
    if (said[0] == '\0')
        said = nl_json_text_at(object, provider->texts[1]);
    for (size_t i = 0; i < 2; i++)
        set_message_id(reading, nl_json_text_at(object, provider->proofs[i]));
    enum nl_bounce_kind kind = kind_of_event(object, provider, said, word);
    if (kind >= NL_BOUNCE_COMPLAINT)
        add_act(reading, address, kind);
    else if (kind >= NL_BOUNCE_DELAYED)
        add_failed(reading, address, kind, nl_json_text_at(object, provider->status), said);
    if (kind >= NL_BOUNCE_DELAYED && kind < NL_BOUNCE_COMPLAINT)
        add_word(reading, address, kind, said, word[0] != '\0' ? word : said);
    out->kind = kind;
    if (out->count == 0 || kind < NL_BOUNCE_SOFT || kind >= NL_BOUNCE_COMPLAINT)
        return;
    trust_verdict(reading, kind == NL_BOUNCE_HARD ||
                               nl_provider_word_kind(word) == NL_BOUNCE_HARD ||
                               nl_provider_word_kind(said) == NL_BOUNCE_HARD ||
                               json_is_true(json_object_get(object, "hard_bounce")));
    out->kind = out->recipients[0].kind;
}

/* ---- Amazon SES ---- */

static void add_bounced(struct nl_reading *reading, const json_t *bounce) {
    const json_t *recipients = json_object_get(bounce, "bouncedRecipients");
    const char *subtype = text_of(bounce, "bounceSubType");
    bool permanent = strcasecmp(text_of(bounce, "bounceType"), "Permanent") == 0;
    enum nl_bounce_kind of_word = nl_provider_word_kind(subtype);
    for (size_t i = 0; i < json_array_size(recipients); i++) {
        const json_t *recipient = json_array_get(recipients, i);
        const char *whom = text_of(recipient, "emailAddress");
        const char *said = text_of(recipient, "diagnosticCode");
        bool delayed = strcasecmp(text_of(recipient, "action"), "delayed") == 0;
        enum nl_bounce_kind kind = delayed ? NL_BOUNCE_DELAYED : NL_BOUNCE_SOFT;
        if (of_word >= NL_BOUNCE_COMPLAINT) {
            add_act(reading, whom, of_word);
            continue;
        }
        add_failed(reading, whom, kind, text_of(recipient, "status"),
                   said[0] != '\0' ? said : subtype);
        add_word(reading, whom, kind, said, subtype);
    }
    if (of_word < NL_BOUNCE_COMPLAINT)
        trust_verdict(reading, permanent || of_word == NL_BOUNCE_HARD);
    if (reading->out->count == 0)
        reading->out->kind = permanent ? NL_BOUNCE_HARD : NL_BOUNCE_SOFT;
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
    char *out = nl_malloc(strlen(text) + 1);
    size_t at = 0;
    for (const char *p = text; *p != '\0'; p++) {
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

void nl_event_read(const struct nl_bounce_reader *reader, const char *text, size_t len,
                   struct nl_bounce *out) {
    struct nl_reading reading = {.reader = reader, .out = out, .stage = NL_JUDGE_LATER};
    *out = (struct nl_bounce){0};
    json_t *object = json_loadb(text, len, 0, NULL);
    if (object != NULL)
        object = unwrap(object);
    if (json_is_object(object))
        read_object(&reading, object);
    json_decref(object);
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
