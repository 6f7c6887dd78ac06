#include "inbound/prose.h"
#include "newsletter/base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How many parts are looked at for the prose of a report. */
enum { STAGE_PARTS = 6 };

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
    if (value == NULL)
        return NULL;
    const char *semicolon = strchr(value, ';');
    return nl_reading_address(semicolon != NULL ? semicolon + 1 : value);
}

/* RFC 3464 section 2.3.3: the mail arrived, or somebody else answers for it now. */
static bool is_success(const char *action) {
    static const char *const names[] = {"delivered", "relayed", "expanded"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncasecmp(action, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* The server's words, without their type ("smtp; 550 No such user"). */
static const char *typed_text(const char *value) {
    if (value == NULL)
        return NULL;
    size_t type = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    if (type == 0 || value[type] != ';')
        return value;
    value += type + 1;
    return value + strspn(value, " \t");
}

static void end_group(struct nl_reading *reading, struct group *group) {
    char status[12];
    char *original = typed_address(group->original);
    char *final = typed_address(group->final);
    const char *action = group->action != NULL ? group->action : "";
    const char *address = original != NULL ? original : final;
    nl_status_find(group->status != NULL ? group->status : "",
                   group->status != NULL ? strlen(group->status) : 0, status);
    if (address != NULL && strncasecmp(action, "delayed", 7) == 0)
        nl_reading_add_failed(reading, address, NL_BOUNCE_DELAYED, status,
                              typed_text(group->diagnostic));
    else if (address != NULL &&
             (strncasecmp(action, "fail", 4) == 0 ||
              ((action[0] == '\0' || strchr("deru", tolower((unsigned char)action[0])) == NULL) &&
               status[0] != '\0' && status[0] != '2')))
        nl_reading_add_failed(reading, address, NL_BOUNCE_SOFT, status,
                              typed_text(group->diagnostic));
    else if (address != NULL && is_success(action) && reading->out->kind == NL_BOUNCE_UNKNOWN)
        reading->out->kind = NL_BOUNCE_AUTO_REPLY;
    free(original);
    free(final);
    free_group(group);
}

static void take(char **target, char **value) {
    if (*target == NULL) {
        *target = *value;
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
            if (strcasecmp(name, "Final-Recipient") == 0) {
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

static bool says(const char *text, const char *const words[]) {
    for (size_t i = 0; words[i] != NULL; i++)
        if (strcasestr(text, words[i]) != NULL)
            return true;
    return false;
}

/* The command that was refused, which Postfix, Exim and Sendmail tell in their prose alone. Several
 * commands (of several recipients, or sent at once) tell nothing. */
static enum nl_judge_stage find_stage(struct nl_reading *reading) {
    static const char *const mail[] = {
        "in reply to MAIL FROM", "in reply to EHLO", "in reply to HELO",
        "after MAIL FROM",       ">>> MAIL",         NULL};
    static const char *const rcpt[] = {"in reply to RCPT", "after RCPT", ">>> RCPT", "Need RCPT",
                                       NULL};
    static const char *const data[] = {"in reply to end of DATA", "in reply to DATA",
                                       "after end of data", ">>> DATA", NULL};
    bool at_mail = false;
    bool at_rcpt = false;
    bool at_data = false;
    for (size_t i = 0; i < reading->mail.count && i < STAGE_PARTS && !nl_reading_spent(reading);
         i++) {
        const struct nl_part *part = &reading->mail.parts[i];
        bool plain = strcmp(part->type, "text/plain") == 0 && part->depth <= 1;
        const char *text = plain ? nl_mail_text(&reading->mail, i) : NULL;
        if (text == NULL)
            continue;
        reading->out->steps += strlen(text) / 4;
        at_mail |= says(text, mail);
        at_rcpt |= says(text, rcpt);
        at_data |= says(text, data);
    }
    if (at_rcpt || at_mail == at_data)
        return NL_JUDGE_LATER;
    return at_mail ? NL_JUDGE_MAIL : NL_JUDGE_DOT;
}

bool nl_read_delivery_status(struct nl_reading *reading) {
    bool found = false;
    int depth = NL_MAIL_DEPTH;
    for (size_t i = 0; i < reading->mail.count && !nl_reading_spent(reading); i++) {
        const struct nl_part *part = &reading->mail.parts[i];
        if (part->depth > depth)
            continue; /* what came back was a bounce itself */
        bool report = strcmp(part->type, "message/delivery-status") == 0 ||
                      strcmp(part->type, "message/global-delivery-status") == 0;
        const char *text = report ? nl_mail_text(&reading->mail, i) : NULL;
        if (text != NULL) {
            if (!found)
                reading->stage = find_stage(reading);
            found = reading->reported = true;
            depth = part->depth;
            read_groups(reading, text);
        }
    }
    return found;
}

bool nl_read_groups_in_prose(struct nl_reading *reading, const char *text) {
    const char *final = strcasestr(text, "\nFinal-Recipient:");
    const char *action = final != NULL ? strcasestr(text, "\nAction:") : NULL;
    reading->out->steps += strlen(text) / 16;
    if (action == NULL)
        return false;
    size_t before = reading->out->count;
    read_groups(reading, text);
    return reading->out->count > before;
}

/* The address of a To field that names just one. */
static char *only_address(const char *value) {
    size_t at = 0;
    size_t len = strlen(value);
    char *address = nl_reading_next_address(value, len, &at);
    char *second = address != NULL ? nl_reading_next_address(value, len, &at) : NULL;
    if (second != NULL) {
        free(address);
        address = NULL;
    }
    free(second);
    return address;
}

/* To of the mail that came back: attached, or within the text after its header began. */
static char *returned_recipient(struct nl_reading *reading) {
    static const char *const labels[] = {"\nRCPT TO:", "\nTo:", "\n  RCPT TO:", "\n  To:"};
    char *address = NULL;
    for (size_t i = 1; i < reading->mail.count && address == NULL; i++) {
        bool returned = strcmp(reading->mail.parts[i].type, "text/rfc822-headers") == 0 ||
                        strcmp(reading->mail.parts[i - 1].type, "message/rfc822") == 0;
        char *value = returned ? nl_reading_returned_field(reading, i, "To") : NULL;
        address = value != NULL ? only_address(value) : NULL;
        free(value);
    }
    const char *text = NULL;
    for (size_t i = 0; i < reading->mail.count && text == NULL; i++)
        if (strncmp(reading->mail.parts[i].type, "text/plain", 10) == 0)
            text = nl_mail_text(&reading->mail, i);
    for (size_t i = 0; text != NULL && address == NULL && i < sizeof labels / sizeof labels[0];
         i++) {
        const char *line = strcasestr(text, labels[i]);
        reading->out->steps += strlen(text) / 16;
        char *value = line != NULL ? nl_strndup(line + 1, strcspn(line + 1, "\n")) : NULL;
        address = value != NULL ? only_address(value) : NULL;
        free(value);
    }
    return address;
}

void nl_read_returned_recipient(struct nl_reading *reading) {
    struct nl_bounce *out = reading->out;
    if (out->count > 0 || out->kind < NL_BOUNCE_DELAYED || nl_reading_spent(reading))
        return;
    char *address = returned_recipient(reading);
    if (address != NULL)
        nl_reading_add(reading, address, out->kind, &reading->unnamed, NULL);
    free(address);
}
