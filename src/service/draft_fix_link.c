#include "service/draft_fixer.h"

#include <string.h>
#include <strings.h>

/* Letters of an address that a telephone's line has room for, as the check counts them. */
enum { LINE_LETTERS = 36 };

static const char words_wanted[] = "say where the link leads";

/* ---- words of links ---- */

static void write_words(const char *body, const char *from, const char *to, const char *words,
                        struct nl_buf *out) {
    nl_buf_add(out, body, (size_t)(from - body));
    nl_fix_add_words(out, words);
    nl_buf_adds(out, to);
}

/* The first link of a paragraph whose words are `about`, "" for none but blanks: *from and *to are
 * around them. */
static bool find_link(const char *at, const char *about, const char **from, const char **to) {
    const char *end = nl_fix_paragraph_end(at);
    size_t len = strlen(about);
    for (const char *open = at; open < end; open++) {
        if (*open != '[' || (open > at && (open[-1] == '!' || open[-1] == '\\')))
            continue;
        *from = open + 1;
        *to = *from + (len > 0 ? len : strspn(*from, " "));
        if (strncmp(*from, about, len) == 0 && **to == ']' && ((*to)[1] == '(' || (*to)[1] == '['))
            return true;
    }
    return false;
}

static enum nl_status give_words(const char *body, const struct nl_draft_fix *fix,
                                 const char *about, struct nl_buf *out, struct nl_error *err) {
    struct nl_fix_place place = {0};
    const char *from = NULL;
    const char *to = NULL;
    enum nl_status status = nl_fix_check_words(fix, words_wanted, err);
    if (status != NL_OK)
        return status;
    if (!nl_fix_find_line(body, fix->line, &place) || !find_link(place.at, about, &from, &to))
        return nl_fix_moved(err);
    write_words(body, from, to, fix->words, out);
    return NL_OK;
}

enum nl_status nl_fix_link_words(const char *body, const struct nl_draft_fix *fix,
                                 struct nl_buf *out, struct nl_error *err) {
    return fix->about[0] != '\0' ? give_words(body, fix, fix->about, out, err) : nl_fix_moved(err);
}

enum nl_status nl_fix_link_empty(const char *body, const struct nl_draft_fix *fix,
                                 struct nl_buf *out, struct nl_error *err) {
    return give_words(body, fix, "", out, err);
}

/* ---- long addresses ---- */

static size_t address_len(const char *at) {
    size_t len = strcspn(at, " \t\n<>()[]|\"");
    while (len > 0 && strchr(".,;:!?*_", at[len - 1]) != NULL)
        len--;
    return len;
}

/* The next address that shows as it is: alone, in angle brackets, or as the words of a link. */
static const char *find_address(const char *body, const char *at, const char *end) {
    for (; at < end; at++) {
        bool begins = strncasecmp(at, "http://", 7) == 0 || strncasecmp(at, "https://", 8) == 0;
        if (!begins)
            continue;
        size_t len = address_len(at);
        bool target =
            at > body + 1 && ((at[-1] == '(' && at[-2] == ']') || (at[-1] == '<' && at[-2] == '('));
        if (len > LINE_LETTERS && !target)
            return at;
        at += len > 0 ? len - 1 : 0;
    }
    return NULL;
}

enum nl_status nl_fix_long_word(const char *body, const struct nl_draft_fix *fix,
                                struct nl_buf *out, struct nl_error *err) {
    struct nl_fix_place place = {0};
    enum nl_status status = nl_fix_check_words(fix, words_wanted, err);
    if (status != NL_OK)
        return status;
    if (!nl_fix_find_line(body, fix->line, &place))
        return nl_fix_moved(err);
    const char *from = find_address(body, place.at, nl_fix_paragraph_end(place.at));
    if (from == NULL)
        return nl_fix_moved(err);
    size_t len = address_len(from);
    const char *to = from + len;
    char before = from > body ? from[-1] : ' ';
    if (before == '[' && *to == ']') {
        write_words(body, from, to, fix->words, out);
        return NL_OK;
    }
    bool angles = before == '<' && *to == '>';
    nl_buf_add(out, body, (size_t)(from - angles - body));
    nl_buf_addc(out, '[');
    nl_fix_add_words(out, fix->words);
    nl_buf_adds(out, "](");
    nl_buf_add(out, from, len);
    nl_buf_addc(out, ')');
    nl_buf_adds(out, to + angles);
    return NL_OK;
}

/* ---- encryption ---- */

/* The host of an address that begins with http://; and whether the text links to it with https,
 * too: then the host is known to answer there. */
static bool is_safe(const char *body, const char *url) {
    struct nl_buf known = {0};
    const char *host = url + strlen("http://");
    size_t len = strcspn(host, "/?#:)> \"\n\t");
    bool safe = false;
    nl_buf_addf(&known, "https://%.*s", (int)len, host);
    for (const char *at = strcasestr(body, nl_buf_text(&known)); len > 0 && at != NULL && !safe;
         at = strcasestr(at + 1, nl_buf_text(&known)))
        safe = strchr("/?#)> \"\n\t", at[known.len]) != NULL && host[len] != ':';
    nl_buf_free(&known);
    return safe;
}

static const char *next_plain(const char *at) {
    return strcasestr(at, "http://");
}

/* All of them; with `about`, an address, only where that one can be encrypted. */
enum nl_status nl_fix_https(const char *body, const struct nl_draft_fix *fix, struct nl_buf *out,
                            struct nl_error *err) {
    const char *from = body;
    const char *about = next_plain(fix->about);
    bool any = false;
    for (const char *at = next_plain(body); at != NULL; at = next_plain(at + 1)) {
        if (!is_safe(body, at))
            continue;
        nl_buf_add(out, from, (size_t)(at - from));
        nl_buf_adds(out, "https");
        from = at + 4;
        any = true;
    }
    nl_buf_adds(out, from);
    return any && (about == NULL || is_safe(body, about)) ? NL_OK : nl_fix_moved(err);
}
