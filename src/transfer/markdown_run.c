#include "transfer/markdown_run.h"

#include <string.h>
#include <unictype.h>
#include <unistr.h>

/* A blank of any kind that browsers put where there is one: also NO-BREAK SPACE from Word. */
static size_t blank_length(const char *at, size_t len) {
    if (len >= 1 && strchr(" \t\n\r\f\v", at[0]) != NULL && at[0] != '\0')
        return 1;
    return len >= 2 && memcmp(at, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

/* Signs that have a meaning in Markdown wherever they stand. */
static bool has_meaning(const char *text, size_t at, size_t len) {
    char c = text[at];
    char next = at + 1 < len ? text[at + 1] : '\0';
    if (strchr("\\`*[]|~<", c) != NULL)
        return true;
    if (c == '_') { /* within a word it has none */
        unsigned char before = at > 0 ? (unsigned char)text[at - 1] : ' ';
        bool inner = (before >= 0x80 || strchr(" \t\n([\"'", before) == NULL) && next != '\0' &&
                     strchr(" \t\n.,;:!?)]\"'", next) == NULL;
        return !inner;
    }
    if (c == '&')
        return next == '#' || (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z');
    return c == '!' && next == '[';
}

/* Whether a blank that does not break a line stands alone between two words: "20 €". Others are
 * those of programs that would lose a plain blank there. */
static bool binds(const char *text, size_t at, size_t len) {
    bool before = at > 0 && blank_length(text + at - 1, 1) == 0 &&
                  (at < 2 || blank_length(text + at - 2, 2) == 0);
    return before && at + 2 < len && blank_length(text + at + 2, len - at - 2) == 0;
}

void nl_run_escape(const char *text, size_t len, struct nl_buf *out) {
    for (size_t i = 0; i < len;) {
        size_t blank = blank_length(text + i, len - i);
        if (blank > 1 && binds(text, i, len)) {
            nl_buf_add(out, text + i, blank);
            i += blank;
            continue;
        }
        if (blank > 0) {
            if (out->len == 0 || strchr(" \n", out->data[out->len - 1]) == NULL)
                nl_buf_addc(out, ' ');
            i += blank;
            continue;
        }
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != 0x7f) {
            if (has_meaning(text, i, len))
                nl_buf_addc(out, '\\');
            nl_buf_addc(out, text[i]);
        }
        i++;
    }
}

/* Signs that have a meaning at the beginning of a line, which begins at `start`. */
static void protect_start(struct nl_buf *line, size_t start) {
    const char *text = nl_buf_text(line) + start;
    size_t digits = strspn(text, "0123456789");
    size_t none = line->len - start;
    size_t at = none;
    if (text[0] == '#' || text[0] == '>' || text[0] == '=' || text[0] == ':' ||
        ((text[0] == '-' || text[0] == '+') &&
         (text[1] == ' ' || text[1] == '-' || text[1] == '\0')))
        at = 0;
    else if (digits > 0 && digits < 10 && (text[digits] == '.' || text[digits] == ')') &&
             text[digits + 1] == ' ')
        at = digits;
    if (at == none)
        return;
    nl_buf_addc(line, ' ');
    at += start;
    memmove(line->data + at + 1, line->data + at, line->len - 1 - at);
    line->data[at] = '\\';
}

/* ---- marks ---- */

static bool is_word(ucs4_t c) {
    return uc_is_alnum(c);
}

static bool is_sign(ucs4_t c) {
    return c < 0x80 ? c > 0x20 && !is_word(c) : uc_is_punct(c);
}

static ucs4_t last_of(const struct nl_buf *text) {
    size_t at = text->len;
    ucs4_t c = ' ';
    while (at > 0 && ((unsigned char)text->data[at - 1] & 0xc0) == 0x80)
        at--;
    if (at > 0)
        (void)u8_mbtouc(&c, (const uint8_t *)text->data + at - 1, text->len - at + 1);
    return c;
}

static ucs4_t first_of(const char *text) {
    ucs4_t c = ' ';
    if (text[0] != '\0')
        (void)u8_mbtouc(&c, (const uint8_t *)text, strlen(text));
    return c;
}

/* Whether marks may stand here (CommonMark, "left-flanking" and "right-flanking"): not between a
 * word and a sign. */
static bool may_mark(ucs4_t before, const char *inner, ucs4_t last, ucs4_t after) {
    return !(is_word(before) && is_sign(first_of(inner))) && !(is_sign(last) && is_word(after));
}

/* The next sign that will be written after a run. */
static ucs4_t sign_after(const struct nl_scribe *writer, size_t at) {
    const struct nl_run *next = at + 1 < writer->run_count ? &writer->runs[at + 1] : NULL;
    if (next == NULL || (writer->runs[at].link > 0 && next->link != writer->runs[at].link))
        return ' '; /* or the end of a link's words */
    return first_of(nl_buf_text(&next->text));
}

static void add_marked(struct nl_scribe *writer, size_t at, const struct nl_buf *inner,
                       ucs4_t after, struct nl_buf *out) {
    const struct nl_run *run = &writer->runs[at];
    unsigned look = run->look;
    const char *link =
        run->link > 0 && run->link <= writer->link_count ? writer->links[run->link - 1] : NULL;
    if (link != NULL && writer->open_link == 0) {
        nl_buf_addc(out, '[');
        writer->open_link = run->link;
    }
    if (look != 0 && !may_mark(last_of(out), nl_buf_text(inner), last_of(inner), after)) {
        writer->document->dropped[NL_DROPPED_EMPHASIS]++;
        look = 0;
    }
    /* Stars that touch others belong to nobody: then it is an underscore. */
    bool touches = out->len > 0 && out->data[out->len - 1] == '*' && !is_word(after);
    const char *slope = touches ? "_" : "*";
    const char *const marks[] = {"**", slope, "~~"};
    for (int i = 0; i < 3; i++)
        if ((look & (1U << i)) != 0)
            nl_buf_adds(out, marks[i]);
    nl_buf_add(out, inner->data, inner->len);
    for (int i = 2; i >= 0; i--)
        if ((look & (1U << i)) != 0)
            nl_buf_adds(out, marks[i]);
}

/* A blank at the end of the words of a link stands after it. */
static void end_link(struct nl_scribe *writer, struct nl_buf *out) {
    if (writer->open_link == 0)
        return;
    bool blank = out->len > 0 && out->data[out->len - 1] == ' ';
    if (blank)
        out->data[--out->len] = '\0';
    nl_buf_addf(out, "](%s)%s", writer->links[writer->open_link - 1], blank ? " " : "");
    writer->open_link = 0;
}

/* Blanks at the ends of a run stand outside of its marks. */
static void add_run(struct nl_scribe *writer, size_t at, struct nl_buf *out) {
    const struct nl_run *run = &writer->runs[at];
    const char *text = nl_buf_text(&run->text);
    size_t begin = 0;
    size_t end = run->text.len;
    for (size_t blank = 0; begin < end && (blank = blank_length(text + begin, end - begin)) > 0;)
        begin += blank;
    while (end > begin && (blank_length(text + end - 1, 1) > 0 ||
                           (end - begin >= 2 && blank_length(text + end - 2, 2) == 2)))
        end -= blank_length(text + end - 1, 1) > 0 ? 1 : 2;
    struct nl_buf inner = {0};
    nl_run_escape(text + begin, end - begin, &inner);
    if (begin > 0 && out->len > 0 && strchr(" \n", out->data[out->len - 1]) == NULL)
        nl_buf_addc(out, ' ');
    ucs4_t after = end < run->text.len ? ' ' : sign_after(writer, at);
    if (inner.len > 0 && (run->look != 0 || run->link > 0))
        add_marked(writer, at, &inner, after, out);
    else if (inner.len > 0)
        nl_buf_add(out, inner.data, inner.len);
    if (end < run->text.len && inner.len > 0)
        nl_buf_addc(out, ' ');
    nl_buf_free(&inner);
}

void nl_runs_write(struct nl_scribe *writer, struct nl_buf *out) {
    size_t start = 0;
    bool plain = !writer->in_table && writer->heading == 0;
    for (size_t i = 0; i < writer->run_count; i++) {
        const struct nl_run *run = &writer->runs[i];
        bool line_break = run->raw && run->text.data[0] == '\\';
        if (run->raw || run->link != writer->open_link)
            end_link(writer, out);
        while (line_break && out->len > start && out->data[out->len - 1] == ' ')
            out->data[--out->len] = '\0';
        if (!run->raw)
            add_run(writer, i, out);
        else if (!line_break || out->len > start)
            nl_buf_add(out, nl_buf_text(&run->text), run->text.len);
        if (line_break && out->len > start) {
            protect_start(out, start);
            start = out->len;
        }
    }
    end_link(writer, out);
    while (out->len > 0 && strchr(" \n\\", out->data[out->len - 1]) != NULL) {
        bool sign = out->data[out->len - 1] == '\\';
        if (sign && out->len > 1 && out->data[out->len - 2] == '\\')
            break; /* a backslash of the text */
        out->data[--out->len] = '\0';
    }
    if (out->len > start && plain)
        protect_start(out, start);
}
