/* Bounces without a form: the address that failed stands on a line of its own or within the prose,
 * and why stands near it. */
#include "inbound/reading.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINES = 300, BLOCK = 8, NEAR = 5, PROSE_LIMIT = 64 * 1024 };

static char *strip_tags(const char *html) {
    struct nl_buf out = {0};
    nl_text_from_html(&out, html, PROSE_LIMIT);
    return nl_buf_take(&out);
}

/* The lines of one text, being read. */
struct prose {
    struct nl_reading *reading;
    const char *lines[LINES];
    size_t count;
    bool delayed;
};

static void split(struct prose *prose, char *text) {
    for (char *line = text; *line != '\0' && prose->count < LINES;) {
        size_t len = strcspn(line, "\n");
        bool more = line[len] != '\0';
        line[len] = '\0';
        prose->lines[prose->count++] = line;
        line += len + (more ? 1 : 0);
    }
}

static bool matches(const struct prose *prose, enum nl_rule rule, size_t line) {
    return nl_patterns_match(prose->reading->reader, rule, prose->lines[line]);
}

/* The lines that may tell why: those from `line` on that belong to its address. */
static char *why(const struct prose *prose, size_t line) {
    struct nl_buf out = {0};
    nl_buf_adds(&out, prose->lines[line]);
    for (size_t i = line + 1; i < prose->count && i <= line + NEAR; i++) {
        if (strchr(prose->lines[i], '@') != NULL && prose->lines[i][0] != ' ' &&
            prose->lines[i][0] != '\t' && strstr(prose->lines[i], " 5") == NULL)
            break;
        nl_buf_addc(&out, ' ');
        nl_buf_adds(&out, prose->lines[i] + strspn(prose->lines[i], " \t"));
    }
    return nl_buf_take(&out);
}

/* Addresses of the machinery and of ourselves never failed. */
static bool is_ours(const struct nl_reading *reading, const char *address) {
    static const char *const names[] = {"mailer-daemon@", "postmaster@", "mailer_daemon@",
                                        "maildaemon@", "abuse@"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncasecmp(address, names[i], strlen(names[i])) == 0)
            return true;
    for (size_t i = 0; i < reading->out->sent_to_count; i++)
        if (strcasecmp(address, reading->out->sent_to[i]) == 0)
            return true;
    return false;
}

static size_t add_addresses(struct prose *prose, size_t line) {
    size_t at = 0;
    size_t added = 0;
    char *address = NULL;
    while ((address = nl_reading_next_address(prose->lines[line], &at)) != NULL) {
        char *said = is_ours(prose->reading, address) ? NULL : why(prose, line);
        char status[12] = "";
        if (said != NULL) {
            nl_reading_find_status(said, status);
            added += prose->delayed ? nl_reading_add(prose->reading, address, NL_BOUNCE_DELAYED,
                                                     "undetermined", status, said)
                                    : nl_reading_add_failed(prose->reading, address, status, said);
        }
        free(said);
        free(address);
    }
    return added;
}

static bool has_reason_near(const struct prose *prose, size_t line) {
    for (size_t i = line; i < prose->count && i <= line + 3; i++) {
        if (i > line &&
            (matches(prose, NL_RULE_END, i) ||
             (strchr(prose->lines[i], '@') != NULL && !isspace((unsigned char)prose->lines[i][0]) &&
              !isdigit((unsigned char)prose->lines[i][0]))))
            return false;
        if (nl_patterns_reason(prose->reading->reader, NL_RULE_REASON, prose->lines[i]) != NULL)
            return true;
    }
    return false;
}

/* Some give only the part before the @: the rest is the reporter's own domain. */
static bool add_local_part(struct prose *prose, size_t line) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    const char *text = prose->lines[line];
    const char *word = text + strspn(text, " \t");
    size_t len = strspn(word, allowed);
    size_t at = 0;
    if (word == text || len < 3 || word[len] != '\0')
        return false;
    char *from = nl_mail_field(&prose->reading->mail.parts[0], "From");
    char *reporter = from != NULL ? nl_reading_next_address(from, &at) : NULL;
    struct nl_buf address = {0};
    char *said = line > 0 ? why(prose, line - 1) : NULL;
    bool added = false;
    if (reporter != NULL && said != NULL) {
        nl_buf_add(&address, word, len);
        nl_buf_adds(&address, strrchr(reporter, '@'));
        added = nl_reading_add_failed(prose->reading, nl_buf_text(&address), "", said);
    }
    nl_buf_free(&address);
    free(said);
    free(reporter);
    free(from);
    return added;
}

/* "To:" beside "Subject:" describes the mail that was sent. */
static bool is_summary(const struct prose *prose, size_t line) {
    static const char *const names[] = {"subject:", "sent:", "date:"};
    const char *text = prose->lines[line] + strspn(prose->lines[line], " \t");
    if (strncasecmp(text, "to:", 3) != 0)
        return false;
    for (size_t i = line > 1 ? line - 2 : 0; i < prose->count && i <= line + 2; i++)
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++)
            if (strncasecmp(prose->lines[i] + strspn(prose->lines[i], " \t"), names[j],
                            strlen(names[j])) == 0)
                return true;
    return false;
}

