/* Receipts of consent as pages show them: to the person, and to staff. */
#ifndef NL_WEB_RECEIPT_DATA_H
#define NL_WEB_RECEIPT_DATA_H

#include "newsletter/template/theme.h"
#include "web/http.h"

#include <jansson.h>

/* The member "receipts" of receipt-body.html. A receipt is downloaded at `address` and its record.
 * The caller frees it. */
json_t *nl_receipts_data(const struct nl_theme *theme, const json_t *receipts, const char *address);

/* Answers with the receipt of a record, as a file; false where it is none of these. */
bool nl_receipt_file(const json_t *receipts, const char *record, struct nl_response *response);

#endif
