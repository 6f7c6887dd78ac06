/* Bounces without a form: the address that failed stands on a line of its own or within the prose,
 * and why stands near it. */
#include "inbound/prose.h"
#include "newsletter/base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How many lines an introduction holds for, and how many of those after an address tell why. */
enum { BLOCK = 8, NEAR = 6, FAR = 24, SAID = 1000 };

/* Google wraps its prose into multipart/related and multipart/alternative. */
enum { DEPTH = 4 };

/* Where a line begins and ends in the text. */
static size_t start_of(const struct prose *prose, size_t line) {
    return line < prose->count ? (size_t)(prose->lines[line].data - prose->text) : prose->len;
}

static size_t end_of(const struct prose *prose, size_t line) {
    return line < prose->count ? start_of(prose, line) + prose->lines[line].len : prose->len;
}

static bool is_blank(const struct prose *prose, size_t line) {
    for (size_t i = 0; i < prose->lines[line].len; i++)
        if (!isspace((unsigned char)prose->lines[line].data[i]))
            return false;
    return true;
}

static bool has_address(const struct prose *prose, size_t line) {
    return prose->lines[line].len > 0 &&
           memchr(prose->lines[line].data, '@', prose->lines[line].len) != NULL;
}

static bool is(const struct prose *prose, size_t line, enum nl_sort sort) {
    return nl_scan_is(prose->scan, line, sort);
}

static bool begins_with(struct nl_span line, const char *word) {
    size_t start = 0;
    while (start < line.len && (line.data[start] == ' ' || line.data[start] == '\t'))
        start++;
    size_t len = strlen(word);
    return line.len - start >= len && strncasecmp(line.data + start, word, len) == 0;
}

/* Whether the report ends with a line: it says so, or is a field of the mail that came back. */
static bool ends(const struct prose *prose, size_t line) {
    static const char *const fields[] = {
        "received:", "return-path:",  "x-mailer:",     "message-id:",
        "subject:",  "mime-version:", "content-type:", "dkim-signature:"};
    if (is(prose, line, NL_SORT_END))
        return true;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (begins_with(prose->lines[line], fields[i]))
            return true;
    return false;
}

static void split(struct prose *prose, const char *text, size_t len) {
    for (size_t at = 0; at < len && prose->count < PROSE_LINES;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t line = end != NULL ? (size_t)(end - text) - at : len - at;
        prose->lines[prose->count++] = (struct nl_span){text + at, line};
        at += line + 1;
    }
}

/* Addresses of the machinery never failed, and as a rule those of ourselves neither. */
static bool is_ours(const struct prose *prose, const char *address) {
    static const char *const names[] = {"mailer-daemon@", "postmaster@", "mailer_daemon@",
                                        "maildaemon@", "abuse@"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncasecmp(address, names[i], strlen(names[i])) == 0)
            return prose->original == NULL || strcasecmp(address, prose->original) != 0;
    for (size_t i = 0; !prose->take_ours && i < prose->reading->out->sent_to_count; i++)
        if (strcasecmp(address, prose->reading->out->sent_to[i]) == 0)
            return prose->original == NULL || strcasecmp(address, prose->original) != 0;
    return false;
}

/* "ann@example.org (expanded from bob@example.org)": the rest of the line names nobody else. */
static size_t own_part(struct nl_span line) {
    static const char *const words[] = {"expanded from",   "generated from",  "forwarded from",
                                        "aliased from",    "redirected from", "originally for",
                                        "original address"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *found = memmem(line.data, line.len, words[i], strlen(words[i]));
        if (found != NULL)
            return (size_t)(found - line.data);
    }
    return line.len;
}

/* Notes the addresses of a line, to be judged when all are known. */
static size_t take_addresses(struct prose *prose, size_t line) {
    size_t at = 0;
    size_t taken = 0;
    struct nl_span span = prose->lines[line];
    char *address = NULL;
    span.len = own_part(span);
    prose->reading->out->steps += span.len;
    while (prose->found_count < NL_READING_RECIPIENTS && !nl_reading_spent(prose->reading) &&
           (address = nl_reading_next_address(span.data, span.len, &at)) != NULL) {
        if (is_ours(prose, address)) {
            free(address);
            continue;
        }
        prose->found[prose->found_count++] = (struct found){address, line};
        taken++;
    }
    return taken;
}