/* An address is taken where a line introduced it, where the line says what it is, or where the
 * reason stands beside it; `anywhere` takes the others too. */
static void scan(struct prose *prose, bool anywhere) {
    size_t block = 0; /* lines for which the introduction still holds */
    for (size_t i = 0; i < prose->count; i++) {
        const char *line = prose->lines[i];
        if (line[strspn(line, " \t")] == '\0')
            continue;
        bool has_address = strchr(line, '@') != NULL;
        if (!has_address && matches(prose, NL_RULE_END, i) && prose->reading->out->count > 0)
            break;
        bool noise = matches(prose, NL_RULE_NOISE, i);
        const char *colon = strrchr(line, ':');
        bool ends_in_colon = colon != NULL && colon[1 + strspn(colon + 1, " \t")] == '\0';
        if ((!noise || ends_in_colon) && matches(prose, NL_RULE_INTRO, i))
            block = BLOCK;
        else if (block > 0)
            block--;
        if (!has_address && block >= BLOCK - 2 && prose->reading->out->count == 0)
            add_local_part(prose, i);
        if (!has_address || noise || (!anywhere && is_summary(prose, i)))
            continue;
        bool alone = strcspn(line + strspn(line, " \t<"), " \t") + 6 >= strlen(line);
        if (((anywhere && (alone || prose->reading->out->count == 0)) || block > 0 ||
             matches(prose, NL_RULE_LINE, i) || has_reason_near(prose, i)) &&
            add_addresses(prose, i) > 0 && alone)
            block = BLOCK;
    }
}

/* A bounce that names nobody still says why. */
static void note_reason(struct prose *prose) {
    const struct nl_bounce_reader *reader = prose->reading->reader;
    bool introduced = false;
    for (size_t i = 0; i < prose->count; i++) {
        introduced = introduced || matches(prose, NL_RULE_INTRO, i);
        const char *reason =
            introduced ? nl_patterns_reason(reader, NL_RULE_REASON, prose->lines[i]) : NULL;
        if (reason != NULL) {
            prose->reading->out->kind = prose->delayed                        ? NL_BOUNCE_DELAYED
                                        : nl_patterns_is_hard(reader, reason) ? NL_BOUNCE_HARD
                                                                              : NL_BOUNCE_SOFT;
            return;
        }
        if (matches(prose, NL_RULE_END, i) && i > 3)
            return;
    }
}

static void read_text(struct nl_reading *reading, char *text) {
    struct prose *prose = calloc(1, sizeof *prose);
    if (prose == NULL) {
        reading->nomem = true;
        return;
    }
    prose->reading = reading;
    split(prose, text);
    for (size_t i = 0; i < prose->count; i++) {
        if (matches(prose, NL_RULE_END, i) && i > 3)
            break;
        if (matches(prose, NL_RULE_DELAYED, i))
            prose->delayed = true;
        else if (strcasestr(prose->lines[i], "permanent") != NULL) {
            prose->delayed = false;
            break;
        }
    }
    scan(prose, false);
    if (prose->reading->out->count == 0)
        scan(prose, true);
    if (prose->reading->out->count == 0)
        note_reason(prose);
    free(prose);
}

/* Exim names the addresses in the header. */
static void read_failed_recipients(struct nl_reading *reading) {
    char *value = nl_mail_field(&reading->mail.parts[0], "X-Failed-Recipients");
    char *address = NULL;
    size_t at = 0;
    while (value != NULL && (address = nl_reading_next_address(value, &at)) != NULL) {
        nl_reading_add(reading, address, NL_BOUNCE_UNKNOWN, "undetermined", NULL, NULL);
        free(address);
    }
    free(value);
}

void nl_read_plain(struct nl_reading *reading) {
    bool any = false;
    read_failed_recipients(reading);
    size_t named = reading->out->count;
    for (size_t i = 0; i < reading->mail.count; i++) {
        const struct nl_part *part = &reading->mail.parts[i];
        bool html = strcmp(part->type, "text/html") == 0;
        if (part->text == NULL || part->depth > 2 ||
            (i > 0 && strncmp(part->type, "message/", 8) == 0) ||
            strcmp(part->type, "text/rfc822-headers") == 0 || (html && any))
            continue;
        if (i > 0 && strncmp(reading->mail.parts[i - 1].type, "message/", 8) == 0)
            break; /* the mail that came back */
        char *text = html ? strip_tags(part->text) : strndup(part->text, PROSE_LIMIT);
        if (text == NULL)
            continue;
        any = true;
        read_text(reading, text);
        free(text);
    }
    for (size_t i = 0; i < named; i++)
        if (reading->out->recipients[i].kind == NL_BOUNCE_UNKNOWN)
            reading->out->recipients[i].kind = NL_BOUNCE_HARD;
}
