#include "inbound/reading.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RECIPIENTS = 200, ANSWERS = 20, ADDRESS_LIMIT = 320, DIAGNOSTIC_LIMIT = 500 };

static const char *const kind_names[] = {"unknown", "auto-reply", "delayed",    "soft",
                                         "hard",    "complaint",  "unsubscribe"};

const char *nl_bounce_kind_name(enum nl_bounce_kind kind) {
    return kind_names[kind];
}

/* Makes *diagnostic one line of bearable length. */
static char *one_line(const char *text) {
    size_t len = strnlen(text, DIAGNOSTIC_LIMIT);
    while (len > 0 && text[len] != '\0' && ((unsigned char)text[len] & 0xC0) == 0x80)
        len--;
    char *line = strndup(text, len);
    for (char *p = line; p != NULL && *p != '\0'; p++)
        if ((unsigned char)*p < 32)
            *p = ' ';
    return line;
}

static bool fill(struct nl_bounce_recipient *recipient, enum nl_bounce_kind kind,
                 const char *reason, const char *status, const char *diagnostic) {
    recipient->kind = kind;
    recipient->reason = reason;
    snprintf(recipient->status, sizeof recipient->status, "%s", status != NULL ? status : "");
    free(recipient->diagnostic);
    recipient->diagnostic = diagnostic != NULL ? one_line(diagnostic) : NULL;
    return diagnostic == NULL || recipient->diagnostic != NULL;
}

bool nl_reading_add(struct nl_reading *reading, const char *address, enum nl_bounce_kind kind,
                    const char *reason, const char *status, const char *diagnostic) {
    struct nl_bounce *out = reading->out;
    const char *at = strrchr(address, '@');
    if (at == NULL || strchr(at, '.') == NULL || strlen(address) > ADDRESS_LIMIT ||
        out->count == RECIPIENTS)
        return false;
    for (size_t i = 0; i < out->count; i++) {
        if (strcasecmp(out->recipients[i].address, address) != 0)
            continue;
        if (strcmp(out->recipients[i].reason, "undetermined") == 0 && kind >= NL_BOUNCE_DELAYED &&
            (kind != NL_BOUNCE_DELAYED || out->recipients[i].kind == NL_BOUNCE_UNKNOWN))
            reading->nomem |= !fill(&out->recipients[i], kind, reason, status, diagnostic);
        return true;
    }
    struct nl_bounce_recipient *grown =
        realloc(out->recipients, (out->count + 1) * sizeof *out->recipients);
    if (grown != NULL)
        out->recipients = grown;
    struct nl_bounce_recipient added = {.address = strdup(address)};
    if (grown == NULL || added.address == NULL || !fill(&added, kind, reason, status, diagnostic)) {
        free(added.address);
        free(added.diagnostic);
        reading->nomem = true;
        return false;
    }
    out->recipients[out->count++] = added;
    return true;
}

/* "5.0.0" and the like say no more than their class. */
static bool is_vague(const char *status) {
    return status[0] == '\0' || strcmp(status + 1, ".0.0") == 0;
}

bool nl_reading_add_failed(struct nl_reading *reading, const char *address, const char *status,
                           const char *diagnostic) {
    char said[12] = "";
    const char *reason = NULL;
    if (diagnostic != NULL) {
        nl_reading_find_status(diagnostic, said);
        reason = nl_patterns_reason(reading->reader, NL_RULE_REASON, diagnostic);
    }
    if (is_vague(status) && said[0] != '\0')
        status = said;
    if (reason == NULL && status[0] != '\0')
        reason = nl_patterns_reason(reading->reader, NL_RULE_STATUS, status);
    if (reason == NULL && diagnostic != NULL)
        reason = nl_patterns_reason(reading->reader, NL_RULE_HINT, diagnostic);
    if (reason == NULL)
        reason = "undetermined";
    bool soft = status[0] == '4' || (strcmp(reason, "undetermined") != 0 &&
                                     !nl_patterns_is_hard(reading->reader, reason));
    return nl_reading_add(reading, address, soft ? NL_BOUNCE_SOFT : NL_BOUNCE_HARD, reason, status,
                          diagnostic);
}

