#include "bulletin/slug.h"

#include "newsletter/base/text.h"
#include "newsletter/base/token.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

/* A title has at most 500 bytes, and one character becomes a word at most. */
enum { TEXT_LIMIT = 8192, ID_LIMIT = 200 };

/* ICU's romanisation of Cyrillic as newspapers write it (BGN), and letters by which a text without
 * a language is known to be in one. */
static const struct {
    const char *language, *rules, *letters;
} languages[] = {
    {"uk", "Ukrainian-Latin/BGN", "їєґЇЄҐ"},
    {"kk", "Kazakh-Latin/BGN", "әғқңұһӘҒҚҢҰҺ"},
    {"be", "Belarusian-Latin/BGN", "ўЎ"},
    {"sr", "Serbian-Latin/BGN", "ђћљњџјЂЋЉЊЏЈ"},
    {"mk", "Macedonian-Latin/BGN", "ѓќѕЃЌЅ"},
    {"mn", "Mongolian-Latin/BGN", ""},
    {"ky", "Kirghiz-Latin/BGN", "өүӨҮ"},
    {"uz", "Uzbek-Latin/BGN", ""},
    {"tk", "Turkmen-Latin/BGN", ""},
    {"az", "Azerbaijani-Latin/BGN", ""},
    {"bg", "Bulgarian-Latin/BGN", ""},
    {"el", "Greek-Latin/BGN", ""},
    {"de", "de-ASCII", ""},
    {"ru", "Russian-Latin/BGN", ""},
};

/* Whether `text` holds one of `letters`, which are two bytes each in UTF-8. */
static bool has_letter(const char *text, const char *letters) {
    for (; *letters != '\0'; letters += 2)
        if (memmem(text, strlen(text), letters, 2) != NULL)
            return true;
    return false;
}

static const char *rules_for(const char *title, const char *language) {
    size_t count = sizeof languages / sizeof languages[0];
    for (size_t i = 0; language != NULL && i < count; i++)
        if (strncasecmp(languages[i].language, language, 2) == 0 &&
            (language[2] == '\0' || language[2] == '-'))
            return languages[i].rules;
    for (size_t i = 0; i < count; i++)
        if (has_letter(title, languages[i].letters))
            return languages[i].rules;
    return languages[count - 1].rules;
}

static bool is_ascii(const char *text) {
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* The rules take some 40 ms to load for the first time, so they are loaded for a title that needs
 * them. Letters of other languages in the title take the rules after the first; what remains is not
 * a letter, or is in no script that ICU knows. */
static void to_latin(const char *title, const char *language, struct nl_buf *out) {
    char id[ID_LIMIT];
    UChar rules[ID_LIMIT];
    UChar text[TEXT_LIMIT];
    char latin[3 * TEXT_LIMIT];
    UErrorCode error = U_ZERO_ERROR;
    int32_t len = 0;
    snprintf(id, sizeof id,
             "%s; Russian-Latin/BGN; Kazakh-Latin/BGN; Ukrainian-Latin/BGN; Any-Latin; Latin-ASCII",
             rules_for(title, language));
    u_uastrncpy(rules, id, ID_LIMIT);
    UTransliterator *latiniser = utrans_openU(rules, -1, UTRANS_FORWARD, NULL, 0, NULL, &error);
    u_strFromUTF8(text, TEXT_LIMIT, &len, title, -1, &error);
    if (U_SUCCESS(error)) {
        int32_t end = len;
        utrans_transUChars(latiniser, text, &len, TEXT_LIMIT, 0, &end, &error);
    }
    u_strToUTF8(latin, (int32_t)sizeof latin, NULL, text, len, &error);
    nl_buf_adds(out, U_SUCCESS(error) ? latin : title);
    if (latiniser != NULL)
        utrans_close(latiniser);
}

/* Soft and hard signs come out as apostrophes and the like, which would tear words apart. */
static void drop_signs(struct nl_buf *text) {
    size_t len = 0;
    for (size_t i = 0; i < text->len; i++) {
        unsigned char c = (unsigned char)text->data[i];
        if (c != '\'' && c != '"' && c != '`' && c < 0x80)
            text->data[len++] = text->data[i];
        else if ((c & 0xe0) == 0xe0) /* beyond the alphabets: signs, pictures */
            text->data[len++] = ' ';
    }
    text->len = len;
    if (text->data != NULL)
        text->data[len] = '\0';
}

static void shorten(struct nl_buf *slug, size_t limit) {
    if (slug->len <= limit)
        return;
    slug->len = limit;
    while (slug->len > 0 && slug->data[slug->len - 1] == '-')
        slug->len--;
    slug->data[slug->len] = '\0';
}

void nl_slug_make(struct nl_buf *out, const char *title, const char *language, const char *date) {
    enum { MARK = 8 };
    struct nl_buf latin = {0};
    char digest[2 * NL_DIGEST_LEN + 1];
    if (is_ascii(title)) {
        nl_buf_adds(&latin, title);
    } else {
        to_latin(title, language, &latin);
        drop_signs(&latin);
    }
    nl_text_slug(out, nl_buf_text(&latin));
    bool empty = out->len == 0;
    if (empty)
        nl_text_slug(out, date);
    if (empty || out->len > NL_SLUG_LIMIT) {
        shorten(out, NL_SLUG_LIMIT - MARK - 1);
        nl_digest_hex(title, strlen(title), digest);
        nl_buf_addf(out, "-%.*s", (int)MARK, digest);
    }
    nl_buf_free(&latin);
}

void nl_slug_former(struct nl_buf *out, const char *title, const char *date) {
    nl_text_slug(out, title);
    if (out->len == 0)
        nl_text_slug(out, date);
    if (out->len > NL_SLUG_LIMIT)
        out->data[out->len = NL_SLUG_LIMIT] = '\0';
}
