#include "newsletter/base/clean.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

enum { SHOWN = 100, NO_JOINER = 0x200c, JOINER = 0x200d, FLAG = 0x1f3f4, TAG_END = 0xe007f };

/* The characters of a text. */
struct characters {
    const ucs4_t *at;
    size_t count;
};

static bool is_space(ucs4_t c) {
    return c < 0x80 ? c == ' ' || (c >= '\t' && c <= '\r')
                    : uc_is_property(c, UC_PROPERTY_WHITE_SPACE);
}

/* Signs before a number, as Arabic has them: of category Cf, but to be seen. */
static bool is_prepended(ucs4_t c) {
    return (c >= 0x600 && c <= 0x605) || c == 0x6dd || c == 0x70f || c == 0x890 || c == 0x891 ||
           c == 0x8e2 || c == 0x110bd || c == 0x110cd;
}

static bool is_invisible(ucs4_t c) {
    static const ucs4_t braille_blank = 0x2800;
    if (c < 0x80)
        return false;
    return c == braille_blank || uc_is_property(c, UC_PROPERTY_DEFAULT_IGNORABLE_CODE_POINT) ||
           uc_is_property(c, UC_PROPERTY_BIDI_CONTROL) ||
           (uc_is_general_category(c, UC_FORMAT) && !is_prepended(c));
}

/* ---- where writing needs what cannot be seen ---- */

static bool is_virama(ucs4_t c) {
    return uc_combining_class(c) == UC_CCC_VR;
}

/* RFC 5892 A.1: between letters that would join, marks passed over. */
static bool separates_letters(const struct characters *text, size_t at) {
    size_t before = at;
    size_t after = at + 1;
    while (before > 0 && uc_joining_type(text->at[before - 1]) == UC_JOINING_TYPE_T)
        before--;
    while (after < text->count && uc_joining_type(text->at[after]) == UC_JOINING_TYPE_T)
        after++;
    if (before == 0 || after == text->count)
        return false;
    int left = uc_joining_type(text->at[before - 1]);
    int right = uc_joining_type(text->at[after]);
    return (left == UC_JOINING_TYPE_L || left == UC_JOINING_TYPE_D) &&
           (right == UC_JOINING_TYPE_R || right == UC_JOINING_TYPE_D);
}

static bool joins_emoji(const struct characters *text, size_t at) {
    size_t before = at;
    while (before > 0 && (text->at[before - 1] == 0xfe0f ||
                          uc_is_property(text->at[before - 1], UC_PROPERTY_EMOJI_MODIFIER)))
        before--;
    return before > 0 && at + 1 < text->count &&
           uc_is_property(text->at[before - 1], UC_PROPERTY_EXTENDED_PICTOGRAPHIC) &&
           uc_is_property(text->at[at + 1], UC_PROPERTY_EXTENDED_PICTOGRAPHIC);
}

static bool is_joiner_in_place(const struct characters *text, size_t at) {
    if (at > 0 && is_virama(text->at[at - 1]))
        return true;
    return text->at[at] == NO_JOINER && separates_letters(text, at);
}

/* A variant of the character before it: of an emoji, an ideograph, a Mongolian letter. */
static bool selects_variant(const struct characters *text, size_t at) {
    ucs4_t c = text->at[at];
    ucs4_t before = at > 0 ? text->at[at - 1] : 0;
    if (c == 0xfe0e || c == 0xfe0f)
        return uc_is_property(before, UC_PROPERTY_EMOJI) &&
               (before >= 0x80 || (at + 1 < text->count && text->at[at + 1] == 0x20e3));
    if ((c >= 0x180b && c <= 0x180d) || c == 0x180f)
        return before >= 0x1820 && before <= 0x18aa;
    return ((c >= 0xfe00 && c <= 0xfe0d) || (c >= 0xe0100 && c <= 0xe01ef)) &&
           uc_is_property(before, UC_PROPERTY_IDEOGRAPHIC);
}

/* Flags of regions are a black flag, letters of tags, and an end. */
static bool is_of_flag(const struct characters *text, size_t at) {
    size_t first = at;
    size_t last = at;
    while (first > 0 && text->at[first] >= 0xe0020 && text->at[first] <= TAG_END)
        first--;
    while (last + 1 < text->count && text->at[last] >= 0xe0020 && text->at[last] < TAG_END)
        last++;
    return text->at[first] == FLAG && text->at[last] == TAG_END && last - first <= 8;
}

static bool is_needed(const struct characters *text, size_t at) {
    ucs4_t c = text->at[at];
    if (c == JOINER || c == NO_JOINER)
        return is_joiner_in_place(text, at) || (c == JOINER && joins_emoji(text, at));
    return c >= 0xe0020 && c <= TAG_END ? is_of_flag(text, at) : selects_variant(text, at);
}

/* ---- cleaning ---- */

static void add_character(struct nl_buf *out, ucs4_t c) {
    uint8_t bytes[6];
    int len = u8_uctomb(bytes, c, sizeof bytes);
    nl_buf_add(out, bytes, len > 0 ? (size_t)len : 0);
}

static void add_shown(const struct characters *text, struct nl_buf *out) {
    size_t start = out->len;
    for (size_t i = 0; i < text->count && out->len - start < SHOWN; i++) {
        if (is_invisible(text->at[i]) || (text->at[i] >= 0x80 && is_space(text->at[i])))
            nl_buf_addf(out, "<U+%04X>", (unsigned)text->at[i]);
        else
            add_character(out, text->at[i]);
    }
}

