#include "support.h"

#include "newsletter/inbound/judge.h"

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

/* A reply and "hard reason fault" or "soft reason fault". */
struct row {
    const char *text, *wanted;
};

static void judge(void **state, enum nl_judge_stage stage, int code, const char *status,
                  const char *text, const char *wanted) {
    char found[80];
    const struct nl_failure failure = {stage, code, status, text};
    struct nl_judgement judgement = nl_judge(*state, &failure);
    snprintf(found, sizeof found, "%s %s %s", judgement.hard ? "hard" : "soft", judgement.reason,
             nl_fault_name(judgement.fault));
    if (strcmp(found, wanted) != 0)
        print_error("of \"%s\":\n", text != NULL ? text : "(nothing)");
    assert_string_equal(found, wanted);
}

static void judge_rows(void **state, enum nl_judge_stage stage, const struct row *rows,
                       size_t count) {
    for (size_t i = 0; i < count; i++)
        judge(state, stage, atoi(rows[i].text), "", rows[i].text, rows[i].wanted);
}

#define ROWS(rows) rows, sizeof(rows) / sizeof(rows)[0]

/* We may not hand mail on there, or must say who we are. */
static void test_refused_relaying(void **state) {
    static const struct row rows[] = {
        {"554 5.7.1 <ann@example.org>: Relay access denied", "soft policy sender"},
        {"550 relay not permitted", "soft policy sender"},
        {"550 5.7.1 <ann@example.org>... Relaying denied", "soft policy sender"},
        {"550 5.7.1 Unable to relay", "soft policy sender"},
        {"550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "soft policy sender"},
        {"550 5.7.64 TenantAttribution; Relay Access Denied", "soft policy sender"},
        {"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
         "soft policy sender"},
        {"550 This server does not relay mail for you", "soft policy sender"},
        {"550 5.7.0 Relaying mail to example.org is not allowed", "soft policy sender"},
        {"550 authentication required", "soft policy sender"},
        {"530 5.7.0 Must issue a STARTTLS command first", "soft network sender"},
        {"530 5.7.57 SMTP; Client was not authenticated to send anonymous mail",
         "soft policy sender"},
        {"535 5.7.8 Error: authentication failed", "soft policy sender"},
        {"550 You must log in before sending mail", "soft policy sender"},
        {"503 AUTH first (#5.5.1)", "soft policy sender"},
    };
    judge_rows(state, NL_JUDGE_RCPT, ROWS(rows));
}

/* Our address is not welcome as a sender. */
static void test_refused_sender(void **state) {
    static const struct row rows[] = {
        {"553 5.7.1 <news@us.example>: Sender address rejected: not owned by user ann",
         "soft policy sender"},
        {"550 5.7.60 SMTP; Client does not have permissions to send as this sender",
         "soft policy sender"},
        {"554 5.2.252 SendAsDenied; ann@us.example not allowed to send as news@us.example",
         "soft policy sender"},
        {"550 5.1.8 Access denied, bad outbound sender", "soft policy sender"},
        {"553 5.1.8 <news@us.example>... Domain of sender address news@us.example does not exist",
         "soft policy sender"},
        {"450 4.1.8 <news@us.example>: Sender address rejected: Domain not found",
         "soft policy sender"},
        {"550 5.1.7 <news@us.example>: Sender address rejected: undeliverable address",
         "soft policy sender"},
        {"550 5.1.0 <news@us.example>: Sender address rejected: User unknown",
         "soft policy sender"},
        {"550 Sender verify failed", "soft policy sender"},
        {"550-Verification failed for <news@us.example> 550-No Such User Here 550 Sender verify "
         "failed",
         "soft policy sender"},
        {"550 Callback setup failed while verifying <news@us.example>", "soft policy sender"},
        {"550 Administrative prohibition", "soft policy sender"},
        {"550 Requested action not taken: mailbox unavailable. Sender address is not allowed.",
         "soft policy sender"},
        {"550 5.7.1 SPF check failed", "soft policy sender"},
        {"550-5.7.26 This mail has been blocked because the sender is unauthenticated.",
         "soft policy sender"},
        {"554 Message rejected: Email address is not verified.", "soft policy sender"},
        {"571 5.7.1 sender not authorized", "soft policy sender"},
        {"550 5.7.515 Access denied, sending domain does not meet the required authentication "
         "level",
         "soft policy sender"},
    };
    judge_rows(state, NL_JUDGE_RCPT, ROWS(rows));
}

/* Our network is not. */
static void test_refused_network(void **state) {
    static const struct row rows[] = {
        {"554 5.7.1 <unknown[192.0.2.3]>: Client host rejected: Access denied",
         "soft blocked sender"},
        {"554 5.7.1 Service unavailable; Client host [192.0.2.3] blocked using bl.example.net",
         "soft blocked sender"},
        {"554 5.7.1 Rejected: 192.0.2.3 listed at bl.spamcop.net", "soft blocked sender"},
        {"550 Mail from 192.0.2.3 was rejected due to listing in SORBS", "soft blocked sender"},
        {"550 5.7.25 Client host rejected: cannot find your hostname, [192.0.2.3]",
         "soft blocked sender"},
        {"550 Reverse DNS lookup for 192.0.2.3 failed", "soft blocked sender"},
        {"554 Your address 192.0.2.3 has no PTR record", "soft blocked sender"},
        {"550 5.7.606 Access denied, banned sending IP [192.0.2.3]", "soft blocked sender"},
        {"550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP",
         "soft policy sender"},
        {"554 5.7.1 You are not allowed to connect.", "soft blocked sender"},
        {"504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
         "soft policy sender"},
        {"550 Access denied - Invalid HELO name", "soft blocked sender"},
    };
    judge_rows(state, NL_JUDGE_RCPT, ROWS(rows));
}

/* We have sent too much. */
static void test_refused_rate(void **state) {
    static const struct row rows[] = {
        {"550 5.4.5 Daily user sending limit exceeded.", "soft rate sender"},
        {"554 5.7.1 Sending quota exceeded", "soft rate sender"},
        {"454 Throttling failure: Daily message quota exceeded.", "soft rate sender"},
        {"454 Throttling failure: Maximum sending rate exceeded.", "soft rate sender"},
        {"550 5.1.90 Your message can't be sent because you've reached your daily limit for "
         "message recipients",
         "soft rate sender"},
        {"421 4.7.0 Too many connections from your host", "soft rate sender"},
        /* It is the recipient who gets too much, or somebody new who has to come back. */
        {"450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents "
         "additional messages from being delivered.",
         "soft rate recipient"},
        {"450 4.2.0 <ann@example.org>: Recipient address rejected: Greylisted",
         "soft rate recipient"},
    };
    judge_rows(state, NL_JUDGE_RCPT, ROWS(rows));
}

/* The address, and nothing but the address. */
static void test_recipients(void **state) {
    static const struct row rows[] = {
        {"550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown in virtual mailbox "
         "table",
         "hard no-such-user recipient"},
        {"550 5.7.1 User unknown in relay recipient table", "hard no-such-user recipient"},
        {"550 No such user here", "hard no-such-user recipient"},
        {"550 Requested action not taken: mailbox unavailable", "hard no-such-user recipient"},
        {"450 Requested mail action not taken: mailbox unavailable", "soft no-such-user recipient"},
        {"550 5.1.1", "hard no-such-user recipient"},
        {"550 5.2.1 The email account that you tried to reach is disabled",
         "hard disabled recipient"},
        {"552 5.2.2 Mailbox full", "soft mailbox-full recipient"},
        {"550 The user's mailbox is over its quota: retry timeout exceeded",
         "soft mailbox-full recipient"},
        {"550 5.1.2 Host unknown", "hard no-such-domain recipient"},
        {"556 5.1.10 Domain does not accept mail (nullMX)", "hard no-such-domain recipient"},
        {"551 5.1.6 The recipient has moved", "hard moved recipient"},
        {"550 Rejected", "soft policy sender"},
        {"550 Sorry", "soft undetermined recipient"},
        {"550 Учётная запись заблокирована", "hard disabled recipient"},
        {"550 Der Empfänger ist unbekannt", "hard no-such-user recipient"},
        {"550 Пользователь не найден", "hard no-such-user recipient"},
        {"550 5.1.1 存在しません", "hard no-such-user recipient"},
    };
    judge_rows(state, NL_JUDGE_RCPT, ROWS(rows));
}

/* A reply about the message once all of it is there. */
static void test_content(void **state) {
    static const struct row rows[] = {
        {"550 High probability of spam", "soft content content"},
        {"554 5.6.0 The message has a malformed header", "soft content content"},
        {"552 5.3.4 Message size exceeds fixed limit", "soft too-large content"},
        {"550 5.1.1 User unknown", "hard no-such-user recipient"},
        {"554 5.2.2 quota exceeded", "soft mailbox-full recipient"},
        {"550 5.0.0 No", "soft undetermined content"},
        {"554 5.7.1 Your IP is on a blocklist", "soft blocked sender"},
    };
    judge_rows(state, NL_JUDGE_DOT, ROWS(rows));
}

/* The same words mean different things by where they are said. */
static void test_stages(void **state) {
    judge(state, NL_JUDGE_MAIL, 550, "", "550 User unknown", "soft policy sender");
    judge(state, NL_JUDGE_RCPT, 550, "", "550 User unknown", "hard no-such-user recipient");
    judge(state, NL_JUDGE_LATER, 0, "", "User unknown", "hard no-such-user recipient");
    judge(state, NL_JUDGE_MAIL, 550, "", "550 Sorry", "soft undetermined sender");
    judge(state, NL_JUDGE_CONNECT, 554, "", "554 Sorry", "soft undetermined relay");
    judge(state, NL_JUDGE_DOT, 554, "", "554 Sorry", "soft undetermined content");
    judge(state, NL_JUDGE_RCPT, 421, "", "421 Closing", "soft undetermined relay");
    judge(state, NL_JUDGE_RCPT, 452, "4.3.1", "452 Insufficient system storage",
          "soft system relay");
    judge(state, NL_JUDGE_LATER, 0, "5.4.4", "Host not found", "hard no-such-domain recipient");
    judge(state, NL_JUDGE_LATER, 0, "4.4.3", "Host not found, try again", "soft network network");
    judge(state, NL_JUDGE_LATER, 0, "5.1.1", NULL, "hard no-such-user recipient");
    judge(state, NL_JUDGE_LATER, 0, "4.2.2", NULL, "soft mailbox-full recipient");
    judge(state, NL_JUDGE_LATER, 0, NULL, NULL, "soft undetermined recipient");
    /* The code within the words is the more exact one. */
    judge(state, NL_JUDGE_LATER, 0, "5.0.0", "550 5.1.1 no", "hard no-such-user recipient");
}

/* Words that refuse without a cause are told from those that name one. */
static void test_exact(void **state) {
    static const struct {
        const char *text;
        bool exact;
    } rows[] = {{"550 Rejected", false},
                {"550 Message refused", false},
                {"550 Sorry", false},
                {"550 Relay access denied", true},
                {"550 User unknown", true}};
    for_each_row (i, rows, rows[i].text) {
        const struct nl_failure failure = {NL_JUDGE_RCPT, 550, "", rows[i].text};
        assert_int_equal(nl_judge(*state, &failure).exact, rows[i].exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_relaying), cmocka_unit_test(test_refused_sender),
        cmocka_unit_test(test_refused_network),  cmocka_unit_test(test_refused_rate),
        cmocka_unit_test(test_recipients),       cmocka_unit_test(test_content),
        cmocka_unit_test(test_stages),           cmocka_unit_test(test_exact),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