/* Some give only the part before the @: the rest is the reporter's own domain. */
static bool take_local_part(struct prose *prose, size_t line) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    struct nl_span text = prose->lines[line];
    size_t start = 0;
    while (start < text.len && isspace((unsigned char)text.data[start]))
        start++;
    size_t len = strspn(text.data + start, allowed);
    if (start == 0 || len < 3 || start + len != text.len)
        return false;
    char *from = nl_mail_field(&prose->reading->mail.parts[0], "From");
    char *reporter = from != NULL ? nl_reading_address(from) : NULL;
    struct nl_buf address = {0};
    if (reporter != NULL) {
        nl_buf_add(&address, text.data + start, len);
        nl_buf_adds(&address, strrchr(reporter, '@'));
    }
    free(reporter);
    free(from);
    if (address.data == NULL)
        return false;
    prose->found[prose->found_count++] = (struct found){nl_buf_take(&address), line};
    return true;
}

/* "To:" next to "Subject:" describes the mail that was sent. */
static bool is_summary(const struct prose *prose, size_t line) {
    static const char *const names[] = {"subject:", "sent:", "date:", "betreff:", "objet :", "cc:"};
    if (!begins_with(prose->lines[line], "to:") && !is(prose, line, NL_SORT_QUOTED))
        return false;
    for (size_t i = line > 1 ? line - 2 : 0; i < prose->count && i <= line + 2; i++)
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++)
            if (begins_with(prose->lines[i], names[j]))
                return true;
    return false;
}

/* Whether a line, or one after it that names nobody else, says why an address is no good. */
static bool has_reason_near(struct prose *prose, size_t line) {
    for (size_t i = line; i < prose->count && i <= line + 3; i++) {
        if (i > line && (ends(prose, i) || (has_address(prose, i) &&
                                            !isspace((unsigned char)prose->lines[i].data[0]) &&
                                            !isdigit((unsigned char)prose->lines[i].data[0]))))
            return false;
        const struct nl_rule *rule =
            nl_scan_why(prose->reading->reader, prose->scan, start_of(prose, line),
                        end_of(prose, i), "", &prose->reading->out->steps);
        if (rule != NULL && strcmp(rule->reason->name, "policy") != 0 &&
            strcmp(rule->reason->name, "system") != 0)
            return true;
    }
    return false;
}

/* Whether nothing but an address stands on a line. */
static bool stands_alone(struct nl_span line) {
    size_t start = 0;
    while (start < line.len && strchr(" \t<", line.data[start]) != NULL)
        start++;
    size_t end = start;
    while (end < line.len && line.data[end] != ' ' && line.data[end] != '\t')
        end++;
    return end + 6 >= line.len;
}

/* "<ann@example.org> (expanded from ...): ...": whatever follows is said of that address. */
static bool leads_with_address(struct nl_span line) {
    size_t end = 0;
    if (line.len == 0 || line.data[0] != '<')
        return false;
    while (end < line.len && !isspace((unsigned char)line.data[end]))
        end++;
    return memchr(line.data, '@', end) != NULL;
}

/* Takes an address if a line introduced it, if its own line says what it is, or if the reason
 * stands next to it; `anywhere` takes the others too. */
static void find_addresses(struct prose *prose, size_t end, bool anywhere) {
    size_t block = 0; /* lines for which the introduction still holds */
    for (size_t i = 0; i < end; i++) {
        if (is_blank(prose, i))
            continue;
        bool named = has_address(prose, i);
        if (!named && ends(prose, i) && prose->found_count > 0)
            break;
        bool noise = is(prose, i, NL_SORT_NOISE) && !leads_with_address(prose->lines[i]);
        struct nl_span line = prose->lines[i];
        while (line.len > 0 && isspace((unsigned char)line.data[line.len - 1]))
            line.len--;
        bool ends_in_colon = line.data[line.len - 1] == ':';
        if ((!noise || ends_in_colon) && is(prose, i, NL_SORT_INTRO))
            block = BLOCK;
        else if (block > 0)
            block--;
        if (!named && block >= BLOCK - 2 && prose->found_count == 0)
            take_local_part(prose, i);
        if (!named || (noise && !is(prose, i, NL_SORT_LABEL)) ||
            (!anywhere && is_summary(prose, i)))
            continue;
        bool alone = stands_alone(line);
        if (((anywhere && (alone || prose->found_count == 0)) || block > 0 ||
             is(prose, i, NL_SORT_LABEL) || has_reason_near(prose, i)) &&
            take_addresses(prose, i) > 0 && alone)
            block = BLOCK;
    }
}

