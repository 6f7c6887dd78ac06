#include "bulletin/header.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistr.h>

/* An encoded word is 75 characters at most, of which "=?UTF-8?B?" and "?=" take 12; base64 turns 45
 * bytes into 60 characters. Shorter words leave room for the field's name on the first line. */
enum { WORD_BYTES = 36, PLAIN_WORD_LIMIT = 70, LINE_LIMIT = 76 };

static bool is_plain(const char *text) {
    size_t word = 0;
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c >= 0x7f)
            return false;
        word = c == ' ' ? 0 : word + 1;
        if (word > PLAIN_WORD_LIMIT)
            return false;
    }
    /* "=?" could be read as an encoded word; runs of spaces would be lost in folding. */
    return strstr(text, "=?") == NULL && strstr(text, "  ") == NULL && text[0] != ' ' &&
           (text[0] == '\0' || text[strlen(text) - 1] != ' ');
}

/* The length of the whole characters that fit into one encoded word. An invalid byte counts as one
 * character. */
static size_t word_length(const char *text, size_t len) {
    size_t at = 0;
    while (at < len) {
        int used = u8_mblen((const uint8_t *)text + at, len - at);
        size_t step = used > 0 ? (size_t)used : 1;
        if (at + step > WORD_BYTES)
            break;
        at += step;
    }
    return at;
}

static void add_encoded_words(struct nl_buf *out, const char *text) {
    size_t left = strlen(text);
    bool first = true;
    while (left > 0) {
        unsigned char clean[WORD_BYTES];
        unsigned char encoded[4 * ((WORD_BYTES + 2) / 3) + 1];
        size_t len = word_length(text, left);
        for (size_t i = 0; i < len; i++)
            clean[i] = iscntrl((unsigned char)text[i]) ? ' ' : (unsigned char)text[i];
        EVP_EncodeBlock(encoded, clean, (int)len);
        nl_buf_addf(out, "%s=?UTF-8?B?%s?=", first ? "" : " ", (const char *)encoded);
        first = false;
        text += len;
        left -= len;
    }
}

void nl_header_text(struct nl_buf *out, const char *text) {
    if (is_plain(text))
        nl_buf_adds(out, text);
    else
        add_encoded_words(out, text);
}

/* Copies words, breaking lines between them. Returns the column after the last one. */
static size_t add_folded(struct nl_buf *out, const char *words, size_t column) {
    bool first = true;
    while (*words != '\0') {
        size_t len = strcspn(words, " ");
        if (!first && column + 1 + len > LINE_LIMIT) {
            nl_buf_adds(out, "\r\n");
            column = 0;
        }
        if (!first)
            nl_buf_addc(out, ' ');
        nl_buf_add(out, words, len);
        column += len + !first;
        first = false;
        words += len + (words[len] == ' ');
    }
    return column;
}

void nl_header_folded(struct nl_buf *out, const char *text, size_t column) {
    struct nl_buf words = {0};
    nl_header_text(&words, text);
    add_folded(out, nl_buf_text(&words), column);
    nl_buf_free(&words);
}

static bool is_phrase(const char *name) {
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && strchr(" !#$%&'*+-/=?^_`{|}~", *p) == NULL)
            return false;
    return true;
}

static void add_quoted(struct nl_buf *out, const char *name) {
    nl_buf_addc(out, '"');
    for (const char *p = name; *p; p++) {
        if (*p == '"' || *p == '\\')
            nl_buf_addc(out, '\\');
        nl_buf_addc(out, *p);
    }
    nl_buf_addc(out, '"');
}

void nl_header_mailbox(struct nl_buf *out, const char *name, const char *address) {
    if (name == NULL || name[0] == '\0') {
        nl_buf_adds(out, address);
        return;
    }
    struct nl_buf phrase = {0};
    if (!is_plain(name) || strlen(name) > PLAIN_WORD_LIMIT)
        add_encoded_words(&phrase, name);
    else if (is_phrase(name))
        nl_buf_adds(&phrase, name);
    else
        add_quoted(&phrase, name);
    /* A quoted phrase stays whole. */
    size_t column = 4;
    if (nl_buf_text(&phrase)[0] == '=')
        column = add_folded(out, nl_buf_text(&phrase), column);
    else
        nl_buf_adds(out, nl_buf_text(&phrase));
    column += nl_buf_text(&phrase)[0] == '=' ? 0 : phrase.len;
    if (column + strlen(address) + 3 > LINE_LIMIT)
        nl_buf_adds(out, "\r\n");
    nl_buf_addf(out, " <%s>", address);
    nl_buf_free(&phrase);
}

/* Thousands of mails have the same one. */
struct date {
    int64_t time;
    char text[48];
};

void nl_header_date(struct nl_buf *out, int64_t time) {
    static _Thread_local struct date last;
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (time == last.time && last.text[0] != '\0') {
        nl_buf_adds(out, last.text);
        return;
    }
    struct tm tm = {0};
    time_t seconds = (time_t)time;
    if (gmtime_r(&seconds, &tm) == NULL) /* the year is too large for an int */
        gmtime_r(&(time_t){0}, &tm);
    snprintf(last.text, sizeof last.text, "%.3s, %d %.3s %d %02d:%02d:%02d +0000",
             days + 3 * (ptrdiff_t)tm.tm_wday, tm.tm_mday, months + 3 * (ptrdiff_t)tm.tm_mon,
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    last.time = time;
    nl_buf_adds(out, last.text);
}
