/* Events of mail providers: each provider's words for each kind, whose proof counts, and events
 * that mean nothing. */
#include "support.h"

#include "newsletter/base/buf.h"
#include "newsletter/inbound/bounce.h"
#include "newsletter/inbound/event.h"

#include <stdio.h>

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

/* "kind: address kind reason status; message-id" */
static void check(void **state, const char *json, const char *expected) {
    struct nl_bounce bounce = {0};
    struct nl_buf out = {0};
    nl_event_read(*state, json, strlen(json), &bounce);
    nl_buf_addf(&out, "%s:", nl_bounce_kind_name(bounce.kind));
    for (size_t i = 0; i < bounce.count; i++)
        nl_buf_addf(&out, " %s %s %s%s%s;", bounce.recipients[i].address,
                    nl_bounce_kind_name(bounce.recipients[i].kind), bounce.recipients[i].reason,
                    bounce.recipients[i].status[0] != '\0' ? " " : "", bounce.recipients[i].status);
    if (bounce.message_id != NULL)
        nl_buf_addf(&out, " %s", bounce.message_id);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
    nl_bounce_free(&bounce);
}

/* The one word by which a provider sorts a failure is read as its words are. */
static void test_subtypes(void **state) {
    static const char ses[] = "{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":\"%s\","
                              "\"bounceSubType\":\"%s\","
                              "\"bouncedRecipients\":[{\"emailAddress\":\"ann@example.org\"}]}}";
    static const char ses_said[] =
        "{\"eventType\":\"Bounce\",\"bounce\":{\"bounceType\":\"%s\",\"bounceSubType\":\"%s\","
        "\"bouncedRecipients\":[{\"emailAddress\":\"ann@example.org\",\"diagnosticCode\":\"smtp; "
        "550 "
        "no thanks\"}]}}";
    static const char ses_known[] =
        "{\"eventType\":\"Bounce\",\"bounce\":{\"bounceType\":\"%s\",\"bounceSubType\":\"%s\","
        "\"bouncedRecipients\":[{\"emailAddress\":\"ann@example.org\",\"diagnosticCode\":\"smtp; "
        "552 "
        "mailbox full\"}]}}";
    static const char ses_vague[] =
        "{\"eventType\":\"Bounce\",\"bounce\":{\"bounceType\":\"%s\",\"bounceSubType\":\"%s\","
        "\"bouncedRecipients\":[{\"emailAddress\":\"ann@example.org\",\"diagnosticCode\":\"smtp; "
        "550 submission forbidden\"}]}}";
    static const char postmark[] = "{\"RecordType\":\"%s\",\"Type\":\"%s\",\"Email\":"
                                   "\"ann@example.org\",\"Details\":\"\",\"Description\":\"\"}";
    static const char mailgun[] = "{\"event-data\":{\"event\":\"failed\",\"severity\":\"%s\","
                                  "\"reason\":\"%s\",\"recipient\":\"ann@example.org\"}}";
    static const char dropped[] =
        "{\"email\":\"ann@example.org\",\"event\":\"%s\",\"reason\":\"%s\"}";
    static const char sendgrid[] =
        "{\"email\":\"ann@example.org\",\"event\":\"%s\",\"reason\":\"550 no "
        "thanks\",\"bounce_classification\":\"%s\"}";
    static const struct {
        const char *form, *type, *word, *expected;
    } rows[] = {
        {ses, "Undetermined", "Undetermined", "soft: ann@example.org soft undetermined;"},
        {ses, "Permanent", "General", "hard: ann@example.org hard undetermined;"},
        {ses, "Permanent", "NoEmail", "hard: ann@example.org hard no-such-user;"},
        {ses, "Permanent", "Suppressed", "hard: ann@example.org hard undetermined;"},
        {ses, "Permanent", "OnAccountSuppressionList", "hard: ann@example.org hard undetermined;"},
        {ses, "Permanent", "UnsubscribedRecipient",
         "unsubscribe: ann@example.org unsubscribe undetermined;"},
        {ses, "Transient", "General", "soft: ann@example.org soft undetermined;"},
        {ses, "Transient", "MailboxFull", "soft: ann@example.org soft mailbox-full;"},
        {ses, "Transient", "MessageTooLarge", "soft: ann@example.org soft too-large;"},
        {ses, "Transient", "ContentRejected", "soft: ann@example.org soft content;"},
        {ses, "Transient", "AttachmentRejected", "soft: ann@example.org soft content;"},
        {ses, "Transient", "CustomTimeoutExceeded", "soft: ann@example.org soft network;"},
        /* The server's own words come first, where they say anything. */
        {ses_said, "Transient", "MailboxFull", "soft: ann@example.org soft mailbox-full;"},
        {ses_known, "Transient", "ContentRejected", "soft: ann@example.org soft mailbox-full;"},
        {ses_known, "Permanent", "General", "soft: ann@example.org soft mailbox-full;"},
        /* Words that are vague, and yet speak of us, are not a verdict on the address. */
        {ses_vague, "Permanent", "General", "soft: ann@example.org soft policy;"},
        {ses_said, "Permanent", "General", "hard: ann@example.org hard undetermined;"},
        {postmark, "Bounce", "HardBounce", "hard: ann@example.org hard undetermined;"},
        {postmark, "Bounce", "SoftBounce", "soft: ann@example.org soft undetermined;"},
        {postmark, "Bounce", "Transient", "soft: ann@example.org soft undetermined;"},
        {postmark, "Bounce", "Unknown", "soft: ann@example.org soft undetermined;"},
        {postmark, "Bounce", "BadEmailAddress", "hard: ann@example.org hard no-such-user;"},
        {postmark, "Bounce", "ManuallyDeactivated", "hard: ann@example.org hard disabled;"},
        {postmark, "Bounce", "SpamNotification", "soft: ann@example.org soft content;"},
        {postmark, "Bounce", "VirusNotification", "soft: ann@example.org soft content;"},
        {postmark, "Bounce", "DnsError", "soft: ann@example.org soft network;"},
        {postmark, "Bounce", "DMARCPolicy", "soft: ann@example.org soft policy;"},
        {postmark, "Bounce", "Blocked", "soft: ann@example.org soft policy;"},
        {postmark, "Bounce", "InboundError", "soft: ann@example.org soft system;"},
        {postmark, "Bounce", "SMTPApiError", "soft: ann@example.org soft system;"},
        {postmark, "Bounce", "TemplateRenderingFailed", "soft: ann@example.org soft system;"},
        {postmark, "Bounce", "SpamComplaint", "complaint: ann@example.org complaint complaint;"},
        {postmark, "Bounce", "Unsubscribe",
         "unsubscribe: ann@example.org unsubscribe undetermined;"},
        {mailgun, "permanent", "suppress-bounce", "hard: ann@example.org hard undetermined;"},
        {mailgun, "permanent", "suppress-complaint",
         "complaint: ann@example.org complaint complaint;"},
        {mailgun, "permanent", "suppress-unsubscribe",
         "unsubscribe: ann@example.org unsubscribe undetermined;"},
        {mailgun, "permanent", "espblock", "soft: ann@example.org soft policy;"},
        {mailgun, "permanent", "old", "soft: ann@example.org soft expired;"},
        {mailgun, "temporary", "greylisted", "soft: ann@example.org soft rate;"},
        {mailgun, "temporary", "generic", "soft: ann@example.org soft undetermined;"},
        {dropped, "dropped", "Bounced Address", "hard: ann@example.org hard undetermined;"},
        {dropped, "dropped", "Invalid", "hard: ann@example.org hard no-such-user;"},
        {dropped, "dropped", "Unsubscribed Address",
         "unsubscribe: ann@example.org unsubscribe undetermined;"},
        {dropped, "dropped", "Spam Reporting Address",
         "complaint: ann@example.org complaint complaint;"},
        {dropped, "dropped", "Spam Content", "soft: ann@example.org soft content;"},
        {dropped, "deferred", "Unsubscribed Address",
         "delayed: ann@example.org delayed undetermined;"},
        {sendgrid, "bounce", "Mailbox Unavailable", "hard: ann@example.org hard no-such-user;"},
        {sendgrid, "bounce", "Invalid Address", "hard: ann@example.org hard no-such-user;"},
        {sendgrid, "bounce", "Technical", "soft: ann@example.org soft system;"},
        {sendgrid, "bounce", "Content", "soft: ann@example.org soft content;"},
        {sendgrid, "bounce", "Reputation", "soft: ann@example.org soft blocked;"},
        {sendgrid, "bounce", "Frequency/Volume", "soft: ann@example.org soft rate;"},
        {sendgrid, "bounce", "Unclassified", "soft: ann@example.org soft undetermined;"},
    };
    for_each_row (i, rows, rows[i].word) {
        char json[600];
        snprintf(json, sizeof json, rows[i].form, rows[i].type, rows[i].word);
        check(state, json, rows[i].expected);
    }
}

