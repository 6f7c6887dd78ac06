#include "transfer/rtf_text.h"

#include "newsletter/base/memory.h"
#include "transfer/code_page.h"
#include "transfer/rtf_reader.h"

#include <stdlib.h>
#include <string.h>
#include <unistr.h>

enum { DEPTH = 200, FONTS = 4096 };

enum place {
    TEXT, /* it is read */
    TAG,  /* of the HTML, as it is */
    FONT_TABLE,
    SKIPPED,
};

/* A group: it begins with all that the one around it has. */
struct group {
    enum place place;
    bool only_rtf; /* \htmlrtf: it is not in the HTML */
    bool optional; /* \* was read: the next word is a destination */
    bool begun;    /* something of it was read */
    int code_page;
    long fallback; /* \uc: so many characters after \u stand for it */
};

struct reading {
    struct nl_buf *out;
    struct nl_buf bytes; /* text that is not converted yet */
    struct group groups[DEPTH];
    size_t depth;
    int code_page; /* of the document */
    long font;     /* whose entry in the table is read */
    bool html;     /* it wraps HTML */
    bool native;   /* it wraps nothing */
    bool too_deep, ended;
    long passed_over;      /* characters that stand for the last \u */
    unsigned high;         /* the first half of a pair (RFC 2781) */
    uint16_t fonts[FONTS]; /* their code pages; 0: that of the document */
};

static struct group *group_of(struct reading *reading) {
    return &reading->groups[reading->depth];
}

/* ---- the output ---- */

static void add_escaped(struct nl_buf *out, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        const char *name = text[i] == '<'   ? "&lt;"
                           : text[i] == '>' ? "&gt;"
                           : text[i] == '&' ? "&amp;"
                                            : NULL;
        if (name != NULL)
            nl_buf_adds(out, name);
        else
            nl_buf_addc(out, text[i]);
    }
}

/* Text in UTF-8: within the HTML's own tags as it is, else as text of the HTML. */
static void emit(struct reading *reading, const char *text, size_t len) {
    const struct group *group = group_of(reading);
    if (group->place == TAG || !reading->html)
        nl_buf_add(reading->out, text, len);
    else
        add_escaped(reading->out, text, len);
}

static void flush(struct reading *reading) {
    const struct group *group = group_of(reading);
    struct nl_buf text = {0};
    int code_page = group->place == TAG ? reading->code_page : group->code_page;
    if (reading->bytes.len == 0)
        return;
    nl_code_page_add(code_page, reading->bytes.data, reading->bytes.len, &text);
    emit(reading, nl_buf_text(&text), text.len);
    nl_buf_clear(&reading->bytes);
    nl_buf_free(&text);
}

static bool is_read(struct reading *reading) {
    const struct group *group = group_of(reading);
    return group->place == TAG || (group->place == TEXT && !(reading->html && group->only_rtf));
}

static void add_byte(struct reading *reading, char byte) {
    if (reading->passed_over > 0)
        reading->passed_over--;
    else if (is_read(reading))
        nl_buf_addc(&reading->bytes, byte);
}

static void add_text(struct reading *reading, const char *text) {
    flush(reading);
    if (reading->passed_over > 0)
        reading->passed_over--;
    else if (is_read(reading))
        emit(reading, text, strlen(text));
}

/* \u: a number of 16 bits with a sign. */
static void add_unicode(struct reading *reading, long number) {
    uint8_t bytes[6];
    unsigned c = (unsigned)(number < 0 ? number + 65536 : number) & 0xFFFFU;
    flush(reading);
    reading->passed_over = group_of(reading)->fallback;
    if (c >= 0xD800 && c <= 0xDBFF) {
        reading->high = c;
        return;
    }
    if (c >= 0xDC00 && c <= 0xDFFF)
        c = reading->high != 0 ? 0x10000 + ((reading->high - 0xD800) << 10) + (c - 0xDC00) : 0xFFFD;
    reading->high = 0;
    int len = u8_uctomb(bytes, c, sizeof bytes);
    if (len > 0 && is_read(reading))
        emit(reading, (const char *)bytes, (size_t)len);
}

