/* Any bytes as a receipt of consent: none but the one in the corpus is ours. */
#include "newsletter/service/receipts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* This key has signed the corpus; its private part is gone. */
static const char public_key[] =
    "news.example.org+2c65bf52+AS8V9b0hu2QYe69ZYT46UEDu7xj+nFbDB3m+rg7UbeUL";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct nl_key_ring ring = {0};
    struct nl_receipt_checked checked = {0};
    struct nl_error err = {0};
    json_t *receipt = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, NULL);
    if (nl_key_ring_parse(public_key, "key", &ring, &err) != NL_OK)
        abort();
    enum nl_status status =
        receipt != NULL ? nl_receipt_check(receipt, &ring, &checked, &err) : NL_DATA;
    if (status != NL_OK && status != NL_DATA)
        abort();
    if (status == NL_OK && strcmp(checked.signed_by, "news.example.org") != 0)
        abort();
    nl_key_ring_free(&ring);
    nl_error_free(&err);
    json_decref(receipt);
    return 0;
}
