/* Answers of recipients' mail hosts: what each means for the delivery, for its destination, and for
 * the address of ours that it came from. */
#include "support.h"

#include "delivery/direct.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    NOW = 1000000,
    CLOCK = 50000, /* milliseconds */
    FIRST = 81,    /* seconds until the next attempt of a message: 100, less a fifth */
    DOWN = 321     /* and of a destination that has been down twice: 400, less a fifth */
};

/* A run with a message under way, its second, to a destination with two hosts; and another
 * destination. */
static struct office {
    struct nl_config config;
    struct nl_run_plan plan;
    struct nl_direct direct;
    struct nl_destination other, destination;
    struct nl_destination *servers[3];
    struct nl_route_to route;
    struct nl_in_flight messages[2];
    struct nl_run_summary summary;
    struct run run;
    struct nl_bounce_reader *reader;
    size_t plain, google; /* its hosts */
} office;

static size_t add_host(const char *name) {
    struct nl_error err = {0};
    struct nl_mail_host host = {.address_count = 1};
    size_t server = 0;
    snprintf(host.name, sizeof host.name, "%s", name);
    assert_true(nl_ip_parse("127.0.0.1", &host.addresses[0]));
    assert_ok(nl_relay_add_host(office.direct.relay, &host, &server, &err));
    return server;
}

static void set_config(void) {
    struct nl_config *config = &office.config;
    config->server = (struct nl_smtp_server){.host = (char *)"relay.example", .weight = 1};
    config->smtp.timeout = 60;
    config->retry.first = 100;
    config->retry.factor = 2;
    config->retry.max = 100000;
    config->retry.give_up = 500000;
    config->direct.port = 9;
    config->direct.tls_reports = true;
    config->direct.sources[0] = (struct nl_source){.address = (char *)"192.0.2.1", .weight = 1};
    config->direct.sources[1] = (struct nl_source){.address = (char *)"192.0.2.2", .weight = 1};
}

static void set_destination(void) {
    struct nl_destination *destination = &office.destination;
    office.other.limit = 8;
    office.servers[0] = &office.other;
    add_host("mx.other.example");
    office.plain = add_host("mx.them.example");
    office.google = add_host("aspmx.l.google.com");
    *destination = (struct nl_destination){.first = office.plain,
                                           .count = 2,
                                           .most = 20,
                                           .limit = 8,
                                           .usable = NL_FAMILY_SIX | NL_FAMILY_FOUR,
                                           .times_down = 2};
    destination->limits = nl_direct_place(&office.direct, "aspmx.l.google.com", "google");
    destination->place = destination->limits->name;
    destination->families[0] = destination->families[1] = NL_FAMILY_FOUR;
    destination->asked = &office.route;
    office.servers[1] = office.servers[2] = destination;
    office.direct.servers = office.servers;
}

static int set_up(void **state) {
    fixture_setup(state);
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    memset(&office, 0, sizeof office);
    set_config();
    office.plan = (struct nl_run_plan){.store = fixture->store, .config = &office.config};
    office.direct.plan = office.plan;
    office.direct.now = CLOCK;
    office.direct.sources.items = office.config.direct.sources;
    office.direct.sources.count = 2;
    office.direct.sources.version = 1;
    assert_ok(nl_relay_new(&office.config, NULL, &office.direct.relay, &err));
    set_destination();
    office.route = (struct nl_route_to){.direct = &office.direct,
                                        .domain = (char *)"them.example",
                                        .state = NL_TO_HOSTS,
                                        .destination = &office.destination};
    office.messages[1].pending.route = &office.route;
    office.messages[1].pending.job.first_attempt_at = NOW;
    office.run = (struct run){.plan = &office.plan,
                              .direct = &office.direct,
                              .summary = &office.summary,
                              .messages = office.messages};
    assert_ok(nl_transport_new(office.direct.relay, 4, &office.run.transport, &err));
    assert_ok(nl_bounce_reader_new(&office.reader, &err));
    return 0;
}

static int tear_down(void **state) {
    nl_bounce_reader_free(office.reader);
    nl_transport_free(office.run.transport);
    nl_direct_store_sessions(&office.direct, true);
    nl_direct_close_sources(&office.direct);
    nl_direct_close_places(&office.direct);
    nl_relay_free(office.direct.relay);
    nl_destination_free(&office.destination);
    nl_buf_free(&office.direct.text);
    nl_buf_free(&office.messages[1].text);
    nl_error_free(&office.summary.problem);
    return fixture_teardown(state);
}