/* ---- words ---- */

static const struct {
    const char *word, *text;
} characters[] = {
    {"par", "\n"},
    {"line", "\n"},
    {"row", "\n"},
    {"sect", "\n"},
    {"page", "\n"},
    {"cell", "\t"},
    {"tab", "\t"},
    {"lquote", "\xe2\x80\x98"},
    {"rquote", "\xe2\x80\x99"},
    {"ldblquote", "\xe2\x80\x9c"},
    {"rdblquote", "\xe2\x80\x9d"},
    {"bullet", "\xe2\x80\xa2"},
    {"endash", "\xe2\x80\x93"},
    {"emdash", "\xe2\x80\x94"},
    {"enspace", "\xe2\x80\x82"},
    {"emspace", "\xe2\x80\x83"},
};

/* Destinations without a word of the text that stand without \*. */
static const char *const skipped[] = {
    "colortbl",  "stylesheet", "info",    "pict",      "object",    "header",  "headerl",
    "headerr",   "headerf",    "footer",  "footerl",   "footerr",   "footerf", "footnote",
    "filetbl",   "revtbl",     "fldinst", "listtable", "bkmkstart", "bkmkend", "themedata",
    "datastore", "xe",         "tc",      NULL};

/* The first word of a group may make it a destination. True if it did. */
static bool begin_destination(struct reading *reading, const struct nl_rtf_piece *piece) {
    struct group *group = group_of(reading);
    bool optional = group->optional;
    bool first = !group->begun || optional;
    group->optional = false;
    if (!first)
        return false;
    if (group->place == SKIPPED)
        return true;
    if (strcmp(piece->word, "fonttbl") == 0) {
        group->place = FONT_TABLE;
        return true;
    }
    if (optional && strcmp(piece->word, "htmltag") == 0 && reading->html) {
        group->place = TAG;
        return true;
    }
    for (size_t i = 0; skipped[i] != NULL && !optional; i++)
        optional = strcmp(skipped[i], piece->word) == 0;
    if (optional && group->place != FONT_TABLE)
        group->place = SKIPPED;
    return optional;
}

static void read_font(struct reading *reading, const struct nl_rtf_piece *piece) {
    bool known = reading->font >= 0 && reading->font < FONTS;
    if (strcmp(piece->word, "f") == 0)
        reading->font = piece->number;
    else if (strcmp(piece->word, "fcharset") == 0 && known && reading->fonts[reading->font] == 0)
        reading->fonts[reading->font] = (uint16_t)nl_code_page_of_charset(piece->number, 0);
    else if (strcmp(piece->word, "cpg") == 0 && known && piece->number > 0 &&
             piece->number <= UINT16_MAX)
        reading->fonts[reading->font] = (uint16_t)piece->number;
}

static int code_page_of_font(const struct reading *reading, long font) {
    return font >= 0 && font < FONTS && reading->fonts[font] != 0 ? reading->fonts[font]
                                                                  : reading->code_page;
}

/* Words that change how the text after them is read. True for one of them. */
static bool set(struct reading *reading, const struct nl_rtf_piece *piece) {
    struct group *group = group_of(reading);
    if (strcmp(piece->word, "htmlrtf") == 0) {
        group->only_rtf = !piece->has_number || piece->number != 0;
    } else if (strcmp(piece->word, "f") == 0 || strcmp(piece->word, "plain") == 0) {
        group->code_page =
            piece->word[0] == 'f' ? code_page_of_font(reading, piece->number) : reading->code_page;
    } else if (strcmp(piece->word, "uc") == 0) {
        group->fallback = piece->number >= 0 && piece->number < 16 ? piece->number : 1;
    } else if (strcmp(piece->word, "ansicpg") == 0 && piece->number > 0 &&
               piece->number <= NL_CODE_PAGE_UTF8) {
        reading->code_page = group->code_page = (int)piece->number;
    } else if (strcmp(piece->word, "fromhtml") == 0) {
        reading->html = piece->number == 1 && reading->out->len == 0;
        reading->native = !reading->html;
    } else if (strcmp(piece->word, "fromtext") == 0) {
        reading->native = false;
    } else {
        return false;
    }
    return true;
}

