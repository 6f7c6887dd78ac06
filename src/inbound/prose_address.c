/* Which addresses of a bounce in prose failed: those on a line of their own, or within a sentence
 * that says so. */
#include "inbound/prose.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How many lines an introduction holds for. */
enum { BLOCK = 8 };

static bool is_blank(const struct prose *prose, size_t line) {
    for (size_t i = 0; i < prose->lines[line].len; i++)
        if (!isspace((unsigned char)prose->lines[line].data[i]))
            return false;
    return true;
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

bool nl_prose_is_summary(const struct prose *prose, size_t line) {
    static const char *const names[] = {"subject:", "sent:", "date:", "betreff:", "objet :", "cc:"};
    if (!nl_prose_begins(prose->lines[line], "to:") &&
        !nl_prose_begins(prose->lines[line], "\xC3\x80 :") && /* French, too short for a word */
        !nl_prose_is(prose, line, NL_SORT_QUOTED))
        return false;
    for (size_t i = line > 1 ? line - 2 : 0; i < prose->count && i <= line + 2; i++)
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++)
            if (nl_prose_begins(prose->lines[i], names[j]))
                return true;
    return false;
}

/* Whether a line, or one after it that names nobody else, says why an address does not work. */
static bool has_reason_near(struct prose *prose, size_t line) {
    for (size_t i = line; i < prose->count && i <= line + 3; i++) {
        if (i > line &&
            (nl_prose_ends(prose, i) ||
             (nl_prose_has_address(prose, i) && !isspace((unsigned char)prose->lines[i].data[0]) &&
              !isdigit((unsigned char)prose->lines[i].data[0]))))
            return false;
        const struct nl_rule *rule =
            nl_scan_why(prose->reading->reader, prose->scan, nl_prose_start(prose, line),
                        nl_prose_end(prose, i), "", &prose->reading->out->steps);
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

/* "> Ann wrote this": the words of the mail that came back, and not ">>> RCPT To:<ann@...>". */
static bool is_quoted(struct nl_span line) {
    return line.len > 1 && line.data[0] == '>' && line.data[1] != '>';
}

void nl_prose_find_addresses(struct prose *prose, size_t end, bool anywhere) {
    size_t block = 0; /* lines for which the introduction still holds */
    for (size_t i = 0; i < end; i++) {
        if (is_blank(prose, i))
            continue;
        bool named = nl_prose_has_address(prose, i) && !is_quoted(prose->lines[i]);
        if (!named && nl_prose_ends(prose, i) && prose->found_count > 0)
            break;
        bool noise = nl_prose_is(prose, i, NL_SORT_NOISE) && !leads_with_address(prose->lines[i]);
        struct nl_span line = prose->lines[i];
        while (line.len > 0 && isspace((unsigned char)line.data[line.len - 1]))
            line.len--;
        bool ends_in_colon = line.data[line.len - 1] == ':';
        if ((!noise || ends_in_colon) && nl_prose_is(prose, i, NL_SORT_INTRO))
            block = BLOCK;
        else if (block > 0)
            block--;
        if (!named && block >= BLOCK - 2 && prose->found_count == 0)
            take_local_part(prose, i);
        if (!named || (noise && !nl_prose_is(prose, i, NL_SORT_LABEL)) ||
            (!anywhere && nl_prose_is_summary(prose, i)))
            continue;
        bool alone = stands_alone(line);
        if (((anywhere && (alone || prose->found_count == 0)) || block > 0 ||
             nl_prose_is(prose, i, NL_SORT_LABEL) || has_reason_near(prose, i)) &&
            take_addresses(prose, i) > 0 && alone)
            block = BLOCK;
    }
}
