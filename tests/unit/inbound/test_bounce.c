#include "support.h"

#include "newsletter/base/buf.h"
#include "newsletter/inbound/bounce.h"

#include <stdio.h>
#include <stdlib.h>

static struct nl_error err;

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

/* Reads a message and demands its kind and "address kind reason status" of each recipient. */
static void expect(void **state, const char *message, enum nl_bounce_kind kind,
                   const char *wanted) {
    struct nl_bounce bounce = {0};
    struct nl_buf found = {0};
    assert_ok(nl_bounce_read(*state, message, strlen(message), &bounce, &err));
    for (size_t i = 0; i < bounce.count; i++)
        nl_buf_addf(&found, "%s%s %s %s%s%s", i > 0 ? ", " : "", bounce.recipients[i].address,
                    nl_bounce_kind_name(bounce.recipients[i].kind), bounce.recipients[i].reason,
                    bounce.recipients[i].status[0] != '\0' ? " " : "", bounce.recipients[i].status);
    assert_string_equal(nl_buf_text(&found), wanted);
    assert_string_equal(nl_bounce_kind_name(bounce.kind), nl_bounce_kind_name(kind));
    nl_buf_free(&found);
    nl_bounce_free(&bounce);
}

#define REPORT                                                                                     \
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"                  \
    "--b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"

static void test_delivery_status(void **state) {
    expect(state,
           REPORT "Final-Recipient: RFC822; <Ann@example.org>\nAction: failed (really)\n"
                  "Status: 5.0.0\nDiagnostic-Code: smtp;\n 550 5.1.1 No such\n user\n--b--\n",
           NL_BOUNCE_HARD, "Ann@example.org hard no-such-user 5.1.1");
    expect(state,
           REPORT
           "Original-Recipient: rfc822;a@example.org\nFinal-Recipient: rfc822;b@example.net\n"
           "Action: failed\nStatus: 5.2.2\n--b--\n",
           NL_BOUNCE_SOFT, "a@example.org soft mailbox-full 5.2.2");
    expect(state, REPORT "Final-Recipient: rfc822;a@example.org\nAction: delayed\nStatus: 4.4.1\n",
           NL_BOUNCE_DELAYED, "a@example.org delayed network 4.4.1");
    expect(state,
           REPORT "Final-Recipient: rfc822;a@example.org\nAction: relayed\nStatus: 2.0.0\n--b--\n",
           NL_BOUNCE_AUTO_REPLY, "");
    expect(state,
           REPORT "Final-Recipient: rfc822;a@example.org\nAction: failed\nStatus: 4.4.7\n\n"
                  "Final-Recipient: rfc822;b@example.org\nAction: failed\nStatus: 5.1.1\n--b--\n",
           NL_BOUNCE_HARD,
           "a@example.org soft expired 4.4.7, b@example.org hard no-such-user 5.1.1");
    expect(state,
           REPORT "Final-Recipient: rfc822;a@example.org\n\nAction: failed\nStatus: 5.7.1\n"
                  "Diagnostic-Code: smtp; 554 message refused as spam\n--b--\n",
           NL_BOUNCE_SOFT, "a@example.org soft content 5.7.1");
}

