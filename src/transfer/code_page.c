#include "transfer/code_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <uniconv.h>
#include <unistr.h>

/* Names of code pages; the others are named "CP" and their number. */
static const struct {
    int number;
    const char *name;
} names[] = {
    {708, "ISO-8859-6"},      {1200, "UTF-16LE"},       {1201, "UTF-16BE"},
    {10000, "MACINTOSH"},     {10007, "MAC-CYRILLIC"},  {20127, "CP1252"},
    {20866, "KOI8-R"},        {20932, "EUC-JP"},        {20936, "GB2312"},
    {20949, "CP949"},         {21866, "KOI8-U"},        {28591, "ISO-8859-1"},
    {28592, "ISO-8859-2"},    {28593, "ISO-8859-3"},    {28594, "ISO-8859-4"},
    {28595, "ISO-8859-5"},    {28596, "ISO-8859-6"},    {28597, "ISO-8859-7"},
    {28598, "ISO-8859-8"},    {28599, "ISO-8859-9"},    {28603, "ISO-8859-13"},
    {28605, "ISO-8859-15"},   {38598, "ISO-8859-8"},    {50220, "ISO-2022-JP"},
    {50221, "ISO-2022-JP-2"}, {50222, "ISO-2022-JP-2"}, {50225, "ISO-2022-KR"},
    {51932, "EUC-JP"},        {51936, "GB2312"},        {51949, "EUC-KR"},
    {54936, "GB18030"},       {65000, "UTF-7"},         {NL_CODE_PAGE_UTF8, "UTF-8"},
};

int nl_code_page_of_charset(long charset, int otherwise) {
    static const struct {
        int charset, code_page;
    } known[] = {
        {0, 1252},   {77, 10000}, {128, 932},  {129, 949},  {130, 1361}, {134, 936},  {136, 950},
        {161, 1253}, {162, 1254}, {163, 1258}, {177, 1255}, {178, 1256}, {179, 1256}, {180, 1256},
        {181, 1255}, {186, 1257}, {204, 1251}, {222, 874},  {238, 1250}, {254, 437},  {255, 850},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].charset == charset)
            return known[i].code_page;
    return otherwise;
}

static char *convert(const char *charset, const char *data, size_t len, size_t *out) {
    return (char *)u8_conv_from_encoding(charset, iconveh_question_mark, data, len, NULL, NULL,
                                         out);
}

/* ASCII in a code page that has it. */
static bool is_plain(int code_page, const char *data, size_t len) {
    if (code_page == 1200 || code_page == 1201 || code_page == 65000 || code_page / 100 == 502)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((data[i] & 0x80) != 0)
            return false;
    return true;
}

void nl_code_page_add(int code_page, const char *data, size_t len, struct nl_buf *out) {
    char numbered[16];
    size_t converted_len = 0;
    if (len == 0)
        return;
    if ((code_page == NL_CODE_PAGE_UTF8 && u8_check((const uint8_t *)data, len) == NULL) ||
        is_plain(code_page, data, len)) {
        nl_buf_add(out, data, len);
        return;
    }
    snprintf(numbered, sizeof numbered, "CP%d", code_page);
    const char *name = numbered;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == code_page)
            name = names[i].name;
    char *converted = convert(name, data, len, &converted_len);
    if (converted == NULL)
        converted = convert("CP1252", data, len, &converted_len);
    for (size_t i = 0; converted == NULL && i < len; i++) /* without any tables of letters */
        nl_buf_addc(out, (data[i] & 0x80) == 0 ? data[i] : '?');
    nl_buf_add(out, converted, converted_len);
    free(converted);
}

int nl_code_page_guess(const char *data, size_t len, int otherwise) {
    return u8_check((const uint8_t *)data, len) == NULL ? NL_CODE_PAGE_UTF8 : otherwise;
}