/* The words of all providers, in our own form. */
static void test_words(void **state) {
    static const struct {
        const char *word, *kind, *expected;
    } rows[] = {
        {"bounce", "soft", "soft undetermined"},
        {"bounced", "soft", "soft undetermined"},
        {"failed", "soft", "soft undetermined"},
        {"dropped", "soft", "soft undetermined"},
        {"blocked", "soft", "soft undetermined"},
        {"soft_bounce", "soft", "soft undetermined"},
        {"soft-bounce", "soft", "soft undetermined"},
        {"out_of_band", "soft", "soft undetermined"},
        {"policy_rejection", "soft", "soft undetermined"},
        {"generation_rejection", "soft", "soft undetermined"},
        {"generation_failure", "soft", "soft undetermined"},
        {"error", "soft", "soft undetermined"},
        {"hard_bounce", "hard", "hard undetermined"},
        {"hard-bounce", "hard", "hard undetermined"},
        {"invalid_email", "hard", "hard undetermined"},
        {"invalid", "hard", "hard undetermined"},
        {"deferred", "delayed", "delayed undetermined"},
        {"delay", "delayed", "delayed undetermined"},
        {"Delayed", "delayed", "delayed undetermined"},
        {"complaint", "complaint", "complaint complaint"},
        {"complained", "complaint", "complaint complaint"},
        {"spam", "complaint", "complaint complaint"},
        {"spamreport", "complaint", "complaint complaint"},
        {"spam_complaint", "complaint", "complaint complaint"},
        {"SpamComplaint", "complaint", "complaint complaint"},
        {"unsubscribe", "unsubscribe", "unsubscribe undetermined"},
        {"unsubscribed", "unsubscribe", "unsubscribe undetermined"},
        {"unsub", "unsubscribe", "unsubscribe undetermined"},
        {"group_unsubscribe", "unsubscribe", "unsubscribe undetermined"},
        {"list_unsubscribe", "unsubscribe", "unsubscribe undetermined"},
        {"link_unsubscribe", "unsubscribe", "unsubscribe undetermined"},
        {"delivered", "auto-reply", NULL},
        {"open", "auto-reply", NULL},
        {"bounces", "auto-reply", NULL},
    };
    for_each_row (i, rows, rows[i].word) {
        char json[128];
        char expected[96];
        snprintf(json, sizeof json, "{\"event\":\"%s\",\"address\":\"ann@x.example\"}",
                 rows[i].word);
        snprintf(expected, sizeof expected, "%s:%s%s%s", rows[i].kind,
                 rows[i].expected != NULL ? " ann@x.example " : "",
                 rows[i].expected != NULL ? rows[i].expected : "",
                 rows[i].expected != NULL ? ";" : "");
        check(state, json, expected);
    }
}