static void test_encodings(void **state) {
    expect(state,
           "From: MAILER-DAEMON@x.example\nSubject: =?utf-8?B?VW5kZWxpdmVyYWJsZQ==?=\n"
           "Content-Transfer-Encoding: base64\n\n"
           "WW91ciBtYWlsIGNvdWxkIG5vdCBiZSBkZWxpdmVyZWQgdG8KYW5uQGV4YW1wbGUub3JnOiB1c2Vy\n"
           "IHVua25vd24K\n",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user");
    expect(
        state,
        "From: MAILER-DAEMON@x.example\nSubject: failure\n"
        "Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable\n\n"
        "<ann@example.org>: =D1=DD=C9=CB =D0=C5=D2=C5=D0=CF=CC=CE=C5=CE\n",
        NL_BOUNCE_SOFT, "ann@example.org soft mailbox-full");
}

static void test_prose(void **state) {
    expect(state,
           "From: MAILER-DAEMON@x.example\nTo: list@example.com\nSubject: failure notice\n\n"
           "I was not able to deliver your message to the following addresses.\n\n"
           "<ann@example.org>:\nThe mailbox is full.\n\n<bob@example.org>:\n"
           "Sorry, no such user here. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n"
           "To: carl@example.org\n",
           NL_BOUNCE_HARD,
           "ann@example.org soft mailbox-full, bob@example.org hard no-such-user 5.1.1");
    expect(state,
           "From: postmaster@x.example\nSubject: Undeliverable\n\nYour message\n\n"
           "  To:      list@example.com\n  Subject: News\n\n"
           "did not reach the following recipient(s):\n\nann@example.org on Friday\n"
           "    The recipient name is not recognized\n",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user");
    expect(state,
           "From: MAILER-DAEMON@x.example\nSubject: Mail failure\n\n"
           "Your mail to the following recipients could not be delivered:\n\tannie\n",
           NL_BOUNCE_SOFT, "annie@x.example soft undetermined");
    expect(state,
           "From: Mailer-Daemon@x.example\nX-Failed-Recipients: ann@example.org\n"
           "Subject: Mail delivery failed\n\nSome text.\n",
           NL_BOUNCE_SOFT, "ann@example.org soft undetermined");
    expect(state,
           "From: Mailer-Daemon@x.example\nSubject: Warning\n\n"
           "Your message to\n\n  ann@example.org\n\nhas not yet been delivered. We will keep "
           "trying.\n",
           NL_BOUNCE_DELAYED, "ann@example.org delayed expired");
}

#define HEADER "From: MAILER-DAEMON@x.example\nTo: list@us.example\nSubject: Undelivered\n"

/* Which of the addresses that a report names is the one that failed. */
static void test_addresses(void **state) {
    /* DragonFly: the address stands in a field that elsewhere names us. */
    expect(state,
           "X-Original-To: <ann@example.org>\nFrom: MAILER-DAEMON <>\nTo: list@us.example\n"
           "Subject: Mail delivery failed\n\nThere was an error delivering your mail to "
           "<ann@example.org>.\n\nmx.example.org [192.0.2.1] did not like our RCPT TO:\n"
           "550 5.1.1 No such user\n\nMessage headers follow.\n\nFrom: <list@us.example>\n",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user 5.1.1");
    expect(state,
           HEADER "\nYour message could not be delivered:\n\n"
                  "<ann@example.org> (expanded from <staff@example.org>): user unknown\n",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user");
    expect(state,
           HEADER "\nDelivery failed.\n\n  ann@example.org\n    (generated from "
                  "bob@example.org)\n    mailbox is full\n\n--- The header of the original "
                  "message follows. ---\n\nReceived: for <carl@example.org>\n",
           NL_BOUNCE_SOFT, "ann@example.org soft mailbox-full");
    /* Nobody is named but by the mail that came back. */
    expect(state,
           HEADER "\nThe message could not be delivered.\nError: no valid recipients\n\n"
                  "Original message:\nFrom: list@us.example\nTo: ann@example.org\n",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user");
    /* A bounce of a bounce names others in what it brings back. */
    expect(state,
           REPORT "Final-Recipient: rfc822;ann@example.org\nAction: failed\nStatus: 5.1.1\n"
                  "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/report; "
                  "report-type=delivery-status; boundary=c\n\n--c\nContent-Type: "
                  "message/delivery-status\n\nReporting-MTA: dns; y\n\nFinal-Recipient: "
                  "rfc822;bob@example.org\nAction: failed\nStatus: 5.1.1\n--c--\n--b--\n",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user 5.1.1");
}

/* Where the reason stands, and what else is said that is none. */
static void test_reasons(void **state) {
    expect(state,
           HEADER "\nYour message could not be delivered because of\n\n550 User unknown\n\n"
                  "The following recipients were affected:\n\n    ann@example.org\n",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user");
    expect(state,
           REPORT "Final-Recipient: rfc822;ann@example.org\nAction: failed\nStatus: 5.0.0\n"
                  "--b--\n",
           NL_BOUNCE_SOFT, "ann@example.org soft undetermined 5.0.0");
    expect(state,
           "From: Mailer-Daemon@x.example\nX-Failed-Recipients: ann@example.org\n"
           "Subject: Mail delivery failed\n\nA message could not be delivered.\n\n"
           "  ann@example.org\n    Unrouteable address\n",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-domain");
    /* It was the sender that was refused, whatever the words. */
    expect(state,
           HEADER "\nA message could not be delivered.\n\n  ann@example.org\n    SMTP error from "
                  "remote mail server after MAIL FROM:<list@us.example>:\n    550 us.example does "
                  "not exist\n",
           NL_BOUNCE_SOFT, "ann@example.org soft policy");
    expect(state,
           HEADER "\nI could not deliver your message.\n\n<ann@example.org>:\nConnected to "
                  "192.0.2.1 but my name was rejected.\nRemote host said: 501 Invalid domain "
                  "name\n",
           NL_BOUNCE_SOFT, "ann@example.org soft blocked");
    expect(state,
           HEADER "\nI could not deliver your message.\n\n<ann@example.org>:\n"
                  "192.0.2.1 does not like recipient.\nRemote host said: 552 mailbox full\n"
                  "I'm not going to try again; this message has been in the queue too long.\n",
           NL_BOUNCE_SOFT, "ann@example.org soft mailbox-full");
    expect(state,
           "From: MAILER-DAEMON@x.example\nSubject: Mail Delivery Status Report\n\nEnclosed is the "
           "mail delivery report that you requested.\n\n<ann@example.org>: delivery via "
           "mx.example.org: 250 Ok\n",
           NL_BOUNCE_AUTO_REPLY, "");
    expect(state,
           "From: MAILER-DAEMON@x.example\rSubject: Undelivered\r\rI could not deliver to\r\r"
           "<ann@example.org>: user unknown\r",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user");
}

/* Amazon SES by way of SNS, wrapped and bare. */
static void test_notifications(void **state) {
    expect(state,
           "From: no-reply@sns.example\nSubject: AWS Notification Message\n\n"
           "{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\","
           "\"bouncedRecipients\":[{\"emailAddress\":\"ann@exam!\n ple.org\",\"action\":\"failed\","
           "\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 550 5.1.1 user unknown\"}]}}\n\n--\n"
           "If you wish to stop receiving these\n",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user 5.1.1");
    expect(state,
           "Subject: x\n\n{\"Type\":\"Notification\",\"Message\":\"{\\\"notificationType\\\":"
           "\\\"Complaint\\\",\\\"complaint\\\":{\\\"complainedRecipients\\\":[{"
           "\\\"emailAddress\\\":\\\"ann@example.org\\\"}]}}\"}\n",
           NL_BOUNCE_COMPLAINT, "ann@example.org complaint complaint");
    expect(state, "Subject: x\n\n{\"notificationType\":\"Delivery\",\"delivery\":{}}\n",
           NL_BOUNCE_AUTO_REPLY, "");
    expect(state, "Subject: x\n\n{\"a\":1}\n", NL_BOUNCE_UNKNOWN, "");
    /* Without recipients the kind is all that is known. */
    expect(state,
           "Subject: x\n\n{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":"
           "\"Permanent\",\"bouncedRecipients\":[]}}\n",
           NL_BOUNCE_HARD, "");
    expect(state,
           "Subject: x\n\n{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":"
           "\"Transient\",\"bouncedRecipients\":[]}}\n",
           NL_BOUNCE_SOFT, "");
}

/* The events of other providers, as their documents have them, and a form of our own. */
static void test_events(void **state) {
    expect(state,
           "{\"email\":\"ann@example.org\",\"event\":\"bounce\",\"status\":\"5.2.2\",\"reason\":"
           "\"552 5.2.2 "
           "mailbox full\",\"smtp-id\":\"<1.x@us.example>\"}",
           NL_BOUNCE_SOFT, "ann@example.org soft mailbox-full 5.2.2");
    expect(state, "{\"email\":\"ann@example.org\",\"event\":\"spamreport\"}", NL_BOUNCE_COMPLAINT,
           "ann@example.org complaint complaint");
    expect(state, "{\"email\":\"ann@example.org\",\"event\":\"delivered\"}", NL_BOUNCE_AUTO_REPLY,
           "");
    expect(state,
           "{\"event-data\":{\"event\":\"failed\",\"severity\":\"permanent\",\"recipient\":"
           "\"ann@example.org\",\"delivery-status\":{\"code\":550,\"message\":\"5.1.1 No such "
           "user\"}}}",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user 5.1.1");
    expect(state,
           "{\"RecordType\":\"Bounce\",\"Type\":\"HardBounce\",\"Email\":\"ann@example.org\","
           "\"Details\":\"\"}",
           NL_BOUNCE_HARD, "ann@example.org hard undetermined");
    expect(state,
           "{\"RecordType\":\"Bounce\",\"Type\":\"HardBounce\",\"Email\":\"ann@example.org\","
           "\"Details\":\"554 5.7.1 Your IP is on a blocklist\"}",
           NL_BOUNCE_SOFT, "ann@example.org soft blocked 5.7.1");
    expect(state,
           "{\"event\":\"hard_bounce\",\"email\":\"ann@example.org\",\"reason\":\"unknown user\"}",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user");
    expect(
        state,
        "{\"event\":\"bounce\",\"email\":\"ann@example.org\",\"hard_bounce\":true,\"error\":\"user "
        "unknown\"}",
        NL_BOUNCE_HARD, "ann@example.org hard no-such-user");
    expect(state,
           "{\"msys\":{\"message_event\":{\"type\":\"bounce\",\"rcpt_to\":\"ann@example.org\","
           "\"raw_reason\":\"550 5.1.1 mailbox unavailable\"}}}",
           NL_BOUNCE_HARD, "ann@example.org hard no-such-user 5.1.1");
    expect(state, "{\"event\":\"delayed\",\"address\":\"ann@example.org\",\"status\":\"4.4.1\"}",
           NL_BOUNCE_DELAYED, "ann@example.org delayed network 4.4.1");
}

static void test_not_bounces(void **state) {
    expect(state, "Subject: Automatische Antwort: News\n\nann@example.org\n", NL_BOUNCE_AUTO_REPLY,
           "");
    expect(state, "From: ann@example.org\nAuto-Submitted: auto-replied\n\nAway.\n",
           NL_BOUNCE_AUTO_REPLY, "");
    expect(state, "From: ann@example.org\nAuto-Submitted: no\n\nHello.\n", NL_BOUNCE_UNKNOWN, "");
    expect(state, "From: ann@example.org\nSubject: Thanks\n\nbob@example.org says hello\n",
           NL_BOUNCE_UNKNOWN, "");
    expect(state,
           "From: ann@example.org\nSubject: Re: your failed deliveries\n\n"
           "I could not deliver the papers to bob@example.com, he is unknown here.\n",
           NL_BOUNCE_UNKNOWN, "");
    expect(state, "", NL_BOUNCE_UNKNOWN, "");
}

static void test_feedback(void **state) {
    static const char report[] = "Content-Type: multipart/report; boundary=b\n\n--b\n\nx\n--b\n"
                                 "Content-Type: message/feedback-report\n\nFeedback-Type: %s\n"
                                 "Original-Rcpt-To: <ann@example.org>\n--b--\n";
    char text[400];
    snprintf(text, sizeof text, report, "abuse");
    expect(state, text, NL_BOUNCE_COMPLAINT, "ann@example.org complaint complaint");
    expect(state,
           "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
           "X-HmXmrOriginalRecipient: ann@example.org\n\nx\n--b--\n",
           NL_BOUNCE_COMPLAINT, "ann@example.org complaint complaint");
    expect(state,
           "Content-Type: multipart/report; boundary=b\n\n--b\n"
           "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
           "--b\nContent-Type: text/rfc822-headers\n\nTo: ann@example.org\n--b--\n",
           NL_BOUNCE_COMPLAINT, "ann@example.org complaint complaint");
    snprintf(text, sizeof text, report, "not-spam");
    expect(state, text, NL_BOUNCE_UNKNOWN, "");
}

static void test_unsubscribe(void **state) {
    struct nl_bounce bounce = {0};
    static const char message[] =
        "Subject: Re: Unsubscribe 0F8FAD5B-D9CB-469F-A165-70867728950E\n\n";
    assert_ok(nl_bounce_read(*state, message, strlen(message), &bounce, &err));
    assert_int_equal(bounce.kind, NL_BOUNCE_UNSUBSCRIBE);
    assert_string_equal(bounce.unsubscribe.text, "0f8fad5b-d9cb-469f-a165-70867728950e");
    nl_bounce_free(&bounce);
    expect(state, "Subject: unsubscribe me\n\n", NL_BOUNCE_UNKNOWN, "");
}

/* Parts within parts without end, and more parts than anybody sends. */
static void test_bounds(void **state) {
    struct nl_buf deep = {0};
    for (int i = 0; i < 500; i++)
        nl_buf_addf(&deep, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    expect(state, nl_buf_text(&deep), NL_BOUNCE_UNKNOWN, "");
    nl_buf_clear(&deep);
    nl_buf_adds(&deep, "Subject: failure\nContent-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < 20000; i++)
        nl_buf_adds(&deep, "--b\nContent-Type: message/rfc822\n\n\n");
    expect(state, nl_buf_text(&deep), NL_BOUNCE_UNKNOWN, "");
    nl_buf_clear(&deep);
    nl_buf_adds(&deep, "Subject: failure\n\n");
    for (int i = 0; i < 300000; i++)
        nl_buf_adds(&deep, "user unknown ");
    expect(state, nl_buf_text(&deep), NL_BOUNCE_HARD, "");
    nl_buf_clear(&deep);
    nl_buf_adds(&deep, "Subject: unsubscribe ");
    for (int i = 0; i < 300000; i++)
        nl_buf_adds(&deep, "abc ");
    expect(state, nl_buf_text(&deep), NL_BOUNCE_UNKNOWN, "");
    nl_buf_clear(&deep);
    nl_buf_adds(&deep, "Subject: failure\nContent-Type: text/html\n\n");
    for (int i = 0; i < 300000; i++)
        nl_buf_adds(&deep, "<a ");
    expect(state, nl_buf_text(&deep), NL_BOUNCE_UNKNOWN, "");
    nl_buf_free(&deep);
}

/* Reads 1 MiB of something and demands that its budget was kept. */
static void expect_bounded(void **state, const char *start, const char *again, const char *join) {
    struct nl_buf text = {0};
    struct nl_bounce bounce = {0};
    nl_buf_adds(&text, start);
    while (text.len < (1 << 20)) {
        nl_buf_adds(&text, again);
        nl_buf_adds(&text, join);
    }
    assert_ok(nl_bounce_read(*state, nl_buf_text(&text), text.len, &bounce, &err));
    assert_true(bounce.steps <= NL_BOUNCE_STEPS);
    assert_true(bounce.count <= 200);
    nl_bounce_free(&bounce);
    nl_buf_free(&text);
}

/* Messages made to cost as much as they can: the work is counted and ends, whatever a clock says.
 */
static void test_worst(void **state) {
    static const char *const words[] = {
        "user unknown",
        "ann@example.org",
        "mailbox",
        "(((((((((",
        "not not not",
        "<a@b.example> user",
        "550 5.1.1",
        "sender address rejected user unknown mailbox full message too large",
        "5.1.1.1.1",
        "@@@@@@",
        "=?utf-8?q?a?=",
        "a b c d",
        "\"",
        "存在しません"};
    static const char *const joins[] = {" ", "\n", "\n\n", "", ", "};
    static const char *const starts[] = {HEADER "\n",
                                         HEADER "Content-Type: text/html\n\n",
                                         HEADER
                                         "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n",
                                         REPORT,
                                         "Content-Type: ",
                                         "Subject: Undelivered ",
                                         "To: ",
                                         "From: MAILER-DAEMON@x.example\nX-Failed-Recipients: "};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        for (size_t j = 0; j < sizeof words / sizeof words[0]; j++)
            expect_bounded(state, starts[i], words[j],
                           joins[(i + j) % (sizeof joins / sizeof joins[0])]);
    /* Many parts full of addresses and reasons. */
    struct nl_buf part = {0};
    nl_buf_adds(&part, "--b\n\nThe following addresses failed:\n");
    for (int i = 0; i < 600; i++)
        nl_buf_addf(&part, "ann%d@example.org user unknown mailbox full, ", i);
    expect_bounded(state, HEADER "Content-Type: multipart/mixed; boundary=b\n\n",
                   nl_buf_text(&part), "\n");
    nl_buf_clear(&part);
    for (int i = 0; i < 300; i++)
        nl_buf_addf(&part,
                    "\nFinal-Recipient: rfc822;ann%d@example.org\nAction: failed\nStatus: "
                    "5.0.0\n",
                    i);
    expect_bounded(state, REPORT, nl_buf_text(&part), "\n");
    nl_buf_free(&part);
}

/* Words count within four multiparts; what lies deeper is not a mail system's own report. */
static void test_prose_within_multiparts(void **state) {
    static const int depths[] = {0, 1, 4, 5, 9};
    for_each_row (i, depths, NULL) {
        struct nl_buf text = {0};
        nl_buf_adds(&text, "From: MAILER-DAEMON@mx.example\nSubject: Undelivered mail\n");
        for (int at = 0; at < depths[i]; at++)
            nl_buf_addf(&text, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", at, at);
        nl_buf_adds(&text, "Content-Type: text/plain\n\n<ann@example.org>: 550 5.1.1 User "
                           "unknown\n");
        for (int at = depths[i] - 1; at >= 0; at--)
            nl_buf_addf(&text, "\n--b%d--\n", at);
        expect(state, nl_buf_text(&text), depths[i] <= 4 ? NL_BOUNCE_HARD : NL_BOUNCE_UNKNOWN,
               depths[i] <= 4 ? "ann@example.org hard no-such-user 5.1.1" : "");
        nl_buf_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_delivery_status, setup, teardown),
        cmocka_unit_test_setup_teardown(test_encodings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prose, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prose_within_multiparts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reasons, setup, teardown),
        cmocka_unit_test_setup_teardown(test_notifications, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events, setup, teardown),
        cmocka_unit_test_setup_teardown(test_worst, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_bounces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_feedback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsubscribe, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
