/* Messages of Amazon SNS: which are taken for the topic's, and which certificates and confirmations
 * are fetched for them. */
#include "support.h"

#include "inbound/sns.h"
#include "newsletter/base/base64.h"
#include "newsletter/base/timestamp.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TOPIC "arn:aws:sns:eu-west-1:123456789012:bounces"
#define SERVER "https://sns.eu-west-1.amazonaws.com/"
#define PEM_URL SERVER "SimpleNotificationService-1.pem"
#define CONFIRM_URL SERVER "?Action=ConfirmSubscription&Token=t1"

enum { DAY = 86400, AGE = 3600, LIMIT = 65536 };

/* The web, as the reader sees it. It takes the place of src/inbound/sns_fetch.c. */
static struct {
    struct nl_buf log;    /* the URLs, each with a line's end */
    struct nl_buf pem;    /* at every URL of a certificate */
    size_t limit;         /* of the last one */
    enum nl_status fails; /* NL_OK: it does not */
} web;

enum nl_status nl_sns_fetch(const char *from, const char *url, size_t limit, struct nl_buf *out,
                            struct nl_error *err) {
    assert_non_null(from);
    nl_buf_addf(&web.log, "%s\n", url);
    web.limit = limit;
    if (web.fails != NL_OK)
        return nl_error_set(err, web.fails, "the web is away");
    nl_buf_adds(out, strstr(url, ".pem") != NULL ? nl_buf_text(&web.pem) : "confirmed");
    return NL_OK;
}

static EVP_PKEY *root_key, *key, *other_key;
static char ca_file[64];
static int64_t now;

static void add_extension(X509 *to, int kind, const char *text) {
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, to, to, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, kind, text);
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
}

static void add_name(X509_NAME *out, const char *text) {
    X509_NAME_add_entry_by_txt(out, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0);
}

/* Appends a certificate by the root; with no `names`, the root's own. */
static void add_certificate(BIO *out, const char *names, EVP_PKEY *of) {
    X509 *made = X509_new();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), names != NULL ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -10L * DAY);
    X509_gmtime_adj(X509_getm_notAfter(made), 10L * DAY);
    X509_set_pubkey(made, of);
    add_name(X509_get_subject_name(made), names != NULL ? "sns.amazonaws.com" : "Root");
    add_name(X509_get_issuer_name(made), "Root");
    if (names != NULL)
        add_extension(made, NID_subject_alt_name, names);
    else
        add_extension(made, NID_basic_constraints, "critical,CA:TRUE");
    assert_true(X509_sign(made, root_key, EVP_sha256()) > 0);
    PEM_write_bio_X509(out, made);
    X509_free(made);
}

static void write_pem(const char *names) {
    BIO *out = BIO_new(BIO_s_mem());
    char *pem = NULL;
    add_certificate(out, names, key);
    long len = BIO_get_mem_data(out, &pem);
    nl_buf_clear(&web.pem);
    nl_buf_add(&web.pem, pem, (size_t)len);
    BIO_free(out);
}

static int set_up(void **state) {
    (void)state;
    now = (int64_t)time(NULL);
    root_key = EVP_EC_gen("P-256");
    key = EVP_RSA_gen(2048);
    other_key = EVP_RSA_gen(2048);
    snprintf(ca_file, sizeof ca_file, "/tmp/newsletter-unit-ca-XXXXXX");
    close(mkstemp(ca_file));
    BIO *out = BIO_new_file(ca_file, "w");
    add_certificate(out, NULL, root_key);
    BIO_free(out);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other_key);
    nl_buf_free(&web.pem);
    nl_buf_free(&web.log);
    unlink(ca_file);
    return 0;
}

static int begin(void **state) {
    (void)state;
    nl_buf_clear(&web.log);
    web.fails = NL_OK;
    web.limit = 0;
    write_pem("DNS:sns.amazonaws.com");
    return 0;
}

/* ---- messages ---- */

