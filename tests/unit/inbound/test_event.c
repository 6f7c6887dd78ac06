/* Events of mail providers: taken out of a batch, and told from each other by a digest. */
#include "support.h"

#include "newsletter/base/buf.h"
#include "newsletter/inbound/event.h"

#include <stdlib.h>

/* The events of a text, and their digests. */
struct seen {
    size_t count;
    unsigned char digests[8][NL_DIGEST_LEN];
    struct nl_buf texts; /* each with ";" after it */
    size_t fail_at;      /* 0: never */
};

static enum nl_status see(const struct nl_event *event, void *ctx, struct nl_error *err) {
    struct seen *seen = ctx;
    assert_int_equal(strlen(event->text), event->len);
    nl_buf_addf(&seen->texts, "%s;", event->text);
    memcpy(seen->digests[seen->count++], event->digest, NL_DIGEST_LEN);
    return seen->count == seen->fail_at ? nl_error_set(err, NL_TEMPFAIL, "away") : NL_OK;
}

static struct seen look(const char *text) {
    struct nl_error err = {0};
    struct seen seen = {0};
    assert_ok(nl_event_each(text, strlen(text), see, &seen, &err));
    return seen;
}

/* The same event, however it comes; and other events. */
static void test_digests(void **state) {
    static const struct {
        const char *name, *one, *other;
        bool same;
    } cases[] = {
        {"white space and order", "{\"a\":1,\"b\":2}", "{ \"b\" : 2,\n\"a\":1 }", true},
        {"another value", "{\"a\":1}", "{\"a\":2}", false},
        {"another member", "{\"a\":1}", "{\"a\":1,\"b\":1}", false},
        {"SendGrid, by its number", "{\"event\":\"bounce\",\"sg_event_id\":\"x\",\"t\":1}",
         "{\"event\":\"bounce\",\"sg_event_id\":\"x\",\"t\":2}", true},
        {"SendGrid, another number", "{\"event\":\"bounce\",\"sg_event_id\":\"x\"}",
         "{\"event\":\"bounce\",\"sg_event_id\":\"y\"}", false},
        {"SendGrid, another kind", "{\"event\":\"bounce\",\"sg_event_id\":\"x\"}",
         "{\"event\":\"dropped\",\"sg_event_id\":\"x\"}", false},
        {"a number as a number, and as a text", "{\"RecordType\":\"Bounce\",\"ID\":7}",
         "{\"RecordType\":\"Bounce\",\"ID\":\"7\"}", false},
        {"Postmark, by its number", "{\"RecordType\":\"Bounce\",\"ID\":7,\"x\":1}",
         "{\"RecordType\":\"Bounce\",\"ID\":7}", true},
        {"Mailgun, under another signature",
         "{\"signature\":{\"token\":\"a\"},\"event-data\":{\"event\":\"failed\",\"id\":\"i\"}}",
         "{\"signature\":{\"token\":\"b\"},\"event-data\":{\"event\":\"failed\",\"id\":\"i\"}}",
         true},
        {"Mailgun, without a number",
         "{\"signature\":{\"token\":\"a\"},\"event-data\":{\"event\":\"failed\"}}",
         "{\"signature\":{\"token\":\"b\"},\"event-data\":{\"event\":\"failed\"}}", true},
        {"SparkPost", "{\"msys\":{\"message_event\":{\"type\":\"bounce\",\"event_id\":\"1\"}}}",
         "{\"msys\":{\"message_event\":{\"type\":\"bounce\",\"event_id\":\"1\",\"x\":2}}}", true},
        {"SNS around the same event",
         "{\"MessageId\":\"1\",\"Message\":\"{\\\"notificationType\\\":\\\"Bounce\\\","
         "\\\"bounce\\\":{\\\"feedbackId\\\":\\\"f\\\"}}\"}",
         "{\"notificationType\":\"Bounce\",\"bounce\":{\"feedbackId\":\"f\",\"x\":1}}", true},
        {"a message that is no JSON", "{\"Message\":\"hello\",\"MessageId\":\"1\"}",
         "{\"Message\":\"hello\",\"MessageId\":\"2\"}", false},
    };
    (void)state;
    for_each_row (i, cases, cases[i].name) {
        struct seen one = look(cases[i].one);
        struct seen other = look(cases[i].other);
        assert_int_equal(one.count, 1);
        assert_int_equal(other.count, 1);
        assert_int_equal(memcmp(one.digests[0], other.digests[0], NL_DIGEST_LEN) == 0,
                         cases[i].same);
        nl_buf_free(&one.texts);
        nl_buf_free(&other.texts);
    }
}

/* An object, an array, and several of both one after the other. */
static void test_batches(void **state) {
    static const struct {
        const char *text, *events;
    } cases[] = {
        {"{\"a\":1}", "{\"a\":1};"},
        {"[{\"a\":1},{\"a\":2}]", "{\"a\":1};{\"a\":2};"},
        {"{\"a\":1}\r\n{\"a\":2}\n", "{\"a\":1};{\"a\":2};"},
        {"[{\"a\":1}] [] {\"a\":2}", "{\"a\":1};{\"a\":2};"},
        {"[]", ""},
        {"  \n", ""},
        {"", ""},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text) {
        struct seen seen = look(cases[i].text);
        assert_string_equal(nl_buf_text(&seen.texts), cases[i].events);
        nl_buf_free(&seen.texts);
    }
}

/* A text that is wrong somewhere is wrong before anything of it counts. */
static void test_bad_batches(void **state) {
    static const char *const texts[] = {"x",     "{\"a\":1} x", "[{\"a\":1}",  "[{\"a\":1}, 2]",
                                        "\"a\"", "7",           "{\"a\":1} 7", "[[{\"a\":1}]]"};
    (void)state;
    for_each_row (i, texts, texts[i]) {
        struct nl_error err = {0};
        struct seen seen = {0};
        assert_int_equal(nl_event_each(texts[i], strlen(texts[i]), see, &seen, &err), NL_DATA);
        assert_int_equal(seen.count, 0);
        nl_error_free(&err);
    }
    struct nl_error err = {0};
    struct seen seen = {.fail_at = 1};
    assert_fails(nl_event_each("[{},{}]", 7, see, &seen, &err), NL_TEMPFAIL, "away");
    assert_int_equal(seen.count, 1);
    nl_buf_free(&seen.texts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_bad_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
