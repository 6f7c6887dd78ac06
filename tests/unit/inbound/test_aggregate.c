/* Reports about us: what is read from the files in them, and where reading them ends. */
#include "support.h"

#include "inbound/aggregate.h"
#include "inbound/unpack.h"
#include "newsletter/inbound/bounce.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct nl_error err;

#define HEAD                                                                                       \
    "<feedback><report_metadata><org_name> Receiver </org_name><report_id>7</report_id>"           \
    "<date_range><begin>1790294400</begin><end>1790380799</end></date_range></report_metadata>"    \
    "<policy_published><domain>Example.ORG</domain></policy_published>"
#define RECORD(ip, count, dkim, spf)                                                               \
    "<record><row><source_ip>" ip "</source_ip><count>" count                                      \
    "</count><policy_evaluated><dkim>" dkim "</dkim><spf>" spf                                     \
    "</spf></policy_evaluated></row></record>"

/* Reads XML and writes its rows: "domain source total passed spf dkim; ..."; "" for no report, what
 * is wrong after "!". */
static char *read_xml(const char *text) {
    struct nl_reputation_report *report = NULL;
    struct nl_buf out = {0};
    enum nl_status status = nl_dmarc_report_read(text, strlen(text), &report, &err);
    assert_true(status == NL_OK || (status == NL_DATA && report == NULL));
    if (status == NL_DATA)
        nl_buf_addf(&out, "!%s", nl_error_text(&err));
    nl_error_free(&err);
    for (size_t i = 0; report != NULL && i < report->count; i++) {
        const struct nl_reputation_row *row = &report->rows[i];
        nl_buf_addf(&out, "%s%s %s %lld %lld %lld %lld", i > 0 ? "; " : "", row->domain,
                    row->source, (long long)row->total, (long long)row->passed, (long long)row->spf,
                    (long long)row->dkim);
    }
    nl_aggregate_free(report);
    nl_buf_adds(&out, "");
    return nl_buf_take(&out);
}

static void test_dmarc(void **state) {
    static const struct {
        const char *xml, *rows;
    } cases[] = {
        {HEAD "</feedback>", ""},
        {"<html><body/></html>", ""},
        {"not XML", ""},
        {HEAD RECORD("192.0.2.1", "3", "pass", "fail") RECORD("192.0.2.2", "9", "fail", "fail")
             RECORD("192.0.2.1", "2", "fail", "Pass") "</feedback>",
         "example.org 192.0.2.2 9 0 0 0; example.org 192.0.2.1 5 5 2 3"},
        {HEAD RECORD("2001:DB8:0:0::1", "1", "pass", "pass") "</feedback>",
         "example.org 2001:db8::1 1 1 1 1"},
        {HEAD RECORD("somewhere", "1", "pass", "pass") "</feedback>", "example.org  1 1 1 1"},
        {HEAD "<record><row><count>1</count></row><identifiers><header_from>a b</header_from>"
              "</identifiers></record></feedback>",
         ""},
        {HEAD RECORD("192.0.2.1", "-1", "", "") "</feedback>",
         "!a count is not a number of messages"},
        {HEAD RECORD("192.0.2.1", "1000000001", "", "") "</feedback>",
         "!a count is not a number of messages"},
        {HEAD RECORD("192.0.2.1", "", "", "") "</feedback>",
         "!a count is not a number of messages"},
        {HEAD "<record>", "!it is not well-formed XML in line 1"},
        {"<feedback></feedback>", "!it does not say what time it is about"},
        {"<!DOCTYPE feedback [<!ENTITY a 'b'>]>" HEAD "</feedback>",
         "!it declares a document type, which no report needs"},
        {"<!DOCTYPE html><html/>", ""},
        {HEAD "&undeclared;</feedback>", "!it is not well-formed XML in line 1"},
        {"<feedback><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
         "!its elements are nested too deep"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].xml) {
        char *rows = read_xml(cases[i].xml);
        assert_string_equal(rows, cases[i].rows);
        free(rows);
    }
}