/* Signs the members that Amazon's documentation names, in its order. */
static void sign(json_t *message, EVP_PKEY *by, const EVP_MD *digest) {
    static const char *const notified[] = {"Message",  "MessageId", "Subject", "Timestamp",
                                           "TopicArn", "Type",      NULL};
    static const char *const subscribed[] = {"Message", "MessageId", "SubscribeURL", "Timestamp",
                                             "Token",   "TopicArn",  "Type",         NULL};
    const char *type = json_string_value(json_object_get(message, "Type"));
    struct nl_buf content = {0};
    struct nl_buf text = {0};
    unsigned char signature[512];
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool notification = type != NULL && strcmp(type, "Notification") == 0;
    for (const char *const *name = notification ? notified : subscribed; *name != NULL; name++)
        if (json_is_string(json_object_get(message, *name)))
            nl_buf_addf(&content, "%s\n%s\n", *name,
                        json_string_value(json_object_get(message, *name)));
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, digest, NULL, by), 1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &len,
                                    (const unsigned char *)nl_buf_text(&content), content.len),
                     1);
    nl_base64_add(&text, signature, len);
    json_object_set_new(message, "Signature", json_string(nl_buf_text(&text)));
    EVP_MD_CTX_free(ctx);
    nl_buf_free(&content);
    nl_buf_free(&text);
}

static void set(json_t *message, const char *name, const char *value) {
    if (value != NULL)
        json_object_set_new(message, name, json_string(value));
    else
        json_object_del(message, name);
}

/* A message of a type as the topic sends it, not signed yet. */
static json_t *message_of(const char *type) {
    char at[NL_TIMESTAMP_LEN];
    json_t *message = json_object();
    nl_timestamp_text(now, at);
    set(message, "Type", type);
    set(message, "MessageId", "m1");
    set(message, "TopicArn", TOPIC);
    set(message, "Message", "{\"eventType\":\"Bounce\"}");
    set(message, "Timestamp", at);
    set(message, "SignatureVersion", "2");
    set(message, "SigningCertURL", PEM_URL);
    if (strcmp(type, "Notification") == 0) {
        set(message, "Subject", "Amazon SES");
        return message;
    }
    set(message, "Token", "t1");
    set(message, "SubscribeURL", CONFIRM_URL);
    return message;
}

static enum nl_status take(struct nl_sns *sns, const json_t *message, int64_t at,
                           enum nl_sns_kind *kind, struct nl_error *err) {
    char *body = json_dumps(message, JSON_COMPACT);
    enum nl_status status = nl_sns_take(sns, body, strlen(body), at, kind, err);
    free(body);
    return status;
}

/* Takes a message with a reader that knows no key yet; `words` is in the reason why it is refused
 * with NL_NOPERM, NULL where it is taken. */
static void expect(const json_t *message, int64_t at, const char *words) {
    struct nl_error err = {0};
    struct nl_sns *sns = NULL;
    enum nl_sns_kind kind;
    sns = nl_sns_new(TOPIC, ca_file, AGE);
    enum nl_status status = take(sns, message, at, &kind, &err);
    if (words == NULL)
        assert_ok(status);
    else
        assert_fails(status, NL_NOPERM, words);
    nl_sns_free(sns);
}

/* ---- what is proved ---- */

static void test_kinds(void **state) {
    static const struct {
        const char *type;
        enum nl_sns_kind kind;
        const char *fetched;
    } rows[] = {
        {"Notification", NL_SNS_NOTIFICATION, PEM_URL "\n"},
        {"SubscriptionConfirmation", NL_SNS_SUBSCRIBED, PEM_URL "\n" CONFIRM_URL "\n"},
        {"UnsubscribeConfirmation", NL_SNS_UNSUBSCRIBED, PEM_URL "\n"},
    };
    struct nl_error err = {0};
    (void)state;
    for_each_row (i, rows, rows[i].type) {
        struct nl_sns *sns = NULL;
        enum nl_sns_kind kind = NL_SNS_NOTIFICATION;
        json_t *message = message_of(rows[i].type);
        sign(message, key, EVP_sha256());
        nl_buf_clear(&web.log);
        sns = nl_sns_new(TOPIC, ca_file, AGE);
        assert_ok(take(sns, message, now, &kind, &err));
        assert_int_equal(kind, rows[i].kind);
        assert_string_equal(nl_buf_text(&web.log), rows[i].fetched);
        assert_int_equal(web.limit, LIMIT);
        nl_sns_free(sns);
        json_decref(message);
    }
}