/* The lines first..last as one, with their white space reduced. */
static void join(const struct prose *prose, size_t first, size_t last, struct nl_buf *out) {
    nl_buf_clear(out);
    for (size_t i = first; i <= last && i < prose->count && out->len < SAID; i++) {
        struct nl_span line = prose->lines[i];
        while (line.len > 0 && isspace((unsigned char)*line.data)) {
            line.data++;
            line.len--;
        }
        if (out->len > 0 && line.len > 0)
            nl_buf_addc(out, ' ');
        nl_buf_add(out, line.data, line.len < SAID ? line.len : SAID);
    }
}

/* Where, within text[first..last), a server's own words begin: with the code of a reply. `last`
 * when there is none. */
static size_t find_reply(const struct prose *prose, size_t first, size_t last) {
    for (size_t i = first; i + 4 <= last; i++) {
        const char *at = prose->text + i;
        if ((*at != '4' && *at != '5') || !isdigit((unsigned char)at[1]) ||
            !isdigit((unsigned char)at[2]) || strchr(" -#", at[3]) == NULL)
            continue;
        char before = i > first ? at[-1] : '\n';
        char earlier = i > first + 1 ? at[-2] : '\n';
        if (strchr("\n[(\"'>;:", before) != NULL ||
            (isspace((unsigned char)before) && strchr(":;>=\n \t", earlier) != NULL))
            return i;
    }
    return last;
}

/* The command that failed: after MAIL or before it nothing was said of the recipient. */
static enum nl_judge_stage stage_of(const struct prose *prose, size_t first, size_t last) {
    bool data = false;
    for (size_t i = first; i <= last && i < prose->count; i++) {
        if (is(prose, i, NL_SORT_AT_CONNECT))
            return NL_JUDGE_CONNECT;
        if (is(prose, i, NL_SORT_AT_MAIL) || begins_with(prose->lines[i], ">>> MAIL"))
            return NL_JUDGE_MAIL;
        data |= is(prose, i, NL_SORT_AT_DATA) || begins_with(prose->lines[i], ">>> DATA");
        /* Commands that were sent at once: it was RCPT that failed. */
        if (data && memmem(prose->lines[i].data, prose->lines[i].len, "eed RCPT", 8) != NULL)
            return NL_JUDGE_LATER;
    }
    return data ? NL_JUDGE_DOT : NL_JUDGE_LATER;
}

/* Judges some lines: by what a server said in them, else by all of them. */
static struct nl_judgement judge_lines(const struct prose *prose, size_t first, size_t last,
                                       const char *said) {
    size_t start = start_of(prose, first);
    size_t end = end_of(prose, last);
    size_t reply = find_reply(prose, start, end);
    const struct nl_bounce_reader *reader = prose->reading->reader;
    size_t *steps = &prose->reading->out->steps;
    struct nl_failure failure = {.stage = NL_JUDGE_LATER, .text = said};
    *steps += (end - start) / 4;
    failure.stage = stage_of(prose, first, last);
    if (reply < end)
        failure.code = (prose->text[reply] - '0') * 100;
    struct nl_judgement judgement =
        nl_judge_scanned(reader, prose->scan, reply < end ? reply : start, end, &failure, steps);
    if (reply < end && strcmp(judgement.reason, "undetermined") == 0)
        judgement = nl_judge_scanned(reader, prose->scan, start, end, &failure, steps);
    return judgement;
}

/* Judges an address by some lines, and notes it. False for no reason. */
static bool judge(struct prose *prose, const char *address, size_t first, size_t last) {
    struct nl_buf said = {0};
    join(prose, first, last, &said);
    struct nl_judgement judgement = judge_lines(prose, first, last, nl_buf_text(&said));
    enum nl_bounce_kind kind = prose->delayed   ? NL_BOUNCE_DELAYED
                               : judgement.hard ? NL_BOUNCE_HARD
                                                : NL_BOUNCE_SOFT;
    bool added = (judgement.exact || !prose->reported) &&
                 nl_reading_add(prose->reading, address, kind, &judgement, nl_buf_text(&said));
    prose->reading->nomem |= said.failed;
    nl_buf_free(&said);
    return added && judgement.exact;
}

/* "550 <ann@example.org>... User unknown": Sendmail says of each address on a line of its own. */
static bool begins_with_code(const struct prose *prose, size_t line) {
    struct nl_span text = prose->lines[line];
    return text.len > 4 && (text.data[0] == '4' || text.data[0] == '5') &&
           isdigit((unsigned char)text.data[1]) && isdigit((unsigned char)text.data[2]) &&
           text.data[3] == ' ';
}