/* libxml2 has something to say of every mistake; one is enough. */
static void test_many_mistakes(void **state) {
    struct nl_buf text = {0};
    struct nl_reputation_report *report = NULL;
    (void)state;
    nl_buf_adds(&text, HEAD);
    while (text.len < (size_t)4 << 20)
        nl_buf_adds(&text, "<&<a =<b");
    assert_fails(nl_dmarc_report_read(nl_buf_text(&text), text.len, &report, &err), NL_DATA,
                 "well-formed");
    nl_buf_free(&text);
}

/* Every message is counted, even if there are more sources than are kept apart. */
static void test_many_sources(void **state) {
    enum { MANY = 30000 };
    struct nl_buf text = {0};
    struct nl_reputation_report *report = NULL;
    int64_t total = 0;
    (void)state;
    nl_buf_adds(&text, HEAD);
    for (int i = 0; i < MANY; i++)
        nl_buf_addf(&text, RECORD("10.0.%d.%d", "2", "pass", "fail"), i / 250, i % 250);
    nl_buf_adds(&text, "</feedback>");
    assert_ok(nl_dmarc_report_read(nl_buf_text(&text), text.len, &report, &err));
    assert_int_equal(report->count, NL_AGGREGATE_ROWS + 1);
    for (size_t i = 0; i < report->count; i++)
        total += report->rows[i].total;
    assert_int_equal(total, 2 * MANY);
    assert_string_equal(report->rows[0].source, "");
    nl_aggregate_free(report);
    nl_buf_free(&text);
}

static la_ssize_t append(struct archive *archive, void *out, const void *data, size_t len) {
    (void)archive;
    nl_buf_add(out, data, len);
    return (la_ssize_t)len;
}

/* Packs `len` bytes as a zip archive or a gzip file. */
static void pack(bool zip, const char *data, size_t len, struct nl_buf *out) {
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    assert_int_equal(zip ? archive_write_set_format_zip(archive)
                         : archive_write_set_format_raw(archive),
                     ARCHIVE_OK);
    if (!zip)
        assert_int_equal(archive_write_add_filter_gzip(archive), ARCHIVE_OK);
    archive_entry_set_pathname(entry, "report.xml");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, (la_int64_t)len);
    assert_int_equal(archive_write_set_bytes_in_last_block(archive, 1), ARCHIVE_OK);
    assert_int_equal(archive_write_open(archive, out, NULL, append, NULL), ARCHIVE_OK);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(archive, data, len), len);
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(archive);
}

static void test_unpacking_is_bounded(void **state) {
    (void)state;
    for (int zip = 0; zip < 2; zip++) {
        struct nl_buf packed = {0};
        struct nl_buf twice = {0};
        struct nl_buf out = {0};
        size_t bomb = (size_t)16 << 20;
        char *zeros = calloc(1, bomb);
        pack(zip, "<feedback/>", 11, &packed);
        assert_ok(nl_unpack(packed.data, packed.len, &out, &err));
        assert_string_equal(nl_buf_text(&out), "<feedback/>");
        for (size_t len = 0; len < packed.len; len++) { /* cut off anywhere: no crash, no excess */
            nl_buf_clear(&out);
            char *part = malloc(len + 1);
            memcpy(part, packed.data, len);
            nl_error_ignore(nl_unpack(part, len, &out, &err));
            assert_true(out.len <= 11);
            free(part);
            nl_error_free(&err);
        }
        pack(zip, packed.data, packed.len, &twice);
        nl_buf_clear(&out);
        assert_ok(nl_unpack(twice.data, twice.len, &out, &err));
        assert_int_equal(out.len, packed.len); /* one layer, not two */
        nl_buf_clear(&packed);
        nl_buf_clear(&out);
        pack(zip, zeros, bomb, &packed);
        assert_fails(nl_unpack(packed.data, packed.len, &out, &err), NL_DATA, "not unpacked");
        assert_true(out.len <= packed.len * NL_UNPACK_RATIO);
        free(zeros);
        nl_buf_free(&packed);
        nl_buf_free(&twice);
        nl_buf_free(&out);
    }
}