static void test_signatures(void **state) {
    const struct {
        const char *name;
        const char *version; /* NULL: none */
        EVP_PKEY *by;
        const EVP_MD *digest;
        const char *words;
    } rows[] = {
        {"version 2", "2", key, EVP_sha256(), NULL},
        {"version 1", "1", key, EVP_sha1(), NULL},
        {"version 2 with SHA-1", "2", key, EVP_sha1(), "not that of Amazon SNS"},
        {"version 1 with SHA-256", "1", key, EVP_sha256(), "not that of Amazon SNS"},
        {"another key", "2", other_key, EVP_sha256(), "not that of Amazon SNS"},
        {"version 3", "3", key, EVP_sha256(), "neither 1 nor 2"},
        {"version 12", "12", key, EVP_sha256(), "neither 1 nor 2"},
        {"no version", NULL, key, EVP_sha256(), "neither 1 nor 2"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        json_t *message = message_of("Notification");
        set(message, "SignatureVersion", rows[i].version);
        sign(message, rows[i].by, rows[i].digest);
        expect(message, now, rows[i].words);
        json_decref(message);
    }
}

/* Each member that is signed counts; a member that is none is left out, as it is when it is signed.
 */
static void test_changed_members(void **state) {
    static const struct {
        const char *type, *name, *value; /* NULL: it is taken out */
        const char *words;
    } rows[] = {
        {"Notification", "Message", "{}", "not that of"},
        {"Notification", "Message", NULL, "not that of"},
        {"Notification", "MessageId", "m2", "not that of"},
        {"Notification", "Subject", "x", "not that of"},
        {"Notification", "Subject", NULL, "not that of"},
        {"Notification", "TopicArn", TOPIC "x", "not from the topic"},
        {"Notification", "TopicArn", "arn:aws:sns:eu-west-1:123456789012:bounce",
         "not from the topic"},
        {"Notification", "TopicArn", NULL, "not from the topic"},
        {"Notification", "Type", "UnsubscribeConfirmation", "not that of"},
        {"Notification", "Type", "notification", "raw message delivery"},
        {"Notification", "Type", NULL, "raw message delivery"},
        {"Notification", "Signature", "", "not that of"},
        {"Notification", "Signature", "AAAA", "not that of"},
        {"Notification", "Signature", "!", "not that of"},
        {"Notification", "Signature", NULL, "not that of"},
        {"Notification", "Token", "t2", NULL}, /* not signed */
        {"Notification", "SigningCertURL", NULL, "SigningCertURL"},
        {"Notification", "SigningCertURL", "https://evil.example/x.pem", "SigningCertURL"},
        {"Notification", "SigningCertURL", SERVER "x.pem?a=b", "SigningCertURL"},
        {"UnsubscribeConfirmation", "Message", "x", "not that of"},
        {"UnsubscribeConfirmation", "MessageId", "x", "not that of"},
        {"UnsubscribeConfirmation", "SubscribeURL", SERVER "x", "not that of"},
        {"UnsubscribeConfirmation", "Token", "t2", "not that of"},
        {"UnsubscribeConfirmation", "Subject", "x", NULL}, /* not signed */
        {"UnsubscribeConfirmation", "Type", "SubscriptionConfirmation", "not that of"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        json_t *message = message_of(rows[i].type);
        sign(message, key, EVP_sha256());
        set(message, rows[i].name, rows[i].value);
        nl_buf_clear(&web.log);
        expect(message, now, rows[i].words);
        assert_null(strstr(nl_buf_text(&web.log), "Action="));
        json_decref(message);
    }
}

/* Messages without a subject have none that is signed. */
static void test_without_a_subject(void **state) {
    json_t *message = message_of("Notification");
    (void)state;
    set(message, "Subject", NULL);
    sign(message, key, EVP_sha256());
    expect(message, now, NULL);
    json_object_set_new(message, "Subject", json_null());
    expect(message, now, NULL);
    json_decref(message);
}

static void test_ages(void **state) {
    static const struct {
        int64_t after; /* it was signed, in seconds */
        const char *words;
    } rows[] = {{0, NULL}, {AGE, NULL}, {AGE + 1, "too old"}, {-300, NULL}, {-301, "too old"}};
    json_t *message = message_of("Notification");
    (void)state;
    sign(message, key, EVP_sha256());
    for_each_row (i, rows, NULL)
        expect(message, now + rows[i].after, rows[i].words);
    set(message, "Timestamp", "yesterday");
    sign(message, key, EVP_sha256());
    expect(message, now, "too old");
    set(message, "Timestamp", NULL);
    sign(message, key, EVP_sha256());
    expect(message, now, "too old");
    json_decref(message);
}

static void test_no_json(void **state) {
    static const char *const bodies[] = {"", "{", "x", "\"Notification\""};
    struct nl_error err = {0};
    struct nl_sns *sns = NULL;
    enum nl_sns_kind kind;
    (void)state;
    sns = nl_sns_new(TOPIC, ca_file, AGE);
    for_each_row (i, bodies, bodies[i])
        assert_fails(nl_sns_take(sns, bodies[i], strlen(bodies[i]), now, &kind, &err), NL_DATA,
                     "no JSON");
    assert_fails(nl_sns_take(sns, "[]", 2, now, &kind, &err), NL_NOPERM, "raw message delivery");
    assert_fails(nl_sns_take(sns, "{}x", 2, now, &kind, &err), NL_NOPERM, "raw message delivery");
    nl_sns_free(sns);
    nl_sns_free(NULL);
    assert_string_equal(nl_buf_text(&web.log), "");
}

/* ---- what is fetched ---- */

/* The signature proves that the URL is the topic's; but it must be Amazon's, and confirm. */
static void test_confirmations(void **state) {
    static const struct {
        const char *url;
        bool good;
    } rows[] = {
        {CONFIRM_URL, true},
        {SERVER "?TopicArn=a&Action=ConfirmSubscription", true},
        {SERVER "?Action=Unsubscribe", false},
        {"https://evil.example/?Action=ConfirmSubscription", false},
        {"https://sns.eu-west-1.amazonaws.com.evil.example/?Action=ConfirmSubscription", false},
        {"http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription", false},
        {"", false},
    };
    (void)state;
    for_each_row (i, rows, rows[i].url) {
        json_t *message = message_of("SubscriptionConfirmation");
        set(message, "SubscribeURL", rows[i].url);
        sign(message, key, EVP_sha256());
        nl_buf_clear(&web.log);
        expect(message, now, rows[i].good ? NULL : "SubscribeURL");
        assert_int_equal(strstr(nl_buf_text(&web.log), "Action=") != NULL, rows[i].good);
        json_decref(message);
    }
}

/* A confirmation that could not be told to Amazon should come again. */
static void test_the_web_is_away(void **state) {
    struct nl_error err = {0};
    struct nl_sns *sns = NULL;
    enum nl_sns_kind kind;
    json_t *message = message_of("SubscriptionConfirmation");
    (void)state;
    sign(message, key, EVP_sha256());
    sns = nl_sns_new(TOPIC, ca_file, AGE);
    web.fails = NL_TEMPFAIL;
    assert_fails(take(sns, message, now, &kind, &err), NL_TEMPFAIL, "the web is away");
    assert_string_equal(nl_buf_text(&web.log), PEM_URL "\n");
    web.fails = NL_OK;
    assert_ok(take(sns, message, now, &kind, &err));
    web.fails = NL_TEMPFAIL;
    assert_fails(take(sns, message, now, &kind, &err), NL_TEMPFAIL, "the web is away");
    assert_string_equal(nl_buf_text(&web.log),
                        PEM_URL "\n" PEM_URL "\n" CONFIRM_URL "\n" CONFIRM_URL "\n");
    nl_sns_free(sns);
    json_decref(message);
}

/* A certificate for something else proves nothing, and is asked for again. */
static void test_certificates(void **state) {
    json_t *message = message_of("Notification");
    (void)state;
    sign(message, key, EVP_sha256());
    write_pem("DNS:sns.us-east-1.amazonaws.com");
    expect(message, now, "does not verify");
    nl_buf_clear(&web.pem);
    expect(message, now, "no certificate");
    begin(state);
    expect(message, now, NULL);
    json_decref(message);
}

static size_t fetches(void) {
    size_t count = 0;
    for (const char *at = nl_buf_text(&web.log); *at != '\0'; at++)
        count += *at == '\n';
    return count;
}

/* Takes a message that names certificate `which`, signed at `at`, and expects so many fetches so
 * far. */
static void take_by(struct nl_sns *sns, int which, int64_t at, enum nl_status status,
                    size_t so_far) {
    struct nl_error err = {0};
    enum nl_sns_kind kind;
    char text[120];
    json_t *message = message_of("Notification");
    snprintf(text, sizeof text, SERVER "%d.pem", which);
    set(message, "SigningCertURL", text);
    nl_timestamp_text(at, text);
    set(message, "Timestamp", text);
    sign(message, key, EVP_sha256());
    assert_int_equal(take(sns, message, at, &kind, &err), status);
    assert_int_equal(fetches(), so_far);
    nl_error_free(&err);
    json_decref(message);
}

/* A key is kept for a day, and the eight that were fetched last are. */
static void test_keys_are_kept(void **state) {
    struct nl_sns *sns = NULL;
    int64_t at = now - now % 60; /* a minute begins */
    (void)state;
    sns = nl_sns_new(TOPIC, ca_file, AGE);
    take_by(sns, 1, at, NL_OK, 1);
    take_by(sns, 1, at + DAY - 1, NL_OK, 1);
    take_by(sns, 1, at + DAY, NL_OK, 2);
    at += 2 * DAY;
    for (int i = 1; i <= 8; i++)
        take_by(sns, i, at + i, NL_OK, (size_t)i + 2);
    for (int i = 8; i >= 1; i--)
        take_by(sns, i, at + 10, NL_OK, 10);
    take_by(sns, 9, at + 60, NL_OK, 11); /* in place of the oldest */
    for (int i = 2; i <= 9; i++)
        take_by(sns, i, at + 60, NL_OK, 11);
    take_by(sns, 1, at + 60, NL_OK, 12);
    take_by(sns, 2, at + 60, NL_OK, 13);
    nl_sns_free(sns);
}

/* A stranger who names one certificate after the other is put off after ten within a minute. */
static void test_so_many_in_a_minute(void **state) {
    struct nl_sns *sns = NULL;
    int64_t at = now - now % 60;
    (void)state;
    sns = nl_sns_new(TOPIC, ca_file, AGE);
    web.fails = NL_TEMPFAIL;
    for (int i = 1; i <= 10; i++)
        take_by(sns, i, at, NL_TEMPFAIL, (size_t)i);
    take_by(sns, 11, at, NL_BUSY, 10);
    take_by(sns, 11, at + 59, NL_BUSY, 10);
    web.fails = NL_OK;
    take_by(sns, 11, at + 60, NL_OK, 11);
    for (int i = 12; i <= 20; i++)
        take_by(sns, i, at + 61, NL_OK, (size_t)i);
    take_by(sns, 21, at + 61, NL_BUSY, 20);
    take_by(sns, 20, at + 61, NL_OK, 20); /* that is known */
    nl_sns_free(sns);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, row_report)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_kinds),
        TEST(test_signatures),
        TEST(test_changed_members),
        TEST(test_without_a_subject),
        TEST(test_ages),
        TEST(test_no_json),
        TEST(test_confirmations),
        TEST(test_the_web_is_away),
        TEST(test_certificates),
        TEST(test_keys_are_kept),
        TEST(test_so_many_in_a_minute),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
