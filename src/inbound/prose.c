/* Bounces without a form: the address that failed stands on a line of its own or within the prose,
 * and why stands near it. */
#include "inbound/prose.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Google wraps its prose into multipart/related and multipart/alternative. */
enum { DEPTH = 4 };

static void split(struct prose *prose, const char *text, size_t len) {
    for (size_t at = 0; at < len && prose->count < PROSE_LINES;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t line = end != NULL ? (size_t)(end - text) - at : len - at;
        prose->lines[prose->count++] = (struct nl_span){text + at, line};
        at += line + 1;
    }
}

/* Where the report ends; whether the mail is still being tried, or has arrived. */
static void survey(struct prose *prose) {
    bool final = false;
    prose->end = prose->count;
    for (size_t i = 0; i < prose->count; i++) {
        if (i > 3 && nl_prose_ends(prose, i) && !nl_prose_has_address(prose, i)) {
            prose->end = i;
            break;
        }
        prose->delayed |= nl_prose_is(prose, i, NL_SORT_DELAYED);
        prose->arrived |= nl_prose_is(prose, i, NL_SORT_SUCCESS);
        final |= nl_prose_is(prose, i, NL_SORT_FINAL);
    }
    prose->delayed &= !final;
    prose->arrived &= !final && nl_scan_why(prose->reading->reader, prose->scan, 0,
                                            nl_prose_end(prose, prose->end), "",
                                            &prose->reading->out->steps) == NULL;
}

/* Reasons for the addresses that a report named without one. */
static void find_reasons(struct prose *prose) {
    struct nl_bounce *out = prose->reading->out;
    size_t lacking = 0;
    for (size_t i = 0; i < out->count; i++) { /* of as many as found[] has room for */
        if (out->recipients[i].exact)
            continue;
        lacking++;
        for (size_t line = 0; line < prose->end; line++) {
            out->steps += prose->lines[line].len / 16;
            if (nl_prose_has_address(prose, line) && !nl_prose_is_summary(prose, line) &&
                memmem(prose->lines[line].data, prose->lines[line].len, out->recipients[i].address,
                       strlen(out->recipients[i].address)) != NULL) {
                prose->found[prose->found_count++] =
                    (struct found){nl_strdup(out->recipients[i].address), line};
                break;
            }
        }
    }
    nl_prose_judge_found(prose);
    if (nl_reading_lacks_reason(prose->reading) && lacking == out->count)
        for (size_t i = 0; i < out->count && !nl_reading_spent(prose->reading); i++)
            nl_prose_judge(prose, out->recipients[i].address, 0,
                           prose->end > 0 ? prose->end - 1 : 0);
}

static void find_failures(struct prose *prose) {
    struct nl_reading *reading = prose->reading;
    nl_prose_find_addresses(prose, prose->end, false);
    if (prose->found_count == 0) {
        prose->take_ours = true;
        nl_prose_find_addresses(prose, prose->end, false);
        prose->take_ours = false;
    }
    if (prose->found_count == 0)
        nl_prose_find_addresses(prose, prose->count, false);
    if (prose->found_count == 0)
        nl_prose_find_addresses(prose, prose->count, true);
    nl_prose_judge_found(prose);
    if (reading->out->count == 0)
        nl_prose_note_reason(prose);
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
    struct prose *prose = nl_calloc(1, sizeof *prose);
    char *original = nl_mail_field(&reading->mail.parts[0], "X-Original-To");
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
        if (html)
            nl_text_from_html(&plain, text, NL_MAIL_TEXT);
        read_text(reading, html ? nl_buf_text(&plain) : text, html ? plain.len : strlen(text),
                  reasons_only || named, reasons_only);
        nl_buf_free(&plain);
        any = true;
    }
    if (!reasons_only)
        nl_read_returned_recipient(reading);
}