static const struct nl_transport_leg leg = {.address = "127.0.0.1",
                                            .own = "192.0.2.1",
                                            .tls = "TLSv1.3",
                                            .cipher = "TLS_AES_256_GCM_SHA384",
                                            .policy = "DANE"};

static const struct nl_source *source(size_t which) {
    return &office.config.direct.sources[which];
}

/* An event of a mail host. Code 0: the connection is lost. */
struct answer {
    bool google;
    enum nl_stage stage;
    int code;
    const char *status, *text;
    bool reused;
    bool dot_sent;
    const struct nl_source *source;
};
#define SAYS(at_google, step, reply_code, enhanced, words)                                         \
    .google = (at_google), .stage = NL_STAGE_##step, .code = (reply_code), .status = (enhanced),   \
    .text = (words)
#define LOST(at_google, step, words) SAYS(at_google, step, 0, "", words)

/* Has it judged as of a relay, and acts on it: the result is the message's. */
static void take(const struct answer *answer) {
    struct nl_reply reply = {.code = answer->code};
    struct nl_result result;
    snprintf(reply.status, sizeof reply.status, "%s", answer->status);
    nl_buf_adds(&reply.text, answer->text != NULL ? answer->text : "");
    const struct nl_transport_event event = {
        .kind = answer->code != 0 ? NL_TRANSPORT_REPLIED : NL_TRANSPORT_LOST,
        .message = 1,
        .server = answer->google ? office.google : office.plain,
        .stage = answer->stage,
        .reply = answer->code != 0 ? &reply : NULL,
        .text = answer->text,
        .dot_sent = answer->dot_sent,
        .reused = answer->reused,
        .leg = &leg,
        .source = answer->source};
    enum nl_reaction reaction = nl_outcome_judge(office.reader, &event, &result);
    nl_direct_take_outcome(&office.run, &event, reaction, &result);
    nl_buf_free(&reply.text);
    assert_true(office.messages[1].done);
    assert_false(office.messages[0].done);
    assert_int_equal(office.other.limit, 8);
    assert_int_equal(office.other.total, 0);
    assert_int_equal(office.messages[1].result.blame, NL_BLAME_NONE);
    assert_ptr_equal(office.messages[1].result.hop, &office.messages[1].hop);
}

/* The destination as it was, after so many troubles and refusals in a row. */
static void reset(int troubles, int refusals) {
    struct nl_destination *destination = &office.destination;
    destination->down = false;
    destination->retry_at = 0;
    destination->times_down = 2;
    destination->troubles = troubles;
    destination->refusals = refusals;
    destination->limit = 8;
    destination->grow_at = destination->patience = destination->not_before = 0;
    destination->total = 0;
    destination->left = 0;
    memset(destination->hosts_not_before, 0, sizeof destination->hosts_not_before);
}

/* Neither host is tried in the other's place. */
static void reset_alone(int troubles, int refusals) {
    reset(troubles, refusals);
    for (size_t i = 0; i < office.destination.count; i++)
        office.destination.hosts_not_before[i] = INT64_MAX;
}

/* ---- what is told of an attempt ---- */

static void test_what_is_told(void **state) {
    const struct nl_hop *hop = &office.messages[1].hop;
    (void)state;
    take(&(struct answer){SAYS(true, DOT, 250, "2.0.0", "Queued"), .source = source(1)});
    assert_string_equal(office.messages[1].result.text,
                        "aspmx.l.google.com from 192.0.2.2 (TLSv1.3, DANE): Queued");
    assert_string_equal(hop->server, "aspmx.l.google.com");
    assert_string_equal(hop->source, "192.0.2.2");
    assert_string_equal(hop->provider, "google");
    assert_string_equal(hop->address, "127.0.0.1");
    assert_string_equal(hop->tls, "TLSv1.3");
    assert_string_equal(hop->cipher, "TLS_AES_256_GCM_SHA384");
    assert_string_equal(hop->policy, "DANE");
    assert_int_equal(office.messages[1].result.code, 250);
    assert_string_equal(office.messages[1].result.status, "2.0.0");
    office.direct.hop.throttled = office.direct.hop.goes_on = true;
    take(&(struct answer){SAYS(false, RCPT, 450, "4.2.1", "Busy")});
    assert_string_equal(office.messages[1].result.text, "mx.them.example (TLSv1.3, DANE): Busy");
    assert_string_equal(hop->server, "mx.them.example");
    assert_string_equal(hop->source, "");
    assert_false(hop->throttled);
    assert_false(hop->goes_on);
    take(&(struct answer){LOST(false, DOT, NULL)});
    assert_string_equal(office.messages[1].result.text, "mx.them.example (TLSv1.3, DANE): ");
}

