/* Compressed RTF, as Outlook keeps it (MS-OXRTFCP). */
#ifndef NL_TRANSFER_RTF_PACKED_H
#define NL_TRANSFER_RTF_PACKED_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

/* Appends the RTF in `data`, of at most `limit` bytes. NL_DATA for what is broken, cut off, or
 * larger than that or than it claims to be. */
NL_CHECKED enum nl_status nl_rtf_unpack(const struct nl_buf *data, size_t limit, struct nl_buf *out,
                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
