/* A composed message as it is held in memory: message.c reads it, message_fill.c fills it. */
#ifndef NL_BULLETIN_MESSAGE_PARTS_H
#define NL_BULLETIN_MESSAGE_PARTS_H

#include "bulletin/slots.h"
#include "newsletter/base/segment.h"

enum piece_kind { LITERAL, SLOT, BASE64_BEGIN, BASE64_END };

struct piece {
    enum piece_kind kind;
    char context; /* SLOT */
    size_t slot;
    size_t end;       /* SLOT of a condition: the piece that ends it */
    const char *text; /* LITERAL; points into nl_message.packed */
    size_t len;
};

struct nl_message {
    char *packed;
    struct nl_slots slots;
    struct nl_segment **expressions; /* of the slots, NULL for one that compares nothing */
    bool attributes;                 /* whether any slot needs the recipient's attributes */
    struct piece *pieces;
    size_t count;
    size_t cap;
};

#endif