/* ---- what becomes of the message, and of the destination ---- */

#define SENT NL_SENT, NL_EFFECT_NONE
#define BOUNCED NL_BOUNCED, NL_EFFECT_HARD
#define SOFT NL_DEFERRED, NL_EFFECT_SOFT
#define DEFERRED NL_DEFERRED, NL_EFFECT_NONE
#define REQUEUED NL_REQUEUED, NL_EFFECT_NONE
#define UNKNOWN NL_UNKNOWN, NL_EFFECT_NONE

static void test_answers(void **state) {
    static const struct {
        struct answer answer;
        enum nl_outcome outcome;
        enum nl_effect effect;
        bool throttled;
        int troubles; /* afterwards; there was one before */
        int refusals; /* the same; there were nine */
        int limit;    /* the same; it was eight */
    } rows[] = {
        {{SAYS(false, DOT, 250, "2.0.0", "Queued")}, SENT, false, 0, 0, 8},
        {{SAYS(true, DOT, 250, "2.0.0", "OK unsolicited")}, SENT, .limit = 8},
        /* of the recipient */
        {{SAYS(false, RCPT, 550, "5.1.1", "User unknown")}, BOUNCED, false, 1, 10, 8},
        {{SAYS(false, RCPT, 452, "4.2.2", "Mailbox full")}, SOFT, false, 1, 9, 8},
        {{SAYS(false, RCPT, 450, "4.2.1", "Busy")}, DEFERRED, false, 1, 9, 8},
        /* of us, for now */
        {{SAYS(false, MAIL, 451, "", "Later")}, DEFERRED, false, 2, 9, 4},
        {{SAYS(false, MAIL, 421, "4.7.0", "Bye")}, DEFERRED, true, 2, 9, 4},
        {{SAYS(false, RCPT, 421, "", "Bye")}, DEFERRED, true, 2, 9, 4},
        {{SAYS(false, RCPT, 421, "4.2.1", "Bye")}, DEFERRED, true, 2, 9, 4},
        {{SAYS(false, RCPT, 421, "4.2.2", "Mailbox full")}, DEFERRED, true, 2, 9, 4},
        {{SAYS(true, MAIL, 421, "4.7.28", "x")}, DEFERRED, true, 2, 9, 4},
        {{SAYS(true, DOT, 421, "4.7.28", "x"), .reused = true}, DEFERRED, true, 2, 9, 4},
        /* of a connection that has carried enough: that is not a refusal, whatever its words */
        {{SAYS(false, MAIL, 421, "", "Enough"), .reused = true}, REQUEUED, true, 1, 9, 4},
        {{SAYS(true, MAIL, 421, "4.7.28", "x"), .reused = true}, REQUEUED, true, 1, 9, 4},
        {{LOST(false, MAIL, "gone"), .reused = true}, REQUEUED, false, 1, 9, 4},
        /* lost */
        {{LOST(false, DOT, "gone")}, DEFERRED, false, 2, 9, 4},
        {{LOST(false, DOT, "gone"), .dot_sent = true}, UNKNOWN, false, 2, 9, 4},
        {{LOST(true, MAIL, "421 4.7.28")}, DEFERRED, false, 2, 9, 4},
        {{LOST(true, DOT, "421 4.7.28"), .dot_sent = true}, UNKNOWN, false, 2, 9, 4},
    };
    (void)state;
    for_each_row (i, rows, rows[i].answer.text) {
        const struct nl_destination *destination = &office.destination;
        reset_alone(1, 9);
        take(&rows[i].answer);
        const struct nl_result *result = &office.messages[1].result;
        assert_int_equal(result->outcome, rows[i].outcome);
        assert_int_equal(result->effect, rows[i].effect);
        assert_int_equal(office.messages[1].hop.throttled, rows[i].throttled);
        assert_int_equal(destination->troubles, rows[i].troubles);
        assert_int_equal(destination->refusals, rows[i].refusals);
        assert_int_equal(destination->limit, rows[i].limit);
        assert_int_equal(destination->total, rows[i].outcome == NL_SENT);
        assert_false(destination->down);
        assert_int_equal(result->next_attempt_at, rows[i].outcome == NL_DEFERRED ? NOW + FIRST : 0);
        if (destination->limit < 8)
            assert_int_equal(destination->grow_at, CLOCK + 60000);
    }
}

