/* A photo as any bytes: the texts of its codes are whole lines within bounds, and a number that is
 * found has the form of one. */
#include "newsletter/service/photo.h"
#include "newsletter/transfer/photo_code.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(bool holds) {
    if (!holds)
        abort();
}

/* Codes are read in a process of its own: their texts are a stranger's, too. */
static void find(const char *codes) {
    struct nl_config config = {0};
    char url[] = "https://news.example.org";
    char reference[NL_REFERENCE_LEN + 1] = "";
    config.serve.url = url;
    if (nl_photo_find(&config, codes, reference) == NL_PHOTO_NUMBER)
        demand(strlen(reference) == NL_REFERENCE_LEN && reference[4] == '-');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct nl_buf file = {0};
    struct nl_buf codes = {0};
    struct nl_error err = {0};
    nl_buf_add(&file, data, len);
    if (len > 0 && nl_photo_codes(&file, &codes, &err) == NL_OK)
        demand(codes.len == 0 || codes.data[codes.len - 1] == '\n');
    find(nl_buf_text(&codes));
    find(nl_buf_text(&file));
    nl_buf_free(&file);
    nl_buf_free(&codes);
    nl_error_free(&err);
    return 0;
}