/* Shows the text with what cannot be seen in it. */
static enum nl_status refuse(const struct characters *text, const char *what,
                             struct nl_error *err) {
    struct nl_buf shown = {0};
    add_shown(text, &shown);
    nl_error_set(err, NL_DATA, NL_TEXT("%s holds an invisible character: '%s': remove it"), what,
                 nl_buf_text(&shown));
    nl_buf_free(&shown);
    return NL_DATA;
}

static bool goes_at_an_end(const struct characters *text, size_t at) {
    return is_space(text->at[at]) || (is_invisible(text->at[at]) && !is_needed(text, at));
}

static struct characters trim(struct characters text) {
    size_t first = 0;
    while (first < text.count && goes_at_an_end(&text, first))
        first++;
    while (text.count > first && goes_at_an_end(&text, text.count - 1))
        text.count--;
    return (struct characters){text.at + first, text.count - first};
}

/* Where the domain of an address begins. */
static size_t domain_of(const struct characters *text) {
    size_t at = text->count;
    while (at > 0 && text->at[at - 1] != '@')
        at--;
    return at > 0 ? at : text->count;
}

/* Whether an invisible character may stay where it is. In an address that is so in its domain only,
 * which IDNA judges. */
static bool may_stay(const struct characters *text, size_t at, bool address, size_t domain) {
    ucs4_t c = text->at[at];
    return address ? at >= domain && (c == JOINER || c == NO_JOINER) && is_joiner_in_place(text, at)
                   : is_needed(text, at);
}

static enum nl_status clean(struct characters text, bool address, const char *what,
                            struct nl_buf *out, struct nl_error *err) {
    text = trim(text);
    size_t domain = address ? domain_of(&text) : 0;
    for (size_t i = 0; i < text.count; i++) {
        ucs4_t c = text.at[i];
        bool space = c >= 0x80 && is_space(c) && c != 0x85 && c != 0x2028 && c != 0x2029;
        if ((is_invisible(c) && !may_stay(&text, i, address, domain)) || (space && address))
            return refuse(&text, what, err);
        add_character(out, space ? ' ' : c);
    }
    return NL_OK;
}

/* Most texts are plain, and need no tables. */
static bool is_plain(const char *text, size_t len) {
    unsigned char bits = 0;
    for (size_t i = 0; i < len; i++)
        bits |= (unsigned char)text[i];
    return bits < 0x80;
}

static void clean_plain(const char *text, size_t len, struct nl_buf *out) {
    while (len > 0 && is_space((unsigned char)text[len - 1]))
        len--;
    while (len > 0 && is_space((unsigned char)*text)) {
        text++;
        len--;
    }
    nl_buf_add(out, text, len);
}

static enum nl_status clean_text(const char *text, bool address, const char *what,
                                 struct nl_buf *out, struct nl_error *err) {
    enum nl_status status = NL_OK;
    size_t start = out->len;
    size_t len = strlen(text);
    size_t count = 0;
    if (is_plain(text, len)) {
        clean_plain(text, len, out);
    } else {
        ucs4_t *at = u8_to_u32((const uint8_t *)text, len, NULL, &count);
        if (at == NULL) /* memory, or bytes that are not UTF-8: which is found out here */
            status = nl_text_check_line(text, what, err);
        status = at == NULL && status == NL_OK ? nl_error_nomem(err)
                 : at != NULL ? clean((struct characters){at, count}, address, what, out, err)
                              : status;
        free(at);
    }
    return status == NL_OK && out->len > start ? nl_text_check_line(out->data + start, what, err)
                                               : status;
}

enum nl_status nl_clean_line(const char *text, const char *what, struct nl_buf *out,
                             struct nl_error *err) {
    return clean_text(text, false, what, out, err);
}

enum nl_status nl_clean_address(const char *text, struct nl_buf *out, struct nl_error *err) {
    /* A line break is not a slip of the hand: headers are forged with it. */
    if (strpbrk(text, "\r\n") != NULL)
        return nl_text_check_line(text, "the address", err);
    return clean_text(text, true, "the address", out, err);
}

void nl_clean_remove(const char *text, bool address, struct nl_buf *out) {
    size_t count = 0;
    ucs4_t *at = u8_to_u32((const uint8_t *)text, strlen(text), NULL, &count);
    struct characters all = trim((struct characters){at, count});
    size_t domain = address ? domain_of(&all) : 0;
    if (at == NULL) /* no UTF-8 */
        nl_buf_adds(out, text);
    for (size_t i = 0; i < all.count; i++) {
        bool space = all.at[i] >= 0x80 && is_space(all.at[i]);
        if ((is_invisible(all.at[i]) && !may_stay(&all, i, address, domain)) || (space && address))
            continue;
        add_character(out, space ? ' ' : all.at[i]);
    }
    free(at);
}

void nl_clean_show(const char *text, struct nl_buf *out) {
    size_t count = 0;
    ucs4_t *at = u8_to_u32((const uint8_t *)text, strlen(text), NULL, &count);
    add_shown(&(struct characters){at, at != NULL ? count : 0}, out);
    free(at);
}

bool nl_is_blank(const char *text) {
    struct nl_buf rest = {0};
    text += strspn(text, " \t\r\n");
    bool blank = text[0] == '\0';
    if ((unsigned char)text[0] >= 0x80)
        blank = nl_clean_line(text, "", &rest, NULL) == NL_OK && rest.len == 0;
    nl_buf_free(&rest);
    return blank;
}
