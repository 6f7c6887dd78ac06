#include "transfer/rtf_reader.h"

#include <string.h>

enum { NUMBER_MOST = 100000000 };

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int digit_of(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool is_digit(const struct nl_rtf_reader *reader) {
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

static void read_number(struct nl_rtf_reader *reader, struct nl_rtf_piece *out) {
    bool minus = reader->end - reader->at > 1 && *reader->at == '-' && reader->at[1] >= '0' &&
                 reader->at[1] <= '9';
    reader->at += minus;
    while (is_digit(reader)) {
        out->has_number = true;
        if (out->number < NUMBER_MOST)
            out->number = out->number * 10 + (*reader->at - '0');
        reader->at++;
    }
    if (minus)
        out->number = -out->number;
}

/* A word, its number, and the blank that ends it. */
static void read_word(struct nl_rtf_reader *reader, struct nl_rtf_piece *out) {
    size_t len = 0;
    out->kind = NL_RTF_WORD;
    for (; reader->at < reader->end && is_letter(*reader->at); reader->at++)
        if (len + 1 < sizeof out->word)
            out->word[len++] = *reader->at;
    out->word[len] = '\0';
    read_number(reader, out);
    if (reader->at < reader->end && *reader->at == ' ')
        reader->at++;
    if (strcmp(out->word, "bin") == 0 && out->number > 0)
        reader->at +=
            out->number < reader->end - reader->at ? out->number : reader->end - reader->at;
}

static void read_hex(struct nl_rtf_reader *reader, struct nl_rtf_piece *out) {
    int byte = 0;
    int digits = 0;
    out->kind = NL_RTF_HEX;
    for (; digits < 2 && reader->at < reader->end && digit_of(*reader->at) >= 0; digits++)
        byte = byte * 16 + digit_of(*reader->at++);
    out->byte = digits > 0 ? (char)byte : '?';
}

static void read_control(struct nl_rtf_reader *reader, struct nl_rtf_piece *out) {
    if (reader->at == reader->end)
        return;
    if (is_letter(*reader->at)) {
        read_word(reader, out);
        return;
    }
    out->kind = NL_RTF_SYMBOL;
    out->byte = *reader->at++;
    if (out->byte == '\'')
        read_hex(reader, out);
}

void nl_rtf_next(struct nl_rtf_reader *reader, struct nl_rtf_piece *out) {
    *out = (struct nl_rtf_piece){.kind = NL_RTF_END};
    while (reader->at < reader->end && (*reader->at == '\r' || *reader->at == '\n'))
        reader->at++;
    if (reader->at == reader->end)
        return;
    out->byte = *reader->at++;
    if (out->byte == '\\')
        read_control(reader, out);
    else
        out->kind = out->byte == '{' ? NL_RTF_OPEN : out->byte == '}' ? NL_RTF_CLOSE : NL_RTF_BYTE;
}
