#include "store/import_stage.h"

#include <stdlib.h>
#include <string.h>

/* The first eight bytes of a key, so that most comparisons need no look at the text. */
static uint64_t start_of(const char *key) {
    uint64_t start = 0;
    for (size_t i = 0; i < sizeof start; i++) {
        start = start << 8 | (unsigned char)*key;
        key += *key != '\0';
    }
    return start;
}

void nl_import_run_add(struct nl_import_run *run, int64_t list, const struct nl_address *address,
                       const struct nl_member *member) {
    const struct nl_import_place place = {start_of(address->key), run->rows.len};
    nl_import_pack(&run->rows, list, address, member);
    nl_buf_add(&run->places, &place, sizeof place);
    run->count++;
}

static int compare_places(const void *left, const void *right, void *rows) {
    const struct nl_import_place *one = left;
    const struct nl_import_place *other = right;
    const char *text = rows;
    if (one->start != other->start)
        return one->start < other->start ? -1 : 1;
    int order =
        strcmp(nl_import_packed_key(text + one->at), nl_import_packed_key(text + other->at));
    if (order == 0)
        order = one->at < other->at ? -1 : one->at > other->at;
    return order;
}

void nl_import_run_sort(struct nl_import_run *run) {
    if (run->count > NL_IMPORT_PART_ROWS)
        qsort_r(run->places.data, run->count, sizeof(struct nl_import_place), compare_places,
                run->rows.data);
}

static const char *row_at(const struct nl_import_run *run, size_t number) {
    struct nl_import_place place;
    memcpy(&place, run->places.data + number * sizeof place, sizeof place);
    return run->rows.data + place.at;
}

void nl_import_run_part(const struct nl_import_run *run, size_t *at, struct nl_buf *out) {
    const char *last = "";
    for (size_t rows = 0; *at < run->count; rows++, ++*at) {
        const char *row = row_at(run, *at);
        const char *key = nl_import_packed_key(row);
        if (rows >= NL_IMPORT_PART_ROWS && strcmp(key, last) != 0)
            return;
        nl_buf_add(out, row, nl_import_packed_length(row, run->rows.len));
        last = key;
    }
}

void nl_import_run_clear(struct nl_import_run *run) {
    nl_buf_clear(&run->rows);
    nl_buf_clear(&run->places);
    run->count = 0;
}

void nl_import_run_free(struct nl_import_run *run) {
    nl_buf_free(&run->rows);
    nl_buf_free(&run->places);
}
