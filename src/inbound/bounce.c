#include "inbound/aggregate.h"
#include "inbound/reading.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/base/token_find.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ANSWERS = 20, DOMAIN_LIMIT = 253 };

static const char *const kind_names[] = {"unknown", "auto-reply", "delayed",     "soft",
                                         "hard",    "complaint",  "unsubscribe", "report"};

const char *nl_bounce_kind_name(enum nl_bounce_kind kind) {
    return kind_names[kind];
}

/* Where the message itself was sent: a return path with a token may be among them. */
static void read_sent_to(struct nl_reading *reading) {
    static const char *const names[] = {
        "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "X-Delivered-To"};
    struct nl_bounce *out = reading->out;
    out->sent_to = nl_calloc(sizeof names / sizeof names[0], sizeof *out->sent_to);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *value = nl_mail_field(&reading->mail.parts[0], names[i]);
        char *address = value != NULL ? nl_reading_address(value) : NULL;
        if (address != NULL)
            out->sent_to[out->sent_to_count++] = address;
        free(value);
    }
}

static void read_message_id(struct nl_reading *reading) {
    for (size_t i = 1; i < reading->mail.count && reading->out->message_id == NULL; i++) {
        char *value = nl_reading_returned_field(reading, i, "Message-ID");
        if (value != NULL)
            reading->out->message_id = nl_reading_address(value);
        free(value);
    }
}

/* RFC 5322 section 3.6.4. */
static void read_answers(struct nl_reading *reading) {
    static const char *const names[] = {"In-Reply-To", "References"};
    struct nl_bounce *out = reading->out;
    out->answers = nl_calloc(ANSWERS, sizeof *out->answers);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t at = 0;
        char *value = nl_mail_field(&reading->mail.parts[0], names[i]);
        char *id = NULL;
        while (value != NULL && out->answers_count < ANSWERS &&
               (id = nl_reading_next_address(value, strlen(value), &at)) != NULL)
            out->answers[out->answers_count++] = id;
        free(value);
    }
}

/* "unsubscribe TOKEN" as the subject, as our List-Unsubscribe field asks for it. Mail programs may
 * have changed it like any other link. */
static bool read_unsubscribe(struct nl_reading *reading, const char *subject) {
    const char *word = strcasestr(subject, "unsubscribe");
    if (word == NULL || !nl_token_find(word + sizeof "unsubscribe" - 1, &reading->out->unsubscribe))
        return false;
    reading->out->kind = NL_BOUNCE_UNSUBSCRIBE;
    return true;
}

/* RFC 3834 section 5, and what was there before it. */
static bool is_automatic(const struct nl_reading *reading) {
    static const char *const marks[] = {"X-Autoreply",      "X-Autorespond",
                                        "X-Autoresponder",  "X-AutoReply-From",
                                        "X-Mail-Autoreply", "X-Auto-Response-From"};
    const struct nl_part *top = &reading->mail.parts[0];
    char *submitted = nl_mail_field(top, "Auto-Submitted");
    char *precedence = nl_mail_field(top, "Precedence");
    bool found =
        (submitted != NULL && strncasecmp(submitted, "auto-", 5) == 0) ||
        (precedence != NULL && strcasecmp(precedence, "auto_reply") == 0) ||
        (top->report_type != NULL && strcasecmp(top->report_type, "disposition-notification") == 0);
    free(submitted);
    free(precedence);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0] && !found; i++) {
        char *value = nl_mail_field(top, marks[i]);
        found = value != NULL && strcasecmp(value, "no") != 0;
        free(value);
    }
    return found;
}

/* Whether a field names a sender of bounces, if only by the part of its address before the @. */
static bool is_daemon(struct nl_reading *reading, char *field) {
    for (char *p = field; p != NULL && *p != '\0'; p++)
        if (*p == '@')
            *p = ' ';
    return field != NULL && nl_reading_is(reading, field, NL_SORT_DAEMON);
}

/* An answer of somebody's program to a message: it has an empty return path as bounces do (RFC 3834
 * section 3.3), and may name others ("write to ben@example.org instead"). */
static bool is_automatic_answer(const struct nl_reading *reading) {
    char *submitted = nl_mail_field(&reading->mail.parts[0], "Auto-Submitted");
    bool answer =
        submitted != NULL ? strncasecmp(submitted, "auto-replied", 12) == 0 : is_automatic(reading);
    free(submitted);
    return answer;
}