/* A host that takes no message is left for the other one, and the message goes there. */
static void test_the_other_host(void **state) {
    static const struct {
        struct answer answer;
        enum nl_outcome outcome;
        bool left;
    } rows[] = {
        {{SAYS(false, MAIL, 421, "4.7.0", "Bye")}, NL_REQUEUED, true},
        {{SAYS(false, MAIL, 451, "", "Later")}, NL_REQUEUED, true},
        {{SAYS(false, MAIL, 451, "", "Later"), .reused = true}, NL_REQUEUED, true},
        {{SAYS(false, RCPT, 421, "", "Bye")}, NL_REQUEUED, true},
        {{SAYS(false, DOT, 421, "", "Bye")}, NL_REQUEUED, true},
        {{LOST(false, MAIL, "gone")}, NL_REQUEUED, true},
        {{LOST(false, DOT, "gone")}, NL_REQUEUED, true},
        {{LOST(false, DOT, "gone"), .dot_sent = true}, NL_UNKNOWN, true},
        /* it has taken some, or speaks of the recipient or of us */
        {{LOST(false, RCPT, "gone"), .reused = true}, NL_DEFERRED, false},
        {{SAYS(false, DOT, 421, "", "Bye"), .reused = true}, NL_DEFERRED, false},
        {{SAYS(false, RCPT, 450, "4.2.1", "Busy")}, NL_DEFERRED, false},
        {{SAYS(false, RCPT, 550, "5.1.1", "User unknown")}, NL_BOUNCED, false},
        {{SAYS(false, MAIL, 550, "5.7.1", "We do not want you")}, NL_DEFERRED, false},
        {{SAYS(false, RCPT, 530, "5.7.0", "Log in first")}, NL_DEFERRED, false},
        {{SAYS(false, DOT, 250, "", "OK")}, NL_SENT, false},
    };
    const struct nl_destination *destination = &office.destination;
    (void)state;
    for_each_row (i, rows, rows[i].answer.text) {
        reset(2, 0);
        take(&rows[i].answer);
        assert_int_equal(office.messages[1].result.outcome, rows[i].outcome);
        assert_int_equal(destination->left, rows[i].left);
        assert_int_equal(destination->hosts_not_before[0], rows[i].left ? CLOCK + 60000 : 0);
        assert_int_equal(office.messages[1].hop.goes_on, rows[i].outcome == NL_REQUEUED);
        if (rows[i].left)
            assert_false(destination->down);
    }
}

/* While it takes messages, it gets more connections; not as long as it wants fewer. */
static void test_it_grows(void **state) {
    (void)state;
    reset(0, 0);
    office.destination.limit = 1;
    office.destination.grow_at = CLOCK + 1;
    take(&(struct answer){SAYS(false, DOT, 250, "", "OK")});
    assert_int_equal(office.destination.limit, 1);
    office.destination.grow_at = CLOCK;
    take(&(struct answer){SAYS(false, DOT, 250, "", "OK")});
    assert_int_equal(office.destination.limit, 2);
}

/* A server that knows nobody is confused, and nobody's subscription ends. */
static void test_too_many_refusals(void **state) {
    static const struct {
        int before;
        enum nl_outcome outcome;
        enum nl_effect effect;
    } rows[] = {{9, NL_BOUNCED, NL_EFFECT_HARD},
                {10, NL_DEFERRED, NL_EFFECT_NONE},
                {11, NL_DEFERRED, NL_EFFECT_NONE}};
    (void)state;
    for_each_row (i, rows, NULL) {
        reset(0, rows[i].before);
        take(&(struct answer){SAYS(false, RCPT, 550, "5.1.1", "User unknown")});
        assert_int_equal(office.messages[1].result.outcome, rows[i].outcome);
        assert_int_equal(office.messages[1].result.effect, rows[i].effect);
        assert_int_equal(office.destination.refusals, rows[i].before + 1);
        assert_false(office.destination.down);
    }
}