#define POSTMARK(more)                                                                             \
    "{\"RecordType\":\"SubscriptionChange\",\"Recipient\":\"ann@x.example\"" more "}"
#define BY_THEMSELVES                                                                              \
    ",\"SuppressSending\":true,\"SuppressionReason\":\"ManualSuppression\",\"Origin\":"            \
    "\"Recipient\""

static void test_providers(void **state) {
    static const struct {
        const char *json, *expected;
    } rows[] = {
        /* SparkPost */
        {"{\"msys\":{\"message_event\":{\"type\":\"bounce\",\"rcpt_to\":\"ann@x.example\","
         "\"raw_reason\":\"550 5.1.1 no such user\",\"reason\":\"552 mailbox full\","
         "\"rcpt_meta\":{\"newsletter\":\"token@ours\"}}}}",
         "hard: ann@x.example hard no-such-user 5.1.1; token@ours"},
        {"{\"msys\":{\"message_event\":{\"type\":\"bounce\",\"rcpt_to\":\"ann@x.example\","
         "\"reason\":\"552 mailbox full\"}}}",
         "soft: ann@x.example soft mailbox-full;"},
        {"{\"msys\":{\"gen_event\":{\"type\":\"generation_failure\",\"rcpt_to\":"
         "\"ann@x.example\"}}}",
         "soft: ann@x.example soft undetermined;"},
        {"{\"msys\":{\"unsubscribe_event\":{\"type\":\"link_unsubscribe\",\"rcpt_to\":"
         "\"ann@x.example\"}}}",
         "unsubscribe: ann@x.example unsubscribe undetermined;"},
        /* Mailgun: the proof in the metadata goes first */
        {"{\"event-data\":{\"event\":\"failed\",\"severity\":\"permanent\",\"recipient\":"
         "\"ann@x.example\",\"delivery-status\":{\"enhanced-code\":\"5.1.1\",\"message\":\"no\"},"
         "\"user-variables\":{\"newsletter\":\"token@ours\"},\"message\":{\"headers\":"
         "{\"message-id\":\"id@ours\"}}}}",
         "hard: ann@x.example hard no-such-user 5.1.1; token@ours"},
        {"{\"event-data\":{\"event\":\"unsubscribed\",\"recipient\":\"ann@x.example\",\"message\":"
         "{\"headers\":{\"message-id\":\"<id@ours>\"}}}}",
         "unsubscribe: ann@x.example unsubscribe undetermined; id@ours"},
        {"{\"event-data\":{\"event\":\"complained\",\"recipient\":\"ann@x.example\"}}",
         "complaint: ann@x.example complaint complaint;"},
        /* Postmark */
        {"{\"RecordType\":\"Bounce\",\"Type\":\"HardBounce\",\"Email\":\"ann@x.example\","
         "\"Description\":\"odd\"}",
         "hard: ann@x.example hard undetermined;"},
        {"{\"RecordType\":\"Bounce\",\"Type\":\"BadEmailAddress\",\"Email\":\"ann@x.example\"}",
         "hard: ann@x.example hard no-such-user;"},
        {"{\"RecordType\":\"Bounce\",\"Type\":\"SoftBounce\",\"Email\":\"ann@x.example\","
         "\"Details\":\"odd\"}",
         "soft: ann@x.example soft undetermined;"},
        {"{\"RecordType\":\"Bounce\",\"Type\":\"SpamComplaint\",\"Email\":\"ann@x.example\"}",
         "complaint: ann@x.example complaint complaint;"},
        {"{\"RecordType\":\"SpamComplaint\",\"Email\":\"ann@x.example\"}",
         "complaint: ann@x.example complaint complaint;"},
        /* of all its changes, those that people have made themselves */
        {POSTMARK(BY_THEMSELVES), "unsubscribe: ann@x.example unsubscribe undetermined;"},
        {POSTMARK(""), "auto-reply:"},
        {POSTMARK(",\"SuppressSending\":false,\"SuppressionReason\":\"ManualSuppression\","
                  "\"Origin\":\"Recipient\""),
         "auto-reply:"},
        {POSTMARK(",\"SuppressSending\":true,\"SuppressionReason\":\"HardBounce\",\"Origin\":"
                  "\"Recipient\""),
         "auto-reply:"},
        {POSTMARK(",\"SuppressSending\":true,\"SuppressionReason\":\"ManualSuppression\","
                  "\"Origin\":\"Customer\""),
         "auto-reply:"},
        /* Mailjet */
        {"{\"event\":\"bounce\",\"email\":\"ann@x.example\",\"hard_bounce\":true,\"comment\":"
         "\"odd\",\"CustomID\":\"token@ours\"}",
         "hard: ann@x.example hard undetermined; token@ours"},
        {"{\"event\":\"blocked\",\"email\":\"ann@x.example\",\"error\":\"user unknown\","
         "\"CustomID\":\"token@ours\"}",
         "hard: ann@x.example hard no-such-user; token@ours"},
        /* SendGrid and Brevo */
        {"{\"event\":\"bounce\",\"email\":\"ann@x.example\",\"status\":\"5.2.2\",\"reason\":"
         "\"552 odd\",\"newsletter\":\"token@ours\",\"smtp-id\":\"<id@ours>\"}",
         "soft: ann@x.example soft mailbox-full 5.2.2; token@ours"},
        {"{\"event\":\"hard_bounce\",\"email\":\"ann@x.example\",\"reason\":\"odd\","
         "\"message-id\":\"<id@ours>\"}",
         "hard: ann@x.example hard undetermined; id@ours"},
        /* a temporary code is not a dead address, whatever the word */
        {"{\"event\":\"hard_bounce\",\"email\":\"ann@x.example\",\"reason\":\"552 mailbox full\"}",
         "soft: ann@x.example soft mailbox-full;"},
    };
    for_each_row (i, rows, rows[i].expected)
        check(state, rows[i].json, rows[i].expected);
}

