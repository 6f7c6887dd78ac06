#include "inbound/reading.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The fields of one group of message/delivery-status that matter (RFC 3464 section 2.3). */
struct group {
    char *original, *final, *action, *status, *diagnostic;
};

static void free_group(struct group *group) {
    char *fields[] = {group->original, group->final, group->action, group->status,
                      group->diagnostic};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        free(fields[i]);
    *group = (struct group){0};
}

/* The address in "rfc822; ann@example.org". */
static char *typed_address(const char *value) {
    size_t at = 0;
    if (value == NULL)
        return NULL;
    const char *semicolon = strchr(value, ';');
    return nl_reading_next_address(semicolon != NULL ? semicolon + 1 : value, &at);
}

/* RFC 3464 section 2.3.3: the mail arrived, or somebody else answers for it now. */
static bool is_success(const char *action) {
    static const char *const names[] = {"delivered", "relayed", "expanded"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncasecmp(action, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static void end_group(struct nl_reading *reading, struct group *group) {
    char status[12];
    char *original = typed_address(group->original);
    char *final = typed_address(group->final);
    const char *action = group->action != NULL ? group->action : "";
    const char *address = original != NULL ? original : final;
    nl_reading_find_status(group->status != NULL ? group->status : "", status);
    if (address != NULL && strncasecmp(action, "delayed", 7) == 0)
        nl_reading_add(reading, address, NL_BOUNCE_DELAYED, "undetermined", status,
                       group->diagnostic);
    else if (address != NULL &&
             (strncasecmp(action, "fail", 4) == 0 ||
              ((action[0] == '\0' || strchr("deru", tolower((unsigned char)action[0])) == NULL) &&
               status[0] != '\0' && status[0] != '2')))
        nl_reading_add_failed(reading, address, status, group->diagnostic);
    else if (address != NULL && is_success(action) && reading->out->kind == NL_BOUNCE_UNKNOWN)
        reading->out->kind = NL_BOUNCE_AUTO_REPLY;
    free(original);
    free(final);
    free_group(group);
}

static void take(char **slot, char **value) {
    if (*slot == NULL) {
        *slot = *value;
        *value = NULL;
    }
}

/* A group ends at an empty line, or where a second recipient begins without one. */
static void read_groups(struct nl_reading *reading, const char *text) {
    struct group group = {0};
    while (*text != '\0') {
        const char *gap = strstr(text, "\n\n");
        struct nl_span at = {text, gap != NULL ? (size_t)(gap - text) + 1 : strlen(text)};
        char *name = NULL;
        char *value = NULL;
        while (nl_mail_next_field(&at, &name, &value)) {
            if (name == NULL || value == NULL) {
                reading->nomem = true;
            } else if (strcasecmp(name, "Final-Recipient") == 0) {
                if (group.final != NULL)
                    end_group(reading, &group);
                take(&group.final, &value);
            } else if (strcasecmp(name, "Original-Recipient") == 0) {
                if (group.original != NULL)
                    end_group(reading, &group);
                take(&group.original, &value);
            } else if (strcasecmp(name, "Action") == 0) {
                take(&group.action, &value);
            } else if (strcasecmp(name, "Status") == 0) {
                take(&group.status, &value);
            } else if (strcasecmp(name, "Diagnostic-Code") == 0) {
                take(&group.diagnostic, &value);
            }
            free(name);
            free(value);
        }
        /* Some put the empty line between the fields of one recipient. */
        if ((group.original != NULL || group.final != NULL) &&
            (group.action != NULL || group.status != NULL))
            end_group(reading, &group);
        text = gap != NULL ? gap + 2 : text + strlen(text);
    }
    end_group(reading, &group);
}

bool nl_read_delivery_status(struct nl_reading *reading) {
    bool found = false;
    for (size_t i = 0; i < reading->mail.count; i++) {
        const struct nl_part *part = &reading->mail.parts[i];
        bool report = strcmp(part->type, "message/delivery-status") == 0 ||
                      strcmp(part->type, "message/global-delivery-status") == 0;
        if (report && part->text != NULL) {
            found = true;
            read_groups(reading, part->text);
        }
    }
    return found;
}

/* The recipient that a report names, or the one the mail that came back was for. */
static void add_complaint(struct nl_reading *reading, const char *text) {
    static const char *const names[] = {"Original-Rcpt-To", "Removal-Recipient",
                                        "Redacted-Address"};
    struct nl_part report = {.header = {text, strlen(text)}};
    char *address = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && address == NULL; i++) {
        size_t at = 0;
        char *value = nl_mail_field(&report, names[i]);
        address = value != NULL ? nl_reading_next_address(value, &at) : NULL;
        free(value);
    }
    for (size_t i = 1; i < reading->mail.count && address == NULL; i++) {
        size_t at = 0;
        char *value = reading->mail.parts[i].depth > 1 ||
                              strcmp(reading->mail.parts[i].type, "text/rfc822-headers") == 0
                          ? nl_reading_returned_field(&reading->mail.parts[i], "To")
                          : NULL;
        address = value != NULL ? nl_reading_next_address(value, &at) : NULL;
        free(value);
    }
    if (address != NULL)
        nl_reading_add(reading, address, NL_BOUNCE_COMPLAINT, "complaint", NULL, NULL);
    free(address);
    if (reading->out->kind < NL_BOUNCE_COMPLAINT)
        reading->out->kind = NL_BOUNCE_COMPLAINT;
}

/* Microsoft's Junk Mail Reporting Program sends the mail back with a field of its own. */
static bool read_junk_report(struct nl_reading *reading) {
    for (size_t i = 0; i < reading->mail.count; i++) {
        char *value = nl_mail_field(&reading->mail.parts[i], "X-HmXmrOriginalRecipient");
        bool found = value != NULL;
        size_t at = 0;
        char *address = found ? nl_reading_next_address(value, &at) : NULL;
        if (address != NULL)
            nl_reading_add(reading, address, NL_BOUNCE_COMPLAINT, "complaint", NULL, NULL);
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
        const struct nl_part *part = &reading->mail.parts[i];
        if (strcmp(part->type, "message/feedback-report") != 0 || part->text == NULL)
            continue;
        const struct nl_part report = {.header = {part->text, strlen(part->text)}};
        char *type = nl_mail_field(&report, "Feedback-Type");
        /* RFC 5965 section 7.3; not-spam and auth-failure (RFC 6591) are no complaints. */
        if (type == NULL ||
            (strncasecmp(type, "not-spam", 8) != 0 && strncasecmp(type, "auth-failure", 12) != 0))
            add_complaint(reading, part->text);
        free(type);
        return true;
    }
    return read_junk_report(reading);
}