static bool looks_returned(struct nl_reading *reading, const char *subject) {
    const struct nl_part *top = &reading->mail.parts[0];
    char *from = nl_mail_field(top, "From");
    char *path = nl_mail_field(top, "Return-Path");
    char *failed = nl_mail_field(top, "X-Failed-Recipients");
    bool empty_path = path != NULL && strcmp(path, "<>") == 0;
    bool returned = failed != NULL || (empty_path && !is_automatic_answer(reading)) ||
                    (nl_reading_is(reading, subject, NL_SORT_SUBJECT) &&
                     !nl_reading_is(reading, subject, NL_SORT_ANSWER)) ||
                    is_daemon(reading, from) || is_daemon(reading, path);
    free(from);
    free(path);
    free(failed);
    return returned;
}

/* A message about a delivery: in a form that machines read, or in prose. */
static void read_failures(struct nl_reading *reading, const char *subject, bool away) {
    struct nl_bounce *out = reading->out;
    bool report = nl_read_delivery_status(reading);
    bool nothing = out->count == 0 && out->kind == NL_BOUNCE_UNKNOWN;
    if (nothing && !away && looks_returned(reading, subject))
        nl_read_prose(reading, false);
    else if (report && nl_reading_lacks_reason(reading))
        nl_read_prose(reading, true);
    for (size_t i = 0; i < out->count; i++) {
        struct nl_bounce_recipient *recipient = &out->recipients[i];
        /* A mail that is still being tried has waited for long: that is all there is to say. */
        if (recipient->kind == NL_BOUNCE_DELAYED && strcmp(recipient->reason, "undetermined") == 0)
            recipient->reason = nl_reader_reason(reading->reader, "expired")->name;
        if (recipient->kind > out->kind)
            out->kind = recipient->kind;
    }
    if (out->kind == NL_BOUNCE_UNKNOWN && !report && (away || is_automatic(reading)))
        out->kind = NL_BOUNCE_AUTO_REPLY;
}

/* The provider that passed a complaint on to us. */
static void read_reporter(struct nl_reading *reading) {
    char *from = nl_mail_field(&reading->mail.parts[0], "From");
    char *address = from != NULL ? nl_reading_address(from) : NULL;
    char *at = address != NULL ? strrchr(address, '@') : NULL;
    for (char *p = at; p != NULL && *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    if (at != NULL && nl_text_is_name(at + 1, "-.", DOMAIN_LIMIT))
        reading->out->reporter = nl_strdup(at + 1);
    free(address);
    free(from);
}

static void classify(struct nl_reading *reading) {
    char *subject = nl_mail_field(&reading->mail.parts[0], "Subject");
    const char *words = subject != NULL ? subject : "";
    bool away = nl_reading_is(reading, words, NL_SORT_AWAY);
    if (!read_unsubscribe(reading, words) && !nl_read_report(reading, words) &&
        !nl_read_feedback(reading) && !nl_read_notification(reading))
        read_failures(reading, words, away);
    if (reading->out->kind == NL_BOUNCE_COMPLAINT)
        read_reporter(reading);
    free(subject);
}

enum nl_status nl_bounce_read(const struct nl_bounce_reader *reader, const char *data, size_t len,
                              struct nl_bounce *out, struct nl_error *err) {
    struct nl_reading reading = {.reader = reader, .out = out, .stage = NL_JUDGE_LATER};
    *out = (struct nl_bounce){0};
    nl_mail_read(data, len, &reading.mail);
    read_sent_to(&reading);
    read_message_id(&reading);
    read_answers(&reading);
    classify(&reading);
    out->steps += reading.mail.steps;
    nl_mail_free(&reading.mail);
    return reading.failed ? nl_error_nomem(err) : NL_OK;
}

void nl_bounce_free(struct nl_bounce *bounce) {
    for (size_t i = 0; i < bounce->count; i++) {
        free(bounce->recipients[i].address);
        free(bounce->recipients[i].diagnostic);
    }
    for (size_t i = 0; i < bounce->sent_to_count; i++)
        free(bounce->sent_to[i]);
    free(bounce->recipients);
    for (size_t i = 0; i < bounce->answers_count; i++)
        free(bounce->answers[i]);
    free(bounce->answers);
    free(bounce->sent_to);
    free(bounce->message_id);
    free(bounce->problem);
    free(bounce->reporter);
    nl_aggregate_free(bounce->report);
    *bounce = (struct nl_bounce){0};
}