/* By how it refuses us, and how often it had before, a destination is down: with the relay to stand
 * in, it gets the message, else the message waits for as long as the destination does. */
static void test_down(void **state) {
    static const struct {
        struct answer answer;
        int troubles; /* before */
        bool down;
        bool unknown; /* that is the outcome, whatever else */
    } rows[] = {
        {{SAYS(false, MAIL, 451, "", "Later")}, 1, false, false},
        {{SAYS(false, MAIL, 451, "", "Later")}, 2, true, false},
        {{LOST(false, MAIL, "gone")}, 1, false, false},
        {{LOST(false, MAIL, "gone")}, 2, true, false},
        {{SAYS(false, RCPT, 421, "4.2.1", "Bye")}, 2, true, false},
        {{LOST(false, DOT, "gone"), .dot_sent = true}, 1, false, true},
        {{LOST(false, DOT, "gone"), .dot_sent = true}, 2, true, true},
        {{SAYS(false, MAIL, 550, "5.7.1", "We do not want you")}, 0, true, false},
        {{SAYS(false, MAIL, 450, "4.7.1", "We do not want you")}, 0, false, false},
        {{SAYS(false, RCPT, 530, "5.7.0", "Log in first")}, 0, false, false},
        {{SAYS(true, RCPT, 421, "4.7.28", "x")}, 1, false, false},
        {{SAYS(true, RCPT, 421, "4.7.28", "x")}, 2, true, false},
        {{SAYS(true, RCPT, 550, "5.7.26", "x")}, 0, true, false},
        {{SAYS(true, DOT, 550, "5.7.1", "likely unsolicited mail")}, 0, true, false},
        {{SAYS(false, RCPT, 550, "5.1.1", "User unknown (barracuda)")}, 0, true, false},
        {{SAYS(true, DOT, 550, "5.7.25", "no PTR")}, 0, true, false}, /* the kernel's choice */
    };
    (void)state;
    for (int fallback = 0; fallback < 2; fallback++)
        for_each_row (i, rows, rows[i].answer.text) {
            const struct nl_result *result = &office.messages[1].result;
            bool relayed = rows[i].down && fallback == 1;
            office.config.fallback = fallback == 1 ? NL_FALLBACK_RELAY : NL_FALLBACK_NONE;
            reset_alone(rows[i].troubles, 0);
            take(&rows[i].answer);
            assert_int_equal(office.destination.down, rows[i].down);
            assert_int_equal(result->effect, NL_EFFECT_NONE);
            assert_int_equal(result->outcome, rows[i].unknown ? NL_UNKNOWN
                                              : relayed       ? NL_REQUEUED
                                                              : NL_DEFERRED);
            if (result->outcome == NL_DEFERRED)
                assert_int_equal(result->next_attempt_at, NOW + (rows[i].down ? DOWN : FIRST));
            if (rows[i].down) {
                assert_int_equal(office.destination.retry_at, NOW + DOWN);
                assert_int_equal(office.destination.times_down, 3);
                assert_string_equal(nl_buf_text(&office.destination.why), result->text);
            }
            assert_false(office.messages[1].hop.goes_on);
        }
}

/* ---- addresses of ours ---- */

static int64_t pauses(struct fixture *fixture, const char *address) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM setting WHERE key = 'source pause %s google'",
             address);
    return fixture_sql(fixture, sql);
}

static void refuse_source(size_t which) {
    take(&(struct answer){SAYS(true, DOT, 550, "5.7.25", "no PTR"), .source = source(which)});
    assert_true(office.messages[1].hop.throttled);
    assert_int_equal(office.messages[1].result.effect, NL_EFFECT_NONE);
}