static bool is_local(char c) {
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static bool is_domain(char c) {
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || c == '-' || c == '.' ||
           c == '_';
}

char *nl_reading_next_address(const char *text, size_t *at) {
    for (const char *sign = strchr(text + *at, '@'); sign != NULL; sign = strchr(sign + 1, '@')) {
        const char *start = sign;
        const char *end = sign + 1;
        if (sign > text + *at && sign[-1] == '"') { /* a quoted local part */
            const char *quote = sign - 2;
            while (quote > text + *at && *quote != '"' && (unsigned char)*quote >= ' ')
                quote--;
            if (quote >= text + *at && *quote == '"')
                start = quote;
        } else {
            while (start > text + *at && is_local(start[-1]))
                start--;
        }
        while (is_domain(*end))
            end++;
        /* "dda:SMTP=ann@example.org" */
        const char *equals = memchr(start, '=', (size_t)(sign - start));
        if (equals != NULL && (equals - start == 4 || equals - start == 6) &&
            (strncasecmp(start, "smtp", 4) == 0 || strncasecmp(start, "rfc822", 6) == 0))
            start = equals + 1;
        while (start < sign && strchr(".'`=*", *start) != NULL)
            start++;
        while (end > sign + 1 && strchr(".-_", end[-1]) != NULL)
            end--;
        if (start == sign || end == sign + 1)
            continue;
        *at = (size_t)(end - text);
        return strndup(start, (size_t)(end - start));
    }
    *at += strlen(text + *at);
    return NULL;
}

/* The length of one to three digits at the start, 0 if there is none or more. */
static size_t digits(const char *text) {
    size_t len = strspn(text, "0123456789");
    return len <= 3 ? len : 0;
}

/* The length of "5.1.1" at the start, 0 if something else stands there. */
static size_t status_length(const char *text) {
    if (text[0] == '\0' || strchr("245", text[0]) == NULL || text[1] != '.')
        return 0;
    size_t subject = digits(text + 2);
    if (subject == 0 || text[2 + subject] != '.')
        return 0;
    size_t detail = digits(text + 3 + subject);
    const char *end = text + 3 + subject + detail;
    bool version = end[0] == '.' && isdigit((unsigned char)end[1]);
    return detail == 0 || version ? 0 : (size_t)(end - text);
}

void nl_reading_find_status(const char *text, char out[12]) {
    out[0] = '\0';
    for (const char *p = text; *p != '\0'; p++) {
        bool starts = p == text || (!isalnum((unsigned char)p[-1]) && p[-1] != '.');
        size_t len = starts ? status_length(p) : 0;
        if (len > 0) {
            snprintf(out, 12, "%.*s", (int)len, p);
            return;
        }
    }
}

/* Where the message itself was sent: a return path with a token may be among them. */
static void read_sent_to(struct nl_reading *reading) {
    static const char *const names[] = {
        "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "X-Delivered-To"};
    struct nl_bounce *out = reading->out;
    out->sent_to = calloc(sizeof names / sizeof names[0], sizeof *out->sent_to);
    reading->nomem |= out->sent_to == NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && out->sent_to != NULL; i++) {
        size_t at = 0;
        char *value = nl_mail_field(&reading->mail.parts[0], names[i]);
        char *address = value != NULL ? nl_reading_next_address(value, &at) : NULL;
        if (address != NULL)
            out->sent_to[out->sent_to_count++] = address;
        free(value);
    }
}

char *nl_reading_returned_field(const struct nl_part *part, const char *name) {
    struct nl_part returned = *part;
    if (strcmp(part->type, "text/rfc822-headers") == 0 && part->text != NULL)
        returned.header = (struct nl_span){part->text, strlen(part->text)};
    return nl_mail_field(&returned, name);
}

static void read_message_id(struct nl_reading *reading) {
    for (size_t i = 1; i < reading->mail.count && reading->out->message_id == NULL; i++) {
        char *value = nl_reading_returned_field(&reading->mail.parts[i], "Message-ID");
        size_t at = 0;
        if (value != NULL)
            reading->out->message_id = nl_reading_next_address(value, &at);
        free(value);
    }
}

/* RFC 5322 section 3.6.4. */
static void read_answers(struct nl_reading *reading) {
    static const char *const names[] = {"In-Reply-To", "References"};
    struct nl_bounce *out = reading->out;
    out->answers = calloc(ANSWERS, sizeof *out->answers);
    reading->nomem |= out->answers == NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && out->answers != NULL; i++) {
        size_t at = 0;
        char *value = nl_mail_field(&reading->mail.parts[0], names[i]);
        char *id = NULL;
        while (value != NULL && out->answers_count < ANSWERS &&
               (id = nl_reading_next_address(value, &at)) != NULL)
            out->answers[out->answers_count++] = id;
        free(value);
    }
}

