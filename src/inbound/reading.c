#include "inbound/reading.h"

#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ADDRESS_LIMIT = 320, DIAGNOSTIC_LIMIT = 500 };

bool nl_reading_spent(const struct nl_reading *reading) {
    return reading->out->steps + reading->mail.steps >= NL_READING_STEPS;
}

/* Makes a diagnostic one line of bearable length. */
static char *one_line(const char *text) {
    char *line = nl_strndup(text, nl_text_fit(text, DIAGNOSTIC_LIMIT));
    for (char *p = line; *p != '\0'; p++)
        if ((unsigned char)*p < 32)
            *p = ' ';
    return line;
}

static void fill(struct nl_bounce_recipient *recipient, enum nl_bounce_kind kind,
                 const struct nl_judgement *judgement, const char *diagnostic) {
    recipient->kind = kind;
    recipient->reason = judgement->reason;
    recipient->fault = judgement->fault;
    recipient->exact = judgement->exact;
    memcpy(recipient->status, judgement->status, sizeof recipient->status);
    if (diagnostic == NULL)
        return;
    free(recipient->diagnostic);
    recipient->diagnostic = one_line(diagnostic);
}

/* A reason for one that has none, or none to rely on; and a kind, unless it has one that is not
 * a guess. */
static void improve(struct nl_bounce_recipient *recipient, enum nl_bounce_kind kind,
                    const struct nl_judgement *judgement, const char *diagnostic) {
    if (recipient->exact || kind < NL_BOUNCE_DELAYED ||
        strcmp(judgement->reason, "undetermined") == 0)
        return;
    if (recipient->kind == NL_BOUNCE_DELAYED)
        kind = NL_BOUNCE_DELAYED;
    struct nl_judgement better = *judgement;
    if (better.status[0] == '\0')
        memcpy(better.status, recipient->status, sizeof better.status);
    fill(recipient, kind, &better, diagnostic);
}

bool nl_reading_add(struct nl_reading *reading, const char *address, enum nl_bounce_kind kind,
                    const struct nl_judgement *judgement, const char *diagnostic) {
    struct nl_bounce *out = reading->out;
    const char *at = strrchr(address, '@');
    if (at == NULL || strchr(at, '.') == NULL || strlen(address) > ADDRESS_LIMIT)
        return false;
    out->steps += out->count;
    for (size_t i = 0; i < out->count; i++) {
        if (strcasecmp(out->recipients[i].address, address) != 0)
            continue;
        improve(&out->recipients[i], kind, judgement, diagnostic);
        return true;
    }
    if (out->count == NL_READING_RECIPIENTS)
        return false;
    out->recipients = nl_realloc(out->recipients, (out->count + 1) * sizeof *out->recipients);
    struct nl_bounce_recipient added = {.address = nl_strdup(address)};
    fill(&added, kind, judgement, diagnostic);
    out->recipients[out->count++] = added;
    return true;
}

bool nl_reading_add_failed(struct nl_reading *reading, const char *address,
                           enum nl_bounce_kind kind, const char *status, const char *diagnostic) {
    const struct nl_failure failure = {reading->stage, 0, status, diagnostic};
    const struct nl_scan *scan =
        diagnostic == NULL ? NULL
                           : nl_reading_scan(reading, NL_SCAN_JUDGE, diagnostic,
                                             strnlen(diagnostic, NL_MAIL_FIELD), NL_MAIL_FIELD);
    struct nl_judgement judgement =
        nl_judge_scanned(reading->reader, scan, 0, NL_MAIL_FIELD, &failure, &reading->out->steps);
    if (kind != NL_BOUNCE_DELAYED)
        kind = judgement.hard ? NL_BOUNCE_HARD : NL_BOUNCE_SOFT;
    return nl_reading_add(reading, address, kind, &judgement, diagnostic);
}

const struct nl_scan *nl_reading_scan(struct nl_reading *reading, size_t which, const char *text,
                                      size_t len, size_t lines) {
    struct nl_scan *scan = nl_reader_scan(reading->reader, which);
    size_t left = NL_READING_STEPS - reading->mail.steps;
    if (reading->mail.steps > NL_READING_STEPS)
        left = 0;
    nl_scan_text(reading->reader, text, nl_reading_spent(reading) ? 0 : len, lines, scan,
                 &reading->out->steps, left);
    return scan;
}

bool nl_reading_is(struct nl_reading *reading, const char *text, enum nl_sort sort) {
    return nl_scan_is(nl_reading_scan(reading, NL_SCAN_LINE, text, strnlen(text, NL_MAIL_FIELD), 1),
                      0, sort);
}

bool nl_reading_lacks_reason(const struct nl_reading *reading) {
    for (size_t i = 0; i < reading->out->count; i++)
        if (!reading->out->recipients[i].exact)
            return true;
    return false;
}

static bool is_local(char c) {
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static bool is_domain(char c) {
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || c == '-' || c == '.' ||
           c == '_';
}

/* Where the local part that ends at `sign` begins; no earlier than `from`. */
static const char *local_start(const char *from, const char *sign) {
    const char *start = sign;
    if (sign > from && sign[-1] == '"') { /* a quoted local part */
        const char *quote = sign - 2;
        while (quote > from && *quote != '"' && (unsigned char)*quote >= ' ')
            quote--;
        return quote >= from && *quote == '"' ? quote : sign;
    }
    while (start > from && is_local(start[-1]))
        start--;
    /* "dda:SMTP=ann@example.org" */
    const char *equals = memchr(start, '=', (size_t)(sign - start));
    if (equals != NULL && (equals - start == 4 || equals - start == 6) &&
        (strncasecmp(start, "smtp", 4) == 0 || strncasecmp(start, "rfc822", 6) == 0))
        start = equals + 1;
    while (start < sign && strchr(".'`=*", *start) != NULL)
        start++;
    return start;
}

char *nl_reading_next_address(const char *text, size_t len, size_t *at) {
    while (*at < len) {
        const char *from = text + *at;
        const char *sign = memchr(from, '@', len - *at);
        if (sign == NULL)
            break;
        const char *start = local_start(from, sign);
        const char *end = sign + 1;
        while (end < text + len && is_domain(*end))
            end++;
        while (end > sign + 1 && strchr(".-_", end[-1]) != NULL)
            end--;
        *at = (size_t)(end - text);
        if (start < sign && end > sign + 1)
            return nl_strndup(start, (size_t)(end - start));
    }
    *at = len;
    return NULL;
}

char *nl_reading_address(const char *text) {
    size_t at = 0;
    return nl_reading_next_address(text, strlen(text), &at);
}

char *nl_reading_returned_field(struct nl_reading *reading, size_t part, const char *name) {
    struct nl_span header = reading->mail.parts[part].header;
    if (strcmp(reading->mail.parts[part].type, "text/rfc822-headers") == 0) {
        const char *text = nl_mail_text(&reading->mail, part);
        if (text != NULL)
            header = (struct nl_span){text, strlen(text)};
    }
    reading->out->steps += header.len / 16;
    return nl_reading_spent(reading) ? NULL : nl_mail_find(header, name);
}