/* The last line of those that follow an address and belong to it. */
static size_t last_of(const struct prose *prose, size_t which, size_t most) {
    size_t line = prose->found[which].line;
    size_t last = line + most;
    for (size_t i = which + 1; i < prose->found_count; i++)
        if (prose->found[i].line > line && prose->found[i].line <= last &&
            strcasecmp(prose->found[i].address, prose->found[which].address) != 0)
            last = prose->found[i].line - 1;
    for (size_t i = line + 1; i <= last && i < prose->count; i++)
        if ((ends(prose, i) && !has_address(prose, i)) ||
            (begins_with_code(prose, line) && begins_with_code(prose, i)))
            return i - 1;
    return last;
}

/* By the lines that follow each address; then, for those of which these say nothing, by those that
 * follow further down, by those above, and by all there is. */
static void judge_found(struct prose *prose) {
    bool any = false;
    bool *known = calloc(prose->found_count + 1, sizeof *known);
    prose->reading->nomem |= known == NULL;
    for (size_t i = 0; known != NULL && i < prose->found_count && !nl_reading_spent(prose->reading);
         i++) {
        known[i] =
            judge(prose, prose->found[i].address, prose->found[i].line, last_of(prose, i, NEAR));
        any |= known[i];
    }
    for (size_t i = 0; known != NULL && i < prose->found_count && !nl_reading_spent(prose->reading);
         i++) {
        const struct found *found = &prose->found[i];
        size_t next = i;
        while (next + 1 < prose->found_count && !known[next])
            next++; /* the reason may stand below the last of several addresses */
        size_t above = found->line > BLOCK ? found->line - BLOCK : 0;
        if (i > 0 && prose->found[i - 1].line >= above && known[i - 1])
            above = prose->found[i - 1].line + 1;
        if (known[i] || judge(prose, found->address, found->line, last_of(prose, next, FAR)) ||
            judge(prose, found->address, above, found->line) || any)
            continue;
        judge(prose, found->address, 0, prose->end > 0 ? prose->end - 1 : prose->count);
    }
    free(known);
}

/* A bounce that names nobody still says why. */
static void note_reason(struct prose *prose) {
    size_t first = 0;
    while (first < prose->end && !is(prose, first, NL_SORT_INTRO))
        first++;
    struct nl_buf said = {0};
    join(prose, first, prose->end, &said);
    struct nl_judgement judgement = judge_lines(prose, first, prose->end, nl_buf_text(&said));
    nl_buf_free(&said);
    if (first < prose->end && strcmp(judgement.reason, "undetermined") != 0)
        prose->reading->out->kind = prose->delayed   ? NL_BOUNCE_DELAYED
                                    : judgement.hard ? NL_BOUNCE_HARD
                                                     : NL_BOUNCE_SOFT;
    prose->reading->unnamed = judgement;
}

/* Where the report ends; whether the mail is still being tried, or has arrived. */
static void survey(struct prose *prose) {
    bool final = false;
    prose->end = prose->count;
    for (size_t i = 0; i < prose->count; i++) {
        if (i > 3 && ends(prose, i) && !has_address(prose, i)) {
            prose->end = i;
            break;
        }
        prose->delayed |= is(prose, i, NL_SORT_DELAYED);
        prose->arrived |= is(prose, i, NL_SORT_SUCCESS);
        final |= is(prose, i, NL_SORT_FINAL);
    }
    prose->delayed &= !final;
    prose->arrived &=
        !final && nl_scan_why(prose->reading->reader, prose->scan, 0, end_of(prose, prose->end), "",
                              &prose->reading->out->steps) == NULL;
}

/* Reasons for the addresses that a report named without one. */
static void find_reasons(struct prose *prose) {
    struct nl_bounce *out = prose->reading->out;
    size_t lacking = 0;
    for (size_t i = 0; i < out->count; i++) {
        if (out->recipients[i].exact)
            continue;
        lacking++;
        for (size_t line = 0; line < prose->end && prose->found_count < NL_READING_RECIPIENTS;
             line++) {
            out->steps += prose->lines[line].len / 16;
            if (has_address(prose, line) && !is_summary(prose, line) &&
                memmem(prose->lines[line].data, prose->lines[line].len, out->recipients[i].address,
                       strlen(out->recipients[i].address)) != NULL) {
                prose->found[prose->found_count++] =
                    (struct found){strdup(out->recipients[i].address), line};
                break;
            }
        }
    }
    judge_found(prose);
    if (nl_reading_lacks_reason(prose->reading) && lacking == out->count)
        for (size_t i = 0; i < out->count && !nl_reading_spent(prose->reading); i++)
            judge(prose, out->recipients[i].address, 0, prose->end > 0 ? prose->end - 1 : 0);
}

