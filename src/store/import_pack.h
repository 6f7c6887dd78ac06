/* Rows of an import as bytes: how they wait in memory and in the database. */
#ifndef NL_STORE_IMPORT_PACK_H
#define NL_STORE_IMPORT_PACK_H

#include "newsletter/base/buf.h"
#include "store/import_row.h"

/* Appends a row. */
void nl_import_pack(struct nl_buf *out, int64_t list, const struct nl_address *address,
                    const struct nl_member *member) NL_ALL_NONNULL;

/* The length of the row at `data`, of which there are `len` bytes; 0 if there is no whole row. */
size_t nl_import_packed_length(const char *data, size_t len) NL_ALL_NONNULL;

/* The key of its address. */
const char *nl_import_packed_key(const char *row) NL_ALL_NONNULL;

/* Reads a row, whose texts are borrowed from `data`. *used is its length. NL_INTERNAL if it is not
 * ours. */
NL_CHECKED enum nl_status nl_import_unpack(const char *data, size_t len, struct nl_import_item *out,
                                           size_t *used, struct nl_error *err) NL_ALL_NONNULL;

#endif
