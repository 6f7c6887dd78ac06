/* The stored form of a composed message: the slot table, an empty line, the text with markers. */
#ifndef NL_BULLETIN_PACK_H
#define NL_BULLETIN_PACK_H

#include "bulletin/slots.h"

/* Appends the packed form to `out`. */
void nl_message_pack(const struct nl_slots *slots, const struct nl_buf *text, struct nl_buf *out);

#endif
