/* Why an address in prose failed: the reason stands near it. */
#include "inbound/prose.h"
#include "newsletter/base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How many lines after an address, and above it, may tell why. */
enum { ABOVE = 8, NEAR = 6, FAR = 24, SAID = 1000 };

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
            (isspace((unsigned char)before) && strchr(":;<>=\n \t", earlier) != NULL))
            return i;
    }
    return last;
}

/* The command that failed: after MAIL or before it nothing was said of the recipient. */
static enum nl_judge_stage stage_of(const struct prose *prose, size_t first, size_t last) {
    bool data = false;
    for (size_t i = first; i <= last && i < prose->count; i++) {
        if (nl_prose_is(prose, i, NL_SORT_AT_CONNECT))
            return NL_JUDGE_CONNECT;
        if (nl_prose_is(prose, i, NL_SORT_AT_MAIL) || nl_prose_begins(prose->lines[i], ">>> MAIL"))
            return NL_JUDGE_MAIL;
        data |=
            nl_prose_is(prose, i, NL_SORT_AT_DATA) || nl_prose_begins(prose->lines[i], ">>> DATA");
        /* Commands that were sent at once: it was RCPT that failed. */
        if (data && memmem(prose->lines[i].data, prose->lines[i].len, "eed RCPT", 8) != NULL)
            return NL_JUDGE_LATER;
    }
    return data ? NL_JUDGE_DOT : NL_JUDGE_LATER;
}

/* Judges some lines: by what a server said in them, else by all of them. */
static struct nl_judgement judge_lines(const struct prose *prose, size_t first, size_t last,
                                       const char *said) {
    size_t start = nl_prose_start(prose, first);
    size_t end = nl_prose_end(prose, last);
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

bool nl_prose_judge(struct prose *prose, const char *address, size_t first, size_t last) {
    struct nl_buf said = {0};
    join(prose, first, last, &said);
    struct nl_judgement judgement = judge_lines(prose, first, last, nl_buf_text(&said));
    enum nl_bounce_kind kind = prose->delayed   ? NL_BOUNCE_DELAYED
                               : judgement.hard ? NL_BOUNCE_HARD
                                                : NL_BOUNCE_SOFT;
    bool added = (judgement.exact || !prose->reported) &&
                 nl_reading_add(prose->reading, address, kind, &judgement, nl_buf_text(&said));
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
        if ((nl_prose_ends(prose, i) && !nl_prose_has_address(prose, i)) ||
            (begins_with_code(prose, line) && begins_with_code(prose, i)))
            return i - 1;
    return last;
}

/* The first line of those above an address that may tell why it failed. `before` says whether the
 * address before it has a reason, whose lines these are. */
static size_t first_of(const struct prose *prose, size_t which, bool before) {
    size_t line = prose->found[which].line;
    size_t first = line > ABOVE ? line - ABOVE : 0;
    if (which > 0 && prose->found[which - 1].line >= first && before)
        first = prose->found[which - 1].line + 1;
    for (size_t i = line; begins_with_code(prose, line) && i > first; i--)
        if (begins_with_code(prose, i - 1))
            return i;
    return first;
}

/* Looks for a reason around an address of which the lines next to it say nothing: `next` is the
 * address whose lines end the search. */
static bool look_around(struct prose *prose, size_t which, size_t next, bool before) {
    const struct found *found = &prose->found[which];
    size_t first = first_of(prose, which, before);
    /* Sendmail's transcript has what the server said above its own line about the recipient. */
    if (begins_with_code(prose, found->line) &&
        nl_prose_judge(prose, found->address, first, found->line))
        return true;
    return nl_prose_judge(prose, found->address, found->line, last_of(prose, next, FAR)) ||
           nl_prose_judge(prose, found->address, first, found->line);
}

void nl_prose_judge_found(struct prose *prose) {
    bool any = false;
    bool *known = nl_calloc(prose->found_count + 1, sizeof *known);
    for (size_t i = 0; i < prose->found_count && !nl_reading_spent(prose->reading); i++) {
        known[i] = nl_prose_judge(prose, prose->found[i].address, prose->found[i].line,
                                  last_of(prose, i, NEAR));
        any |= known[i];
    }
    for (size_t i = 0; known != NULL && i < prose->found_count && !nl_reading_spent(prose->reading);
         i++) {
        size_t next = i;
        while (next + 1 < prose->found_count && !known[next])
            next++; /* the reason may stand below the last of several addresses */
        if (known[i] || look_around(prose, i, next, i > 0 && known[i - 1]) || any)
            continue;
        nl_prose_judge(prose, prose->found[i].address, 0,
                       prose->end > 0 ? prose->end - 1 : prose->count);
    }
    free(known);
}

void nl_prose_note_reason(struct prose *prose) {
    size_t first = 0;
    while (first < prose->end && !nl_prose_is(prose, first, NL_SORT_INTRO))
        first++;
    struct nl_buf said = {0};
    join(prose, first, prose->end, &said);
    struct nl_judgement judgement = judge_lines(prose, first, prose->end, nl_buf_text(&said));
    nl_buf_free(&said);
    if (first < prose->end &&
        (prose->reading->reported || strcmp(judgement.reason, "undetermined") != 0))
        prose->reading->out->kind = prose->delayed   ? NL_BOUNCE_DELAYED
                                    : judgement.hard ? NL_BOUNCE_HARD
                                                     : NL_BOUNCE_SOFT;
    prose->reading->unnamed = judgement;
}
