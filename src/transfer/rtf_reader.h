/* RTF in pieces (Rich Text Format 1.9.1, "Syntax"). */
#ifndef NL_TRANSFER_RTF_READER_H
#define NL_TRANSFER_RTF_READER_H

#include <stdbool.h>
#include <stddef.h>

enum nl_rtf_kind {
    NL_RTF_END,
    NL_RTF_OPEN,   /* { */
    NL_RTF_CLOSE,  /* } */
    NL_RTF_WORD,   /* a control word */
    NL_RTF_SYMBOL, /* a control symbol: its character in `byte` */
    NL_RTF_HEX,    /* \'hh: the byte */
    NL_RTF_BYTE,   /* a byte of text */
};

struct nl_rtf_piece {
    enum nl_rtf_kind kind;
    char word[32]; /* longer ones, which no program knows, are cut off */
    bool has_number;
    long number;
    char byte;
};

struct nl_rtf_reader {
    const char *at, *end;
};

/* The next piece. Line ends between pieces are left out, and what \bin holds. */
void nl_rtf_next(struct nl_rtf_reader *reader, struct nl_rtf_piece *out);

#endif
