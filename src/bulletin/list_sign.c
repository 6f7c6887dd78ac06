#include "bulletin/list_sign.h"

#include <stdint.h>
#include <string.h>
#include <unicase.h>

enum { ROMAN_LETTERS = 8, ROMAN_LIMIT = 90, DIGITS = 3 };

/* In order. A letter after "-" may be missing in a list. Cyrillic has the letters of all languages
 * that we know of; some stand at two places, since languages differ. */
static const char *const alphabets[] = {
    "abcdefghijklmnopqrstuvwxyz",
    "а-әбвг-ґ-ғд-ђ-ѓе-ё-єжз-ѕи-і-ї-й-јк-қл-љмн-ң-њо-өпрст-ћ-ќу-ұ-ү-ўф-һх-һц-ҷч-џшщ-ъ-ы-і-ь-эюя",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "ابجدهوزحطيكلمنسعفصقرشتثخذضظغ",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ",
    "أبتثجحخدذرزسشصضطظعغفقكلمنهوي",
};

enum { ALPHABETS = sizeof alphabets / sizeof alphabets[0] };

/* Decodes a character; its length, or 0 at the end and for what is not UTF-8. */
static size_t decode(const char *text, size_t len, ucs4_t *out) {
    int size = len > 0 ? u8_mbtoucr(out, (const uint8_t *)text, len) : 0;
    return size > 0 ? (size_t)size : 0;
}

static bool is_in_alphabet(ucs4_t letter) {
    for (size_t i = 0; i < ALPHABETS; i++)
        if (letter != '-' && u8_strchr((const uint8_t *)alphabets[i], letter) != NULL)
            return true;
    return false;
}

/* Whether `b` comes after `a`, with none but rare letters between them. */
static bool comes_after(const char *alphabet, ucs4_t a, ucs4_t b) {
    bool passed = false;
    bool rare = false;
    ucs4_t letter = 0;
    for (size_t size = 0, len = strlen(alphabet); len > 0; alphabet += size, len -= size) {
        size = decode(alphabet, len, &letter);
        if (letter == '-') {
            rare = true;
            continue;
        }
        if (passed && letter == b)
            return true;
        passed = letter == a || (passed && rare);
        rare = false;
    }
    return false;
}

/* The Cyrillic letter that looks like a Latin one, or the letter itself. */
static ucs4_t twin_of(ucs4_t letter) {
    static const char latin[] = "aceopxyi";
    static const ucs4_t cyrillic[] = {0x430, 0x441, 0x435, 0x43e, 0x440, 0x445, 0x443, 0x456};
    const char *found = letter != 0 && letter < 128 ? strchr(latin, (int)letter) : NULL;
    return found != NULL ? cyrillic[found - latin] : letter;
}

static int roman_digit(char c) {
    switch (c) {
    case 'i':
        return 1;
    case 'v':
        return 5;
    case 'x':
        return 10;
    case 'l':
        return 50;
    default:
        return 0;
    }
}

static bool is_written_so(const char *text, size_t len, int value) {
    static const struct {
        int value;
        const char *digits;
    } parts[] = {{50, "l"}, {40, "xl"}, {10, "x"}, {9, "ix"}, {5, "v"}, {4, "iv"}, {1, "i"}};
    const char *end = text + len;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t size = strlen(parts[i].digits);
        for (; value >= parts[i].value; value -= parts[i].value, text += size)
            if ((size_t)(end - text) < size || memcmp(text, parts[i].digits, size) != 0)
                return false;
    }
    return text == end;
}

/* The value of a Roman numeral of one case; 0 for any other text. */
static int roman_value(const char *text, size_t len, bool upper) {
    char lower[ROMAN_LETTERS];
    int value = 0;
    if (len == 0 || len > ROMAN_LETTERS)
        return 0;
    for (size_t i = 0; i < len; i++)
        lower[i] = (char)(upper ? text[i] + ('a' - 'A') : text[i]);
    for (size_t i = 0; i < len; i++) {
        int digit = roman_digit(lower[i]);
        if (digit == 0)
            return 0;
        value += i + 1 < len && digit < roman_digit(lower[i + 1]) ? -digit : digit;
    }
    return value > 0 && value < ROMAN_LIMIT && is_written_so(lower, len, value) ? value : 0;
}