#define SES(type, more) "{\"notificationType\":\"" type "\"" more "}"
#define RECIPIENT(more) "{\"emailAddress\":\"ann@x.example\"" more "}"

static void test_ses(void **state) {
    static const struct {
        const char *json, *expected;
    } rows[] = {
        {SES("Bounce",
             ",\"bounce\":{\"bounceType\":\"Permanent\",\"bouncedRecipients\":[" RECIPIENT(
                 ",\"status\":\"5.1.1\"") "]}"),
         "hard: ann@x.example hard no-such-user 5.1.1;"},
        {SES("bounce", ",\"bounce\":{\"bouncedRecipients\":[" RECIPIENT(
                           ",\"diagnosticCode\":\"smtp; 552 mailbox full\"") "]}"),
         "soft: ann@x.example soft mailbox-full;"},
        {"{\"eventType\":\"Bounce\",\"bounce\":{\"bounceSubType\":\"Mailbox full\","
         "\"bouncedRecipients\":[" RECIPIENT("") "]}}",
         "soft: ann@x.example soft mailbox-full;"},
        {SES("Bounce", ",\"bounce\":{\"bouncedRecipients\":[" RECIPIENT(
                           ",\"action\":\"delayed\",\"status\":\"4.4.1\"") "]}"),
         "delayed: ann@x.example delayed network 4.4.1;"},
        /* the gravest of several */
        {SES("Bounce", ",\"bounce\":{\"bouncedRecipients\":[" RECIPIENT(
                           ",\"status\":\"4.2.2\"") ",{\"emailAddress\":\"bob@x.example\","
                                                    "\"status\":\"5.1.1\"}]}"),
         "hard: ann@x.example soft mailbox-full 4.2.2; bob@x.example hard no-such-user 5.1.1;"},
        /* without recipients */
        {SES("Bounce", ",\"bounce\":{\"bounceType\":\"Permanent\"}"), "hard:"},
        {SES("Bounce", ",\"bounce\":{\"bounceType\":\"Transient\"}"), "soft:"},
        {SES("Complaint", ",\"complaint\":{\"complainedRecipients\":[" RECIPIENT("") "]}"),
         "complaint: ann@x.example complaint complaint;"},
        {SES("Complaint", ""), "complaint:"},
        {SES("Delivery", ""), "auto-reply:"},
        /* our field goes before the Message-ID, in any order */
        {SES("Complaint",
             ",\"mail\":{\"headers\":[{\"name\":\"message-id\",\"value\":\"<id@ours>\"}"
             ",{\"name\":\"X-Newsletter-Delivery\",\"value\":\"token@ours\"}]}"),
         "complaint: token@ours"},
        {SES("Delivery", ",\"mail\":{\"headers\":[{\"name\":\"Message-ID\",\"value\":\"<id@ours>\"}"
                         ",{\"name\":\"Subject\",\"value\":\"a@b.example\"}]}"),
         "auto-reply: id@ours"},
        /* in a notification of SNS */
        {"{\"Message\":\"{\\\"notificationType\\\":\\\"Complaint\\\"}\"}", "complaint:"},
    };
    for_each_row (i, rows, rows[i].expected)
        check(state, rows[i].json, rows[i].expected);
}

static void test_events_that_mean_nothing(void **state) {
    static const char *const rows[] = {
        "",
        "{}",
        "[]",
        "7",
        "{\"event\":\"bounce\"}",
        "{\"address\":\"ann@x.example\"}",
        "{\"event\":7,\"address\":\"ann@x.example\"}",
        "{\"Message\":\"hello\"}",
        "{\"event\":\"bounce\",\"address\":\"ann@x.example\"",
    };
    for_each_row (i, rows, rows[i])
        check(state, rows[i], "unknown:");
    /* an address that is none, or has signs that nobody sees */
    check(state, "{\"event\":\"spam\",\"address\":\"ann\"}", "complaint:");
    check(state, "{\"event\":\"spam\",\"address\":\"a\\u0085nn@x.example\"}", "complaint:");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_subtypes),
        cmocka_unit_test(test_providers),
        cmocka_unit_test(test_ses),
        cmocka_unit_test(test_events_that_mean_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
