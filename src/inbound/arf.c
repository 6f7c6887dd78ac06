/* Feedback reports (RFC 5965), and the form in which Microsoft sends them. */
#include "inbound/reading.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void add_complaining(struct nl_reading *reading, const char *address) {
    const struct nl_reason *reason = nl_reader_reason(reading->reader, "complaint");
    const struct nl_judgement judgement = {
        .hard = true, .exact = true, .fault = NL_FAULT_RECIPIENT, .reason = reason->name};
    if (address != NULL)
        nl_reading_add(reading, address, NL_BOUNCE_COMPLAINT, &judgement, NULL);
}

/* The addresses of all fields of a name: RFC 5965 section 3.2 has Original-Rcpt-To once for each
 * recipient. */
static void add_named(struct nl_reading *reading, const char *text, const char *wanted) {
    struct nl_span at = {text, strlen(text)};
    char *name = NULL;
    char *value = NULL;
    for (int i = 0; i < NL_MAIL_FIELDS && nl_mail_next_field(&at, &name, &value); i++) {
        char *address = name != NULL && value != NULL && strcasecmp(name, wanted) == 0
                            ? nl_reading_address(value)
                            : NULL;
        add_complaining(reading, address);
        free(address);
        free(name);
        free(value);
    }
}

/* The recipient that a report names, or the one the mail that came back was for. */
static void add_complaint(struct nl_reading *reading, const char *text) {
    static const char *const names[] = {"Original-Rcpt-To", "Removal-Recipient",
                                        "Redacted-Address"};
    for (size_t i = 0; i < sizeof names / sizeof names[0] && reading->out->count == 0; i++)
        add_named(reading, text, names[i]);
    for (size_t i = 1; i < reading->mail.count && reading->out->count == 0; i++) {
        char *value = reading->mail.parts[i].depth > 1 ||
                              strcmp(reading->mail.parts[i].type, "text/rfc822-headers") == 0
                          ? nl_reading_returned_field(reading, i, "To")
                          : NULL;
        char *address = value != NULL ? nl_reading_address(value) : NULL;
        add_complaining(reading, address);
        free(address);
        free(value);
    }
    if (reading->out->kind < NL_BOUNCE_COMPLAINT)
        reading->out->kind = NL_BOUNCE_COMPLAINT;
}

/* Microsoft's Junk Mail Reporting Program sends the mail back with a field of its own. */
static bool read_junk_report(struct nl_reading *reading) {
    for (size_t i = 0; i < reading->mail.count; i++) {
        char *value = nl_mail_field(&reading->mail.parts[i], "X-HmXmrOriginalRecipient");
        bool found = value != NULL;
        char *address = found ? nl_reading_address(value) : NULL;
        add_complaining(reading, address);
        free(address);
        free(value);
        if (found) {
            reading->out->kind = NL_BOUNCE_COMPLAINT;
            return true;
        }
    }
    return false;
}

bool nl_read_feedback(struct nl_reading *reading) {
    for (size_t i = 0; i < reading->mail.count; i++) {
        const char *text = strcmp(reading->mail.parts[i].type, "message/feedback-report") == 0
                               ? nl_mail_text(&reading->mail, i)
                               : NULL;
        if (text == NULL)
            continue;
        char *type = nl_mail_find((struct nl_span){text, strlen(text)}, "Feedback-Type");
        /* RFC 5965 section 7.3; not-spam and auth-failure (RFC 6591) are not complaints. */
        if (type == NULL ||
            (strncasecmp(type, "not-spam", 8) != 0 && strncasecmp(type, "auth-failure", 12) != 0))
            add_complaint(reading, text);
        free(type);
        return true;
    }
    return read_junk_report(reading);
}
