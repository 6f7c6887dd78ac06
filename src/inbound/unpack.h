/* Taking apart what strangers have compressed, within fixed bounds. */
#ifndef NL_INBOUND_UNPACK_H
#define NL_INBOUND_UNPACK_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

/* No file becomes longer than NL_UNPACK_MOST bytes, nor, beyond NL_UNPACK_FREE bytes, more than
 * NL_UNPACK_RATIO times as long as it came. */
enum { NL_UNPACK_MOST = 4 << 20, NL_UNPACK_FREE = 256 << 10, NL_UNPACK_RATIO = 200 };

/* Whether the bytes begin as a gzip or zip file does. */
bool nl_is_packed(const char *data, size_t len);

/* Appends the one file in a gzip file (RFC 1952), or the first in a zip archive, to `out`; a file
 * within that file stays as it is. Memory and time are in proportion to the bounds above. NL_DATA
 * says what is wrong with the file. */
enum nl_status nl_unpack(const char *data, size_t len, struct nl_buf *out, struct nl_error *err);

#endif
