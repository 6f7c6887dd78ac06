/* Addresses within texts, delivery status reports group by group, and files that strangers packed.
 */
#include "support.h"

#include "inbound/reading.h"
#include "inbound/unpack.h"
#include "newsletter/inbound/bounce.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static struct nl_error err;

/* ---- addresses ---- */

static void test_addresses_in_a_text(void **state) {
    static const struct {
        const char *text, *addresses;
    } rows[] = {
        {"ann@example.org", "ann@example.org;"},
        {"Ann <ann@example.org>, bob@example.net.", "ann@example.org;bob@example.net;"},
        {"a@x.example b@y.example", "a@x.example;b@y.example;"},
        {"ann@example.org-_.", "ann@example.org;"},
        {"ann@ex_ample.org-x", "ann@ex_ample.org-x;"},
        {"m\u00fcller@b\u00fccher.example", "m\u00fcller@b\u00fccher.example;"},
        {"a!#$%&'*+-/=?^_`{|}~.b@x.example", "a!#$%&'*+-/=?^_`{|}~.b@x.example;"},
        {"(ann@x.example)", "ann@x.example;"},
        {"a,b@x.example", "b@x.example;"},
        /* quoted local parts */
        {"\"ann lee\"@x.example", "\"ann lee\"@x.example;"},
        {"to \"ann lee\"@x.example", "\"ann lee\"@x.example;"},
        {"ann lee\"@x.example", ""},
        {"\"ann\nlee\"@x.example", ""},
        {"\"@x.example", ""},
        /* signs around them */
        {"'ann@x.example'", "ann@x.example;"},
        {"..ann@x.example", "ann@x.example;"},
        {"***`ann@x.example", "ann@x.example;"},
        {"'''@x.example", ""},
        /* kinds of addresses */
        {"dda:SMTP=ann@x.example", "ann@x.example;"},
        {"rfc822=ann@x.example", "ann@x.example;"},
        {"mail=ann@x.example", "mail=ann@x.example;"},
        {"smtps=ann@x.example", "smtps=ann@x.example;"},
        {"rfc823=ann@x.example", "rfc823=ann@x.example;"},
        {"x=ann@x.example", "x=ann@x.example;"},
        /* none */
        {"", ""},
        {"@", ""},
        {"@x.example", ""},
        {"ann@", ""},
        {"ann@.-_", ""},
        {"ann(at)x.example", ""},
        {"a@b@c.example", "a@b;"},
        {"@x.example a@y.example", "a@y.example;"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        struct nl_buf found = {0};
        size_t at = 0;
        char *address = NULL;
        while ((address = nl_reading_next_address(rows[i].text, strlen(rows[i].text), &at)) !=
               NULL) {
            nl_buf_addf(&found, "%s;", address);
            free(address);
        }
        assert_string_equal(nl_buf_text(&found), rows[i].addresses);
        assert_int_equal(at, strlen(rows[i].text));
        nl_buf_free(&found);
    }
}

/* Nothing is read after the given length. */
static void test_addresses_end_with_the_text(void **state) {
    size_t at = 0;
    (void)state;
    char *address = nl_reading_next_address("ann@x.example", 5, &at);
    assert_string_equal(address, "ann@x");
    assert_int_equal(at, 5);
    free(address);
    at = 0;
    assert_null(nl_reading_next_address("ann@x.example", 4, &at));
}

/* ---- groups of a report ---- */

static int setup(void **state) {
    struct nl_bounce_reader *reader = NULL;
    assert_ok(nl_bounce_reader_new(&reader, &err));
    *state = reader;
    return 0;
}

static int teardown(void **state) {
    nl_bounce_reader_free(*state);
    return 0;
}

#define TO(name) "Final-Recipient: rfc822; " name "@x.example\n"
#define FAILED "Action: failed\n"
#define UNKNOWN "Status: 5.1.1\n"
#define FULL "Status: 4.2.2\n"

static void test_groups_of_a_report(void **state) {
    static const struct {
        const char *groups, *found;
    } rows[] = {
        {TO("a") FAILED UNKNOWN, "a@x.example hard no-such-user 5.1.1; "},
        {TO("a") "Action: Failure\n" UNKNOWN, "a@x.example hard no-such-user 5.1.1; "},
        {"final-recipient: a@x.example\naction: FAILED\nstatus: 5.1.1\n",
         "a@x.example hard no-such-user 5.1.1; "},
        {TO("a") FAILED FULL, "a@x.example soft mailbox-full 4.2.2; "},
        {TO("a") FAILED, "a@x.example soft undetermined; "},
        {TO("a") UNKNOWN, "a@x.example hard no-such-user 5.1.1; "},
        {TO("a") "Action: x-lost\n" UNKNOWN, "a@x.example hard no-such-user 5.1.1; "},
        {TO("a") "Action: delayed\n" FULL, "a@x.example delayed mailbox-full 4.2.2; "},
        {TO("a") "Action: DELAYED\n" UNKNOWN, "a@x.example delayed no-such-user 5.1.1; "},
        {TO("a") "Action: delivered\nStatus: 2.0.0\n", ""},
        {TO("a") "Action: relayed\n" UNKNOWN, ""},
        {TO("a") "Action: expanded\n" UNKNOWN, ""},
        {TO("a") "Status: 2.0.0\n", ""},
        {FAILED UNKNOWN, ""},
        /* the first of two fields counts */
        {TO("a") FAILED UNKNOWN FULL, "a@x.example hard no-such-user 5.1.1; "},
        /* the address that we wrote to stands for the one that it led to */
        {"Original-Recipient: rfc822;o@x.example\n" TO("a") FAILED UNKNOWN,
         "o@x.example hard no-such-user 5.1.1; "},
        {TO("a") "Original-Recipient: rfc822;o@x.example\n" FAILED UNKNOWN,
         "o@x.example hard no-such-user 5.1.1; "},
        {"Original-Recipient: rfc822;nobody\n" TO("a") FAILED UNKNOWN,
         "a@x.example hard no-such-user 5.1.1; "},
        /* two recipients: with and without an empty line, and with one too many */
        {TO("a") FAILED UNKNOWN "\n" TO("b") FAILED FULL,
         "a@x.example hard no-such-user 5.1.1; b@x.example soft mailbox-full 4.2.2; "},
        {TO("a") FAILED UNKNOWN TO("b") FAILED FULL,
         "a@x.example hard no-such-user 5.1.1; b@x.example soft mailbox-full 4.2.2; "},
        {"Original-Recipient: rfc822;a@x.example\n" FAILED UNKNOWN
         "Original-Recipient: rfc822;b@x.example\n" FAILED FULL,
         "a@x.example hard no-such-user 5.1.1; b@x.example soft mailbox-full 4.2.2; "},
        {TO("a") "\n" FAILED UNKNOWN "\n" TO("b") "\n" FAILED FULL,
         "a@x.example hard no-such-user 5.1.1; b@x.example soft mailbox-full 4.2.2; "},
        {TO("a") "Action: delivered\n\n" TO("b") FAILED FULL,
         "b@x.example soft mailbox-full 4.2.2; "},
        /* the words of the server decide where they say more */
        {TO("a") FAILED "Status: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 No such user\n",
         "a@x.example hard no-such-user 5.1.1; "},
        {TO("a") FAILED "Diagnostic-Code: X-Postfix; mailbox full\n",
         "a@x.example soft mailbox-full; "},
        {TO("a") FAILED "Diagnostic-Code: mailbox full\n", "a@x.example soft mailbox-full; "},
    };
    for_each_row (i, rows, rows[i].groups) {
        struct nl_buf message = {0};
        struct nl_buf found = {0};
        struct nl_bounce bounce = {0};
        nl_buf_addf(&message,
                    "Content-Type: multipart/report; boundary=b\n\n--b\n\nA report.\n--b\n"
                    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n%s--b--\n",
                    rows[i].groups);
        assert_ok(nl_bounce_read(*state, message.data, message.len, &bounce, &err));
        for (size_t k = 0; k < bounce.count; k++)
            nl_buf_addf(&found, "%s %s %s%s%s; ", bounce.recipients[k].address,
                        nl_bounce_kind_name(bounce.recipients[k].kind), bounce.recipients[k].reason,
                        bounce.recipients[k].status[0] != '\0' ? " " : "",
                        bounce.recipients[k].status);
        assert_string_equal(nl_buf_text(&found), rows[i].found);
        nl_bounce_free(&bounce);
        nl_buf_free(&found);
        nl_buf_free(&message);
    }
}

/* The prose of a report tells which command was refused: only what is said of a recipient ends a
 * subscription. */
static void test_the_command_that_was_refused(void **state) {
    static const struct {
        const char *prose;
        enum nl_bounce_kind kind;
        const char *reason;
        enum nl_fault fault;
    } rows[] = {
#define OF_US NL_BOUNCE_SOFT, "policy", NL_FAULT_SENDER
#define OF_THE_MAIL NL_BOUNCE_SOFT, "policy", NL_FAULT_RECIPIENT
#define OF_THEM NL_BOUNCE_HARD, "no-such-user", NL_FAULT_RECIPIENT
        {"It failed (in reply to MAIL FROM command)", OF_US},
        {"It failed (in reply to EHLO command)", OF_US},
        {"It failed (in reply to HELO command)", OF_US},
        {"SMTP error from remote mail server after MAIL FROM:<a>", OF_US},
        {">>> MAIL From:<a>", OF_US},
        {"It failed (in reply to end of DATA command)", OF_THE_MAIL},
        {"It failed (in reply to DATA command)", OF_THE_MAIL},
        {"SMTP error from remote mail server after end of data", OF_THE_MAIL},
        {">>> DATA", OF_THE_MAIL},
        {"It failed (in reply to RCPT TO command)", OF_THEM},
        {"nothing of a command", OF_THEM},
        /* several commands tell nothing */
        {"in reply to MAIL FROM, and in reply to RCPT TO", OF_THEM},
        {"in reply to MAIL FROM, and in reply to end of DATA", OF_THEM},
        {"503 Need RCPT, in reply to end of DATA", OF_THEM},
    };
    for_each_row (i, rows, rows[i].prose) {
        struct nl_buf message = {0};
        struct nl_bounce bounce = {0};
        nl_buf_addf(&message,
                    "Content-Type: multipart/report; boundary=b\n\n--b\n\n%s\n--b\n"
                    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n" TO("a")
                        FAILED "Status: 5.0.0\nDiagnostic-Code: smtp; 550 User unknown\n--b--\n",
                    rows[i].prose);
        assert_ok(nl_bounce_read(*state, message.data, message.len, &bounce, &err));
        assert_int_equal(bounce.count, 1);
        assert_int_equal(bounce.recipients[0].kind, rows[i].kind);
        assert_string_equal(bounce.recipients[0].reason, rows[i].reason);
        assert_int_equal(bounce.recipients[0].fault, rows[i].fault);
        nl_bounce_free(&bounce);
        nl_buf_free(&message);
    }
}

/* ---- packed files ---- */

static void pack(const char *data, size_t len, int bits, struct nl_buf *out) {
    z_stream stream = {0};
    nl_buf_clear(out);
    nl_buf_reserve(out, len + 1024);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (unsigned char *)data;
    stream.avail_in = (unsigned)len;
    stream.next_out = (unsigned char *)out->data;
    stream.avail_out = (unsigned)len + 1024;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->len = stream.total_out;
    deflateEnd(&stream);
}

enum { GZIP = 15 + 16 };

static void test_packed_files(void **state) {
    static const char hello[] = "hello";
    /* "x", stored, as the file "a" of a zip archive */
    static const unsigned char stored[] = {'P', 'K', 3, 4,    10,   0,    0,    0, 0,   0,  0,
                                           0,   0,   0, 0x83, 0x16, 0xdc, 0x8c, 1, 0,   0,  0,
                                           1,   0,   0, 0,    1,    0,    0,    0, 'a', 'x'};
    struct nl_buf packed = {0};
    struct nl_buf out = {0};
    unsigned char rare[sizeof stored];
    (void)state;
    pack(hello, 5, GZIP, &packed);
    assert_true(nl_is_packed(packed.data, packed.len));
    assert_ok(nl_unpack(packed.data, packed.len, &out, &err));
    assert_string_equal(nl_buf_text(&out), "hello");
    assert_false(nl_is_packed(packed.data, 2));
    assert_true(nl_is_packed(packed.data, 3));
    nl_buf_clear(&out);
    assert_true(nl_is_packed((const char *)stored, 30));
    assert_false(nl_is_packed((const char *)stored, 29));
    assert_ok(nl_unpack((const char *)stored, sizeof stored, &out, &err));
    assert_string_equal(nl_buf_text(&out), "x");
    memcpy(rare, stored, sizeof rare);
    rare[9] = 1; /* method 256 */
    assert_fails(nl_unpack((const char *)rare, sizeof rare, &out, &err), NL_DATA, "(method 256)");
    rare[8] = 12;
    rare[9] = 0;
    assert_fails(nl_unpack((const char *)rare, sizeof rare, &out, &err), NL_DATA, "(method 12)");
    assert_fails(nl_unpack(hello, 5, &out, &err), NL_DATA, "neither a gzip file nor a zip");
    nl_buf_free(&packed);
    nl_buf_free(&out);
}

/* A small file may become 256 KiB long, a larger one 200 times as long as it came, and none more
 * than 4 MiB. */
static void test_files_that_grow(void **state) {
    static const struct {
        const char *name;
        size_t len, noise; /* bytes in all, and how many of them cannot be packed */
        bool fits;
    } rows[] = {
        {"the free ones", NL_UNPACK_FREE, 0, true},
        {"one more", NL_UNPACK_FREE + 1, 0, false},
        {"within the ratio", NL_UNPACK_FREE + 1, 4000, true},
        {"beyond the ratio", 1200000, 4000, false},
        {"the most", NL_UNPACK_MOST, 40000, true},
        {"more than the most", NL_UNPACK_MOST + 1, 40000, false},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_buf packed = {0};
        struct nl_buf out = {0};
        char *data = calloc(1, rows[i].len);
        uint32_t random = 1;
        assert_non_null(data);
        for (size_t k = 0; k < rows[i].noise; k++)
            data[k] = (char)((random = random * 1664525 + 1013904223) >> 24);
        pack(data, rows[i].len, GZIP, &packed);
        if (rows[i].fits) {
            assert_ok(nl_unpack(packed.data, packed.len, &out, &err));
            assert_int_equal(out.len, rows[i].len);
            assert_memory_equal(out.data, data, rows[i].len);
            nl_buf_clear(&out);
            if (rows[i].len == NL_UNPACK_MOST)
                assert_fails(nl_unpack(packed.data, packed.len - 9, &out, &err), NL_DATA,
                             "to its end");
        } else {
            assert_fails(nl_unpack(packed.data, packed.len, &out, &err), NL_DATA,
                         "so they are not unpacked");
        }
        free(data);
        nl_buf_free(&packed);
        nl_buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_in_a_text),
        cmocka_unit_test(test_addresses_end_with_the_text),
        cmocka_unit_test(test_groups_of_a_report),
        cmocka_unit_test(test_the_command_that_was_refused),
        cmocka_unit_test(test_packed_files),
        cmocka_unit_test(test_files_that_grow),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