/* "unsubscribe TOKEN" as the subject, as our List-Unsubscribe field asks for it. */
static bool read_unsubscribe(struct nl_reading *reading, const char *subject) {
    const char *word = strcasestr(subject, "unsubscribe");
    if (word == NULL)
        return false;
    for (const char *p = word + 11; *p != '\0'; p++) {
        char text[NL_TOKEN_LEN + 1];
        snprintf(text, sizeof text, "%.*s", (int)NL_TOKEN_LEN, p); /* reads no further */
        if (nl_token_parse(text, &reading->out->unsubscribe)) {
            reading->out->kind = NL_BOUNCE_UNSUBSCRIBE;
            return true;
        }
    }
    reading->out->unsubscribe.text[0] = '\0';
    return false;
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

static bool looks_returned(struct nl_reading *reading, const char *subject) {
    const struct nl_part *top = &reading->mail.parts[0];
    char *from = nl_mail_field(top, "From");
    char *path = nl_mail_field(top, "Return-Path");
    char *failed = nl_mail_field(top, "X-Failed-Recipients");
    bool returned = failed != NULL ||
                    nl_patterns_match(reading->reader, NL_RULE_SUBJECT, subject) ||
                    (from != NULL && nl_patterns_match(reading->reader, NL_RULE_DAEMON, from)) ||
                    (path != NULL && nl_patterns_match(reading->reader, NL_RULE_DAEMON, path));
    free(from);
    free(path);
    free(failed);
    return returned;
}

static void classify(struct nl_reading *reading) {
    struct nl_bounce *out = reading->out;
    char *subject = nl_mail_field(&reading->mail.parts[0], "Subject");
    const char *words = subject != NULL ? subject : "";
    bool away = nl_patterns_match(reading->reader, NL_RULE_AWAY, words);
    if (!read_unsubscribe(reading, words) && !nl_read_feedback(reading)) {
        bool report = nl_read_delivery_status(reading);
        if (out->count == 0 && out->kind == NL_BOUNCE_UNKNOWN && !away &&
            looks_returned(reading, words))
            nl_read_plain(reading);
        for (size_t i = 0; i < out->count; i++)
            if (out->recipients[i].kind > out->kind)
                out->kind = out->recipients[i].kind;
        if (out->kind == NL_BOUNCE_UNKNOWN && !report && (away || is_automatic(reading)))
            out->kind = NL_BOUNCE_AUTO_REPLY;
    }
    free(subject);
}

enum nl_status nl_bounce_read(const struct nl_bounce_reader *reader, const char *data, size_t len,
                              struct nl_bounce *out, struct nl_error *err) {
    struct nl_reading reading = {.reader = reader, .out = out};
    *out = (struct nl_bounce){0};
    enum nl_status status = nl_mail_read(data, len, &reading.mail, err);
    if (status == NL_OK) {
        read_sent_to(&reading);
        read_message_id(&reading);
        read_answers(&reading);
        classify(&reading);
        if (reading.nomem)
            status = nl_error_nomem(err);
    }
    nl_mail_free(&reading.mail);
    return status;
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
    *bounce = (struct nl_bounce){0};
}