static size_t span_of(const char *text, size_t len, char from, char to) {
    size_t count = 0;
    while (count < len && text[count] >= from && text[count] <= to)
        count++;
    return count;
}

/* Reads what stands between the brackets: a letter, a Roman numeral, digits. Its length; 0 if it is
 * none of these. */
static size_t read_value(const char *text, size_t len, struct nl_list_sign *out) {
    ucs4_t letter = 0;
    size_t size = span_of(text, len, '0', '9');
    if (size > 0) {
        for (size_t i = 0; i < size && i < DIGITS; i++)
            out->number = 10 * out->number + (text[i] - '0');
        out->columns = (int)size;
        return out->form == '(' && size <= DIGITS && out->number > 0 ? size : 0;
    }
    out->upper = len > 0 && text[0] >= 'A' && text[0] <= 'Z';
    size = out->upper ? span_of(text, len, 'A', 'Z') : span_of(text, len, 'a', 'z');
    out->number = roman_value(text, size, out->upper);
    if (size > 1) {
        out->columns = (int)size;
        return out->number > 0 ? size : 0;
    }
    size = decode(text, len, &letter);
    out->letter = size > 0 ? uc_tolower(letter) : 0;
    out->upper = out->letter != letter;
    out->columns = 1;
    return size > 0 && is_in_alphabet(out->letter) ? size : 0;
}

static bool is_blank_at(const char *text, size_t len, size_t at) {
    return at == len || strchr(" \t\n", text[at]) != NULL ||
           (at + 1 < len && memcmp(text + at, "\u00a0", 2) == 0);
}

bool nl_list_sign_read(const char *text, size_t len, struct nl_list_sign *out) {
    bool enclosed = len > 0 && text[0] == '(';
    *out = (struct nl_list_sign){.form = enclosed ? '(' : ')'};
    size_t size = read_value(text + enclosed, len - enclosed, out);
    size_t at = size + enclosed;
    if (size == 0 || at >= len || (text[at] != ')' && (text[at] != '.' || enclosed)))
        return false;
    if (text[at] == '.')
        out->form = '.';
    out->len = at + 1;
    out->columns += 1 + enclosed;
    out->initial = out->form == '.' && out->upper && out->letter != 0 &&
                   (out->len + 1 >= len || text[out->len] != ' ' ||
                    strchr(" \t\n", text[out->len + 1]) == NULL) &&
                   (out->len >= len || text[out->len] != '\t');
    return is_blank_at(text, len, out->len);
}

unsigned nl_list_sign_style(const struct nl_list_sign *sign) {
    return (sign->form == '(' ? 0U : sign->form == '.' ? 2U : 4U) + sign->upper;
}

bool nl_list_sign_follows(const struct nl_list_sign *a, const struct nl_list_sign *b) {
    if (nl_list_sign_style(a) != nl_list_sign_style(b))
        return false;
    if (a->number > 0 && b->number == a->number + 1)
        return true;
    if (a->letter == 0 || b->letter == 0)
        return false;
    for (size_t i = 0; i < ALPHABETS; i++)
        if (comes_after(alphabets[i], a->letter, b->letter) ||
            comes_after(alphabets[i], twin_of(a->letter), twin_of(b->letter)))
            return true;
    return false;
}

bool nl_list_sign_begins(const struct nl_list_sign *sign) {
    for (size_t i = 0; i < ALPHABETS; i++) {
        ucs4_t first = 0;
        decode(alphabets[i], strlen(alphabets[i]), &first);
        if (sign->letter == first)
            return true;
    }
    return sign->number == 1;
}
