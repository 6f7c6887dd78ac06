/* Rows of an import before they count: gathered in memory, in order, and written in parts. */
#ifndef NL_STORE_IMPORT_STAGE_H
#define NL_STORE_IMPORT_STAGE_H

#include "store/import_pack.h"

/* Parts are as large as one short transaction can take in. */
enum { NL_IMPORT_PART_ROWS = 500, NL_IMPORT_RUN_BYTES = 128 << 20 };

/* Where one row lies in the text, and the beginning of its key as a number. */
struct nl_import_place {
    uint64_t start;
    size_t at;
};

/* Zero it; free with nl_import_run_free. */
struct nl_import_run {
    struct nl_buf rows;   /* packed, one after the other */
    struct nl_buf places; /* struct nl_import_place */
    size_t count;
};

/* Appends a row. */
void nl_import_run_add(struct nl_import_run *run, int64_t list, const struct nl_address *address,
                       const struct nl_member *member);

/* Puts the rows in the order of their addresses, where there are more than one part takes: an index
 * that is filled in its order is filled several times as fast. Rows about one address stay in
 * theirs. */
void nl_import_run_sort(struct nl_import_run *run);

/* Appends the rows of the next part to `out`, from *at on, which moves on. Rows about one address
 * are in one part. */
void nl_import_run_part(const struct nl_import_run *run, size_t *at, struct nl_buf *out);

void nl_import_run_clear(struct nl_import_run *run);
void nl_import_run_free(struct nl_import_run *run);

#endif