static void add_character(struct reading *reading, const char *word) {
    for (size_t i = 0; i < sizeof characters / sizeof characters[0]; i++)
        if (strcmp(characters[i].word, word) == 0)
            add_text(reading, characters[i].text);
    /* In a text of its own, it ends a paragraph; in one that Outlook has wrapped, a line. */
    if (reading->native && strcmp(word, "par") == 0)
        add_text(reading, "\n");
}

static void read_word(struct reading *reading, const struct nl_rtf_piece *piece) {
    if (strcmp(piece->word, "u") == 0) {
        add_unicode(reading, piece->number);
        return;
    }
    flush(reading);
    if (begin_destination(reading, piece) || group_of(reading)->place == SKIPPED)
        return;
    if (group_of(reading)->place == FONT_TABLE)
        read_font(reading, piece);
    else if (!set(reading, piece))
        add_character(reading, piece->word);
}

static void read_symbol(struct reading *reading, char c) {
    switch (c) {
    case '{':
    case '}':
    case '\\':
        add_byte(reading, c);
        break;
    case '*':
        flush(reading);
        group_of(reading)->optional = true;
        break;
    case '~':
        add_text(reading, "\xc2\xa0");
        break;
    case '_':
        add_text(reading, "\xe2\x80\x91");
        break;
    case '-':
        add_text(reading, "\xc2\xad");
        break;
    case '\r':
    case '\n':
        add_text(reading, "\n");
        break;
    case '\t':
        add_text(reading, "\t");
        break;
    default:
        break;
    }
}

static void open_group(struct reading *reading) {
    flush(reading);
    reading->passed_over = 0;
    group_of(reading)->begun = true;
    reading->too_deep = reading->depth + 1 == DEPTH;
    if (reading->too_deep)
        return;
    reading->groups[reading->depth + 1] = *group_of(reading);
    reading->depth++;
    group_of(reading)->begun = group_of(reading)->optional = false;
}

static void close_group(struct reading *reading) {
    flush(reading);
    reading->passed_over = 0;
    if (reading->depth > 0)
        reading->depth--;
    reading->ended = reading->depth == 0;
}

static void read_piece(struct reading *reading, const struct nl_rtf_piece *piece) {
    switch (piece->kind) {
    case NL_RTF_OPEN:
        open_group(reading);
        return;
    case NL_RTF_CLOSE:
        close_group(reading);
        return;
    case NL_RTF_WORD:
        read_word(reading, piece);
        break;
    case NL_RTF_SYMBOL:
        read_symbol(reading, piece->byte);
        break;
    default:
        add_byte(reading, piece->byte);
    }
    group_of(reading)->begun = true;
}

enum nl_status nl_rtf_text(const struct nl_buf *rtf, struct nl_buf *out, bool *html,
                           struct nl_error *err) {
    struct reading *reading = nl_calloc(1, sizeof *reading);
    struct nl_rtf_reader reader = {nl_buf_text(rtf), nl_buf_text(rtf) + rtf->len};
    struct nl_rtf_piece piece;
    *html = false;
    if (rtf->len < 5 || memcmp(rtf->data, "{\\rtf", 5) != 0) {
        free(reading);
        return nl_error_set(err, NL_DATA, "the RTF text of the mail is broken");
    }
    reading->out = out;
    reading->native = true;
    reading->code_page = NL_CODE_PAGE_ANSI;
    reading->groups[0] = (struct group){.code_page = NL_CODE_PAGE_ANSI, .fallback = 1};
    for (nl_rtf_next(&reader, &piece);
         piece.kind != NL_RTF_END && !reading->too_deep && !reading->ended;
         nl_rtf_next(&reader, &piece))
        read_piece(reading, &piece);
    flush(reading);
    *html = reading->html;
    bool too_deep = reading->too_deep;
    nl_buf_free(&reading->bytes);
    free(reading);
    if (too_deep)
        return nl_error_set(err, NL_DATA, "the RTF text of the mail is nested too deep");
    return NL_OK;
}