/* Another one takes over; after the last one, the message waits, or the relay gets it. */
static void test_refused_addresses(void **state) {
    struct fixture *fixture = *state;
    const struct nl_result *result = &office.messages[1].result;
    refuse_source(0);
    assert_int_equal(result->outcome, NL_REQUEUED);
    assert_true(office.messages[1].hop.goes_on);
    assert_int_equal(pauses(fixture, "192.0.2.1"), 1);
    assert_int_equal(pauses(fixture, "192.0.2.2"), 0);
    assert_false(office.destination.down);
    assert_int_equal(office.destination.troubles, 0);
    fixture->fake.now += 60;
    refuse_source(1);
    assert_int_equal(result->outcome, NL_DEFERRED);
    assert_false(office.messages[1].hop.goes_on);
    assert_int_equal(result->next_attempt_at, NOW + 3600); /* until the first one's pause ends */
    assert_int_equal(pauses(fixture, "192.0.2.2"), 1);
    assert_false(office.destination.down);
    office.config.fallback = NL_FALLBACK_RELAY;
    refuse_source(1);
    assert_int_equal(result->outcome, NL_REQUEUED);
    assert_true(office.messages[1].hop.goes_on);
    assert_false(office.destination.down);
    /* Once it has accepted a message after its pause, the next pause is a first one. */
    fixture->fake.now = NOW + 3659;
    take(&(struct answer){SAYS(true, DOT, 250, "", "OK"), .source = source(1)});
    assert_int_equal(pauses(fixture, "192.0.2.2"), 1);
    fixture->fake.now = NOW + 3660;
    take(&(struct answer){SAYS(true, DOT, 250, "", "OK")});
    assert_int_equal(pauses(fixture, "192.0.2.2"), 1);
    take(&(struct answer){SAYS(true, RCPT, 550, "5.1.1", "unknown"), .source = source(1)});
    assert_int_equal(pauses(fixture, "192.0.2.2"), 1);
    take(&(struct answer){SAYS(true, DOT, 250, "", "OK"), .source = source(1)});
    assert_int_equal(pauses(fixture, "192.0.2.2"), 0);
}

/* Words that are not about the address leave it as it is. */
static void test_other_refusals(void **state) {
    static const struct answer rows[] = {
        {SAYS(true, RCPT, 421, "4.7.28", "slower")},
        {SAYS(true, DOT, 550, "5.7.26", "blocked")},
        {SAYS(true, RCPT, 550, "5.1.1", "User unknown")},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].text) {
        struct answer answer = rows[i];
        answer.source = source(0);
        take(&answer);
        assert_int_equal(pauses(fixture, "192.0.2.1"), 0);
        assert_false(office.messages[1].hop.goes_on);
    }
}

/* Without a note of it, the next message would go out from there at once. */
static void test_a_pause_that_is_not_stored(void **state) {
    struct fixture *fixture = *state;
    fixture_sql(fixture, "ALTER TABLE setting RENAME TO gone");
    refuse_source(0);
    assert_int_equal(office.messages[1].result.outcome, NL_DEFERRED);
    assert_int_equal(office.messages[1].result.next_attempt_at, NOW + DOWN);
    assert_true(office.destination.down);
}

/* ---- connections that come to nothing ---- */

static void refuse(size_t server, int code, const char *said, const struct nl_source *from,
                   const char *tls_failure) {
    const struct nl_transport_event event = {.kind = NL_TRANSPORT_REFUSED,
                                             .server = server,
                                             .stage = NL_STAGE_CONNECT,
                                             .text = "it does not answer",
                                             .leg = &leg,
                                             .code = code,
                                             .tls_failure = tls_failure,
                                             .said = said,
                                             .source = from};
    nl_direct_take_refused(&office.run, &event);
}

static void test_hosts_that_are_not_reached(void **state) {
    const struct nl_destination *destination = &office.destination;
    (void)state;
    refuse(office.google, 0, "", NULL, "");
    assert_int_equal(destination->hosts_not_before[0], 0);
    assert_int_equal(destination->hosts_not_before[1], CLOCK + 60000);
    assert_false(destination->down);
    refuse(office.plain, 0, "", NULL, "");
    assert_true(destination->down);
    assert_int_equal(destination->retry_at, NOW + DOWN);
    assert_int_equal(destination->times_down, 3);
    assert_string_equal(nl_buf_text(&destination->why), "it does not answer");
    refuse(office.plain, 0, "", NULL, ""); /* told by another connection */
    assert_int_equal(destination->times_down, 3);
}