static void check_cost(const struct nl_buf *text) {
    struct nl_bounce_reader *reader = NULL;
    struct nl_bounce bounce = {0};
    assert_ok(nl_bounce_reader_new(&reader, &err));
    assert_ok(nl_bounce_read(reader, text->data, text->len, &bounce, &err));
    assert_int_equal(bounce.kind, NL_BOUNCE_UNKNOWN);
    assert_non_null(bounce.problem);
    assert_true(bounce.steps > 0 && bounce.steps <= NL_BOUNCE_STEPS);
    nl_bounce_free(&bounce);
    nl_bounce_reader_free(reader);
}

/* The dearest messages: many files, and files that grow as much as they may. */
static void test_a_message_costs_no_more_than_any_other(void **state) {
    struct nl_buf text = {0};
    (void)state;
    nl_buf_adds(&text, "Subject: Report domain: example.org\n"
                       "Content-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < 60; i++) {
        nl_buf_adds(&text, "--b\nContent-Type: application/xml\n\n<feedback>");
        for (int j = 0; j < 1500; j++)
            nl_buf_adds(&text, "<record/>");
        nl_buf_adds(&text, "\n");
    }
    check_cost(&text);
    nl_buf_clear(&text);
    nl_buf_adds(&text, "Subject: Report domain: example.org\n"
                       "Content-Type: multipart/mixed; boundary=b\n\n");
    struct nl_buf plain = {0};
    struct nl_buf packed = {0};
    nl_buf_adds(&plain, "<feedback>");
    for (int i = 0; i < 400000; i++)
        nl_buf_adds(&plain, i % 7 == 0 ? "<r>7</r>" : "<record/>");
    pack(false, plain.data, plain.len, &packed);
    for (int i = 0; i < 20; i++) {
        nl_buf_adds(&text, "--b\nContent-Type: application/gzip\n\n");
        nl_buf_add(&text, packed.data, packed.len);
        nl_buf_adds(&text, "\n");
    }
    check_cost(&text);
    nl_buf_free(&plain);
    nl_buf_free(&packed);
    nl_buf_free(&text);
}

/* The bucket of a row in a hash table of 4096 that hashes as FNV-1a does, which anybody can
 * compute.
 */
static unsigned public_bucket(const char *domain, const char *source) {
    uint64_t hash = 14695981039346656037U;
    for (const char *texts[] = {domain, source, ""}, **text = texts; text < texts + 3; text++) {
        for (const char *p = *text; *p != '\0'; p++)
            hash = (hash ^ (unsigned char)*p) * 1099511628211U;
        hash = (hash ^ 0xFF) * 1099511628211U;
    }
    return (unsigned)(hash % 4096);
}

/* The processor time of looking up the last of a thousand rows again and again. */
static double time_of_rows(bool chosen) {
    struct nl_reputation_row row = {.reason = "", .total = 1};
    struct nl_reputation_report *report = NULL;
    memset(row.domain, 'a', 240);
    memcpy(row.domain + 60, ".", 1);
    snprintf(row.domain + 120, sizeof row.domain - 120, ".example.org");
    assert_int_equal(nl_aggregate_new(NL_REPUTATION_DMARC, &report, &err), NL_OK);
    for (uint32_t ip = 0x0A000000; report->count < 1000; ip++) {
        snprintf(row.source, sizeof row.source, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255,
                 ip >> 8 & 255, ip & 255);
        if (!chosen || public_bucket(row.domain, row.source) == 7)
            assert_true(nl_aggregate_add(report, &row));
    }
    clock_t begin = clock();
    for (int i = 0; i < 20000; i++)
        assert_true(nl_aggregate_add(report, &row));
    double took = (double)(clock() - begin);
    assert_int_equal(report->count, 1000);
    nl_aggregate_free(report);
    return took;
}

/* A stranger names the sources. */
static void test_no_choice_of_rows_makes_them_slow(void **state) {
    double plain = time_of_rows(false);
    double chosen = time_of_rows(true);
    (void)state;
    assert_true(chosen < 5 * plain + CLOCKS_PER_SEC / 50.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dmarc),
        cmocka_unit_test(test_many_mistakes),
        cmocka_unit_test(test_many_sources),
        cmocka_unit_test(test_no_choice_of_rows_makes_them_slow),
        cmocka_unit_test(test_unpacking_is_bounded),
        cmocka_unit_test(test_a_message_costs_no_more_than_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
