/* A file that claims to be a report about us, as any bytes: packed or not, XML or JSON. What is
 * read must be fit for the database, within its bounds. */
#include "inbound/aggregate.h"
#include "inbound/unpack.h"
#include "newsletter/base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(bool holds) {
    if (!holds)
        abort();
}

static void check_row(const struct nl_reputation_row *row) {
    struct nl_ip ip;
    const int64_t most = (int64_t)NL_AGGREGATE_COUNT * NL_AGGREGATE_RECORDS;
    demand(nl_text_is_name(row->domain, "-._", NL_REPUTATION_DOMAIN - 1));
    demand(row->total >= 0 && row->total <= most && row->passed >= 0 && row->passed <= row->total);
    demand(row->spf >= 0 && row->spf <= row->total && row->dkim >= 0 && row->dkim <= row->total);
    demand(row->reason != NULL && nl_text_check_line(row->reason, "reason", NULL) == NL_OK);
    demand(row->source[0] == '\0' || nl_ip_parse(row->source, &ip) ||
           nl_text_is_name(row->source, "-", sizeof row->source));
}

static void check(struct nl_reputation_report *report) {
    if (report == NULL)
        return;
    demand(report->reporter[0] != '\0' &&
           nl_text_check_line(report->reporter, "reporter", NULL) == NL_OK);
    demand(report->begin > 0 && report->count <= NL_AGGREGATE_ROWS + NL_AGGREGATE_RESTS);
    for (size_t i = 0; i < report->count; i++)
        check_row(&report->rows[i]);
    nl_aggregate_free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct nl_buf text = {0};
    struct nl_error err = {0};
    struct nl_reputation_report *report = NULL;
    bool packed = nl_is_packed((const char *)data, len);
    enum nl_status status = NL_OK;
    if (packed)
        status = nl_unpack((const char *)data, len, &text, &err);
    else
        nl_buf_add(&text, data, len);
    demand(status == NL_OK || status == NL_DATA);
    demand(!packed || text.len <= NL_UNPACK_MOST);
    status = nl_dmarc_report_read(nl_buf_text(&text), text.len, &report, &err);
    demand(status == NL_OK || (status == NL_DATA && report == NULL));
    check(report);
    report = NULL;
    status = nl_tls_report_read(nl_buf_text(&text), text.len, &report, &err);
    demand(status == NL_OK || (status == NL_DATA && report == NULL));
    check(report);
    nl_error_free(&err);
    nl_buf_free(&text);
    return 0;
}