/* A connection that stands or is on its way says that somebody is there. */
static void test_a_connection_too_many(void **state) {
    const struct nl_destination *destination = &office.destination;
    (void)state;
    office.destination.count = 1;
    assert_true(nl_transport_connect_to(office.run.transport, office.google, NULL));
    refuse(office.plain, 0, "", NULL, ""); /* to another host */
    assert_true(destination->down);
    reset(0, 0);
    assert_true(nl_transport_connect_to(office.run.transport, office.plain, NULL));
    assert_true(nl_transport_connect_to(office.run.transport, office.plain, NULL));
    refuse(office.plain, 0, "", NULL, "");
    assert_false(destination->down);
    assert_int_equal(destination->hosts_not_before[0], 0);
    assert_int_equal(destination->limit, 2);
    assert_int_equal(destination->not_before, CLOCK + 5000);
    reset(0, 0);
    office.direct.senders = 3; /* processes, which share alike */
    refuse(office.plain, 0, "", NULL, "");
    assert_int_equal(destination->limit, 6);
}

/* A greeting that refuses the address of ours is not a reason to leave the host alone. */
static void test_greetings(void **state) {
    static const struct {
        bool google;
        int code;
        const char *said;
        bool from; /* an address of ours */
        bool paused;
    } rows[] = {
        {true, 550, "550 5.7.25 no PTR", true, true},
        {false, 554, "listed by spamhaus", true, true},
        {false, 400, "listed by spamhaus", true, true},
        {false, 399, "listed by spamhaus", true, false},
        {false, 0, "listed by spamhaus", true, false},
        {false, 554, "listed by spamhaus", false, false},
        {false, 554, "go away", true, false},
        {true, 421, "4.7.28 slower", true, false},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].said) {
        size_t host = rows[i].google ? 1 : 0;
        fixture_sql(fixture, "DELETE FROM setting WHERE key LIKE 'source pause %'");
        office.direct.sources.pause_count = 0;
        reset(0, 0);
        refuse(rows[i].google ? office.google : office.plain, rows[i].code, rows[i].said,
               rows[i].from ? source(0) : NULL, "");
        assert_int_equal(pauses(fixture, "192.0.2.1"), rows[i].paused);
        assert_int_equal(office.destination.hosts_not_before[host],
                         rows[i].paused ? 0 : CLOCK + 60000);
        assert_false(office.destination.down);
    }
    /* One that is not stored is none. */
    fixture_sql(fixture, "ALTER TABLE setting RENAME TO gone");
    office.direct.sources.pause_count = 0;
    reset(0, 0);
    refuse(office.plain, 554, "listed by spamhaus", source(0), "");
    assert_int_equal(office.destination.hosts_not_before[0], CLOCK + 60000);
}

static void test_the_reason_of_a_pause(void **state) {
    struct fixture *fixture = *state;
    refuse(office.plain, 554, "listed by spamhaus", source(1), "");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM setting WHERE key = 'source pause "
                                          "192.0.2.2 google' AND value LIKE '% 554 listed by "
                                          "spamhaus'"),
                     1);
}

/* ---- what is counted for TLS reports ---- */

static int64_t sessions(struct fixture *fixture, const char *result) {
    char sql[160];
    nl_direct_store_sessions(&office.direct, true);
    snprintf(sql, sizeof sql,
             "SELECT coalesce(sum(sessions), 0) FROM tls_session WHERE domain = 'them.example' AND "
             "result = '%s'",
             result);
    return fixture_sql(fixture, sql);
}

/* Each connection once: by its first message, or since TLS has failed. */
static void test_sessions_are_counted(void **state) {
    struct fixture *fixture = *state;
    take(&(struct answer){SAYS(false, DOT, 250, "", "OK")});
    take(&(struct answer){SAYS(false, DOT, 250, "", "OK"), .reused = true});
    take(&(struct answer){SAYS(false, RCPT, 550, "5.1.1", "unknown")});
    assert_int_equal(sessions(fixture, ""), 2);
    refuse(office.plain, 0, "", NULL, "certificate-expired");
    refuse(office.google, 554, "listed by spamhaus", source(0), "certificate-expired"); /* no TLS */
    refuse(office.google, 0, "", NULL, "");
    assert_int_equal(sessions(fixture, "certificate-expired"), 1);
    assert_int_equal(sessions(fixture, ""), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_told),
        TEST(test_answers),
        TEST(test_the_other_host),
        TEST(test_it_grows),
        TEST(test_too_many_refusals),
        TEST(test_down),
        TEST(test_refused_addresses),
        TEST(test_other_refusals),
        TEST(test_a_pause_that_is_not_stored),
        TEST(test_hosts_that_are_not_reached),
        TEST(test_a_connection_too_many),
        TEST(test_greetings),
        TEST(test_the_reason_of_a_pause),
        TEST(test_sessions_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