static void find_failures(struct prose *prose) {
    struct nl_reading *reading = prose->reading;
    find_addresses(prose, prose->end, false);
    if (prose->found_count == 0) {
        prose->take_ours = true;
        find_addresses(prose, prose->end, false);
        prose->take_ours = false;
    }
    if (prose->found_count == 0)
        find_addresses(prose, prose->count, false);
    if (prose->found_count == 0)
        find_addresses(prose, prose->count, true);
    judge_found(prose);
    if (reading->out->count == 0)
        note_reason(prose);
}

static void forget_found(struct prose *prose) {
    for (size_t i = 0; i < prose->found_count; i++)
        free(prose->found[i].address);
    prose->found_count = 0;
}

/* `named` says that the addresses are known, and `reported` that a report said how they fared too.
 */
static void read_text(struct nl_reading *reading, const char *text, size_t len, bool named,
                      bool reported) {
    struct prose *prose = calloc(1, sizeof *prose);
    char *original = nl_mail_field(&reading->mail.parts[0], "X-Original-To");
    if (prose == NULL) {
        reading->nomem = true;
        free(original);
        return;
    }
    prose->reading = reading;
    prose->text = text;
    prose->len = len;
    prose->original = original != NULL ? nl_reading_address(original) : NULL;
    split(prose, text, len);
    prose->scan = nl_reading_scan(reading, NL_SCAN_PROSE, text, len, PROSE_LINES);
    survey(prose);
    prose->reported = reported;
    prose->delayed &= !reported;
    if (named)
        find_reasons(prose);
    else if (prose->arrived)
        reading->out->kind = NL_BOUNCE_AUTO_REPLY;
    else if (!nl_read_groups_in_prose(reading, text))
        find_failures(prose);
    forget_found(prose);
    free((char *)prose->original);
    free(original);
    free(prose);
}

/* The recipients that Exim and others name in the header. */
static void read_failed_recipients(struct nl_reading *reading) {
    const struct nl_judgement none = {.reason =
                                          nl_reader_reason(reading->reader, "undetermined")->name,
                                      .fault = NL_FAULT_RECIPIENT};
    char *value = nl_mail_field(&reading->mail.parts[0], "X-Failed-Recipients");
    char *address = NULL;
    size_t at = 0;
    while (value != NULL &&
           (address = nl_reading_next_address(value, strlen(value), &at)) != NULL) {
        nl_reading_add(reading, address, NL_BOUNCE_SOFT, &none, NULL);
        free(address);
    }
    free(value);
}

/* Whether a part holds the reporter's own words: text that stands before the mail that came back.
 */
static bool is_report(const struct nl_part *part, bool first) {
    return part->leaf && part->depth <= DEPTH && strcmp(part->type, "text/rfc822-headers") != 0 &&
           (first || strncmp(part->type, "message/", 8) != 0);
}

void nl_read_prose(struct nl_reading *reading, bool reasons_only) {
    bool any = false;
    if (!reasons_only)
        read_failed_recipients(reading);
    bool named = reading->out->count > 0;
    for (size_t i = 0; i < reading->mail.count && !nl_reading_spent(reading); i++) {
        const struct nl_part *part = &reading->mail.parts[i];
        bool html = strcmp(part->type, "text/html") == 0;
        if (i > 0 && strncmp(reading->mail.parts[i - 1].type, "message/rfc822", 14) == 0)
            break; /* the mail that came back */
        if (!is_report(part, i == 0) || (html && any && reading->out->count > 0))
            continue;
        const char *text = nl_mail_text(&reading->mail, i);
        struct nl_buf plain = {0};
        if (html && text != NULL)
            nl_text_from_html(&plain, text, NL_MAIL_TEXT);
        reading->nomem |= text == NULL || plain.failed;
        if (text != NULL)
            read_text(reading, html ? nl_buf_text(&plain) : text, html ? plain.len : strlen(text),
                      reasons_only || named, reasons_only);
        nl_buf_free(&plain);
        any = true;
    }
    if (!reasons_only)
        nl_read_returned_recipient(reading);
}
