/* Answers that browsers return from navigator.credentials: which answers are taken, and what is
 * read from them. */
#include "support.h"

#include "base/made_passkey.h"
#include "newsletter/base/base64.h"

#include <openssl/ec.h>

enum { NOW = 1795724405 };

static const struct nl_passkey_asked asked = {"https://press.example.org", "press.example.org",
                                              "a secret", "login", NOW};
static char challenge[NL_CHALLENGE_LEN];
static EVP_PKEY *p256, *ed25519;

static int make_keys(void **state) {
    (void)state;
    nl_challenge_new(&nl_env_system, asked.secret, asked.purpose, NOW, challenge);
    p256 = EVP_EC_gen("P-256");
    ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return p256 != NULL && ed25519 != NULL ? 0 : -1;
}

static int free_keys(void **state) {
    (void)state;
    EVP_PKEY_free(p256);
    EVP_PKEY_free(ed25519);
    return 0;
}

/* ---- registration ---- */

static enum nl_status take(const struct made_passkey *made, struct nl_passkey *key,
                           char answered[NL_CHALLENGE_LEN], struct nl_error *err) {
    struct passkey_answer answer;
    made_passkey_register(made, &asked, &answer);
    enum nl_status status = nl_passkey_register(
        &asked, nl_buf_text(&answer.client), nl_buf_text(&answer.attestation), key, answered, err);
    passkey_answer_free(&answer);
    return status;
}

static void test_keys_are_read(void **state) {
    static char longest[256];
    struct {
        EVP_PKEY *key;
        enum nl_passkey_algorithm algorithm;
        size_t len;
        const char *id;
    } rows[] = {{p256, NL_PASSKEY_ES256, 64, "c"},
                {ed25519, NL_PASSKEY_EDDSA, 32, "credential"},
                {p256, NL_PASSKEY_ES256, 64, longest}};
    (void)state;
    memset(longest, 'k', sizeof longest - 1);
    for_each_row (i, rows, rows[i].id) {
        struct nl_error err = {0};
        struct nl_passkey key;
        char answered[NL_CHALLENGE_LEN] = "";
        assert_ok(take(
            &(struct made_passkey){
                .key = rows[i].key, .id = rows[i].id, .count = 0x01020304, .challenge = challenge},
            &key, answered, &err));
        assert_int_equal(key.algorithm, rows[i].algorithm);
        assert_int_equal(key.key_len, rows[i].len);
        assert_int_equal(key.id_len, strlen(rows[i].id));
        assert_memory_equal(key.id, rows[i].id, key.id_len);
        assert_int_equal(key.count, 0x01020304);
        assert_string_equal(answered, challenge);
    }
}

/* Both registration and login: what the browser and the authenticator say about the page. */
static const struct {
    const char *name;
    struct made_passkey made;
    const char *words; /* in the error; NULL: is taken */
} pages[] = {
    {"of the page", {.flags = 0}, NULL},
    {"says that it is no frame", {.more_client = ",\"crossOrigin\":false"}, NULL},
    {"in a frame of another", {.more_client = ",\"crossOrigin\":true"}, "another page"},
    {"a member that is not known", {.more_client = ",\"topOrigin\":\"x\""}, NULL},
    {"the type twice", {.more_client = ",\"type\":\"webauthn.get\""}, "another page"},
    {"no JSON", {.more_client = ",\"crossOrigin\""}, "another page"},
    {"another type", {.type = "payment.get"}, "another page"},
    {"another origin", {.origin = "https://press.example.org:444"}, "another page"},
    {"another site", {.rp_id = "example.org"}, "another site"},
    {"an old challenge", {.challenge = "1795724400.x.y"}, "too late"},
    {"an empty challenge", {.challenge = ""}, "too late"},
};

static struct made_passkey on_page(size_t row, EVP_PKEY *key) {
    struct made_passkey made = pages[row].made;
    made.key = key;
    if (made.challenge == NULL)
        made.challenge = challenge;
    return made;
}

static void test_pages_of_a_registration(void **state) {
    (void)state;
    for_each_row (i, pages, pages[i].name) {
        struct nl_error err = {0};
        struct nl_passkey key;
        char answered[NL_CHALLENGE_LEN] = "";
        const struct made_passkey made = on_page(i, p256);
        if (pages[i].words == NULL)
            assert_ok(take(&made, &key, answered, &err));
        else
            assert_fails(take(&made, &key, answered, &err), NL_DATA, pages[i].words);
    }
}

static void test_attestations(void **state) {
    enum { USUAL = MADE_PRESENT | MADE_VERIFIED | MADE_KEY };
    static const struct {
        const char *name;
        struct made_passkey made;
        const char *words;
    } rows[] = {
        {"usual", {.flags = USUAL}, NULL},
        {"nobody was there", {.flags = MADE_VERIFIED | MADE_KEY}, "not unlocked"},
        {"not verified", {.flags = MADE_PRESENT | MADE_KEY}, "not unlocked"},
        {"without a key", {.flags = MADE_PRESENT | MADE_VERIFIED}, "has no key"},
        {"extensions", {.flags = USUAL | MADE_EXTENSIONS, .more_data = "\xa1\x61x\x61y"}, NULL},
        {"extensions and more",
         {.flags = USUAL | MADE_EXTENSIONS, .more_data = "\xa1\x61x\x61yz"},
         "has no key"},
        {"extensions without a flag",
         {.flags = USUAL, .more_data = "\xa1\x61x\x61y"},
         "has no key"},
        {"a flag without extensions", {.flags = USUAL | MADE_EXTENSIONS}, "has no key"},
        {"an id of no bytes", {.id = ""}, "has no key"},
        {"a maker's statement", {.format = "packed"}, "not the answer"},
        {"a longer word", {.format = "none-x"}, "not the answer"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        struct nl_passkey key;
        char answered[NL_CHALLENGE_LEN] = "";
        struct made_passkey made = rows[i].made;
        made.key = p256;
        made.challenge = challenge;
        if (rows[i].words == NULL)
            assert_ok(take(&made, &key, answered, &err));
        else
            assert_fails(take(&made, &key, answered, &err), NL_DATA, rows[i].words);
    }
}

/* The CBOR around the authenticator data, whose members may come in any order with others. */
static void test_maps_around_the_data(void **state) {
#define FMT                                                                                        \
    "\x63"                                                                                         \
    "fmt\x64"                                                                                      \
    "none"
#define NO_STATEMENT                                                                               \
    "\x67"                                                                                         \
    "attStmt\xa0"
    static const struct {
        const char *name, *before, *after;
        const char *words; /* "another site": the data was reached; their hash is of zeros */
    } rows[] = {
        {"as usual", "\xa3" FMT NO_STATEMENT, "", "another site"},
        {"data in the middle", "\xa3" FMT, NO_STATEMENT, "another site"},
        {"one more", "\xa4\x61xy" FMT NO_STATEMENT, "", "not the answer"},
        {"one more that is whole", "\xa4\x61x\x61y" FMT NO_STATEMENT, "", "another site"},
        {"eight",
         "\xa8\x61"
         "a\x01\x61"
         "b\x01\x61"
         "c\x01\x61"
         "d\x01\x61"
         "e\x01" FMT NO_STATEMENT,
         "", "another site"},
        {"nine",
         "\xa9\x61"
         "a\x01\x61"
         "b\x01\x61"
         "c\x01\x61"
         "d\x01\x61"
         "e\x01\x61"
         "f\x01" FMT NO_STATEMENT,
         "", "not the answer"},
        {"more behind", "\xa3" FMT NO_STATEMENT, "\x01", "not the answer"},
        {"no map", "\x83" FMT NO_STATEMENT, "", "not the answer"},
        {"cut off", "\xa4" FMT NO_STATEMENT, "", "not the answer"},
        {"no format", "\xa2" NO_STATEMENT, "", "not the answer"},
        {"no statement", "\xa2" FMT, "", "not the answer"},
        {"a statement",
         "\xa3" FMT "\x67"
         "attStmt\xa1\x61"
         "a\x01",
         "", "not the answer"},
        {"a list of none",
         "\xa3" FMT "\x67"
         "attStmt\x80",
         "", "not the answer"},
        {"the format as bytes",
         "\xa3\x63"
         "fmt\x44"
         "none" NO_STATEMENT,
         "", "not the answer"},
    };
#undef FMT
#undef NO_STATEMENT
    struct passkey_answer answer;
    (void)state;
    made_passkey_register(&(struct made_passkey){.key = p256, .challenge = challenge}, &asked,
                          &answer);
    for_each_row (i, rows, rows[i].name) {
        static const char data[40];
        struct nl_error err = {0};
        struct nl_passkey key;
        char answered[NL_CHALLENGE_LEN];
        struct nl_buf bytes = {0};
        struct nl_buf text = {0};
        nl_buf_adds(&bytes, rows[i].before);
        nl_buf_adds(&bytes, "\x68"
                            "authData\x58\x28");
        nl_buf_add(&bytes, data, sizeof data);
        nl_buf_adds(&bytes, rows[i].after);
        nl_base64url_add(&text, bytes.data, bytes.len);
        assert_fails(nl_passkey_register(&asked, nl_buf_text(&answer.client), nl_buf_text(&text),
                                         &key, answered, &err),
                     NL_DATA, rows[i].words);
        nl_buf_free(&bytes);
        nl_buf_free(&text);
    }
    passkey_answer_free(&answer);
}

/* ---- logging in ---- */

static enum nl_status enter(const struct made_passkey *made, const struct nl_passkey *key,
                            uint32_t *count, struct nl_error *err) {
    struct passkey_answer answer;
    char answered[NL_CHALLENGE_LEN] = "";
    made_passkey_sign(made, &asked, &answer);
    const struct nl_passkey_answer texts = {nl_buf_text(&answer.client), nl_buf_text(&answer.data),
                                            nl_buf_text(&answer.signature)};
    enum nl_status status = nl_passkey_verify(&asked, key, &texts, count, answered, err);
    if (status == NL_OK)
        assert_string_equal(answered, made->challenge);
    passkey_answer_free(&answer);
    return status;
}

static struct nl_passkey key_of(EVP_PKEY *pair) {
    struct nl_error err = {0};
    struct nl_passkey key;
    char answered[NL_CHALLENGE_LEN];
    assert_ok(
        take(&(struct made_passkey){.key = pair, .challenge = challenge}, &key, answered, &err));
    return key;
}

static void test_pages_of_a_login(void **state) {
    const struct nl_passkey key = key_of(ed25519);
    (void)state;
    for_each_row (i, pages, pages[i].name) {
        struct nl_error err = {0};
        uint32_t count = 0;
        const struct made_passkey made = on_page(i, ed25519);
        if (pages[i].words == NULL)
            assert_ok(enter(&made, &key, &count, &err));
        else
            assert_fails(enter(&made, &key, &count, &err), NL_DATA, pages[i].words);
    }
}

/* The type of the other ceremony is refused by each. */
static void test_an_answer_to_the_other_question(void **state) {
    const struct nl_passkey key = key_of(p256);
    struct nl_passkey made;
    struct nl_error err = {0};
    char answered[NL_CHALLENGE_LEN];
    uint32_t count = 0;
    (void)state;
    assert_fails(
        enter(
            &(struct made_passkey){.key = p256, .challenge = challenge, .type = "webauthn.create"},
            &key, &count, &err),
        NL_DATA, "another page");
    assert_fails(
        take(&(struct made_passkey){.key = p256, .challenge = challenge, .type = "webauthn.get"},
             &made, answered, &err),
        NL_DATA, "another page");
}

static void test_logins(void **state) {
    enum { USUAL = MADE_PRESENT | MADE_VERIFIED };
    const struct {
        const char *name;
        EVP_PKEY *key;
        struct made_passkey made;
        uint32_t stored;
        const char *words;
    } rows[] = {
        {"neither counts", p256, {.count = 0}, 0, NULL},
        {"counts up", p256, {.count = 8}, 7, NULL},
        {"begins to count", p256, {.count = 1}, 0, NULL},
        {"stands still", p256, {.count = 7}, 7, "backwards"},
        {"goes back", p256, {.count = 6}, 7, "backwards"},
        {"counts no more", p256, {.count = 0}, 7, "backwards"},
        {"a high number", p256, {.count = 0xfffffffe}, 0xfffffffd, NULL},
        {"extensions", p256, {.flags = USUAL | MADE_EXTENSIONS, .more_data = "\xa0"}, 0, NULL},
        {"no extensions", p256, {.flags = USUAL, .more_data = "\xa0"}, 0, "signature"},
        {"another's key", ed25519, {.count = 0}, 0, "signature"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_passkey key = key_of(p256);
        struct nl_error err = {0};
        struct made_passkey made = rows[i].made;
        uint32_t count = 99;
        key.count = rows[i].stored;
        made.key = rows[i].key;
        made.challenge = challenge;
        if (rows[i].words != NULL) {
            assert_fails(enter(&made, &key, &count, &err), NL_DATA, rows[i].words);
            assert_int_equal(count, 99);
        } else {
            assert_ok(enter(&made, &key, &count, &err));
            assert_int_equal(count, made.count);
        }
    }
}

/* One of the three texts is something else. */
static void test_texts_of_a_login(void **state) {
    const struct nl_passkey key = key_of(p256);
    struct passkey_answer answer;
    (void)state;
    made_passkey_sign(&(struct made_passkey){.key = p256, .challenge = challenge}, &asked, &answer);
    const char *client = nl_buf_text(&answer.client);
    const char *data = nl_buf_text(&answer.data);
    const char *signature = nl_buf_text(&answer.signature);
    char head[49] = ""; /* 36 of the 37 bytes of a head */
    memcpy(head, data, sizeof head - 1);
    const struct {
        struct nl_passkey_answer texts;
        const char *words;
    } rows[] = {
        {{"=", data, signature}, "not the answer"}, {{client, "=", signature}, "not the answer"},
        {{client, data, "="}, "not the answer"},    {{client, data, ""}, "signature"},
        {{client, "", signature}, "another site"},  {{client, head, signature}, "another site"},
    };
    for_each_row (i, rows, rows[i].words) {
        struct nl_error err = {0};
        char answered[NL_CHALLENGE_LEN];
        uint32_t count = 0;
        assert_fails(nl_passkey_verify(&asked, &key, &rows[i].texts, &count, answered, &err),
                     NL_DATA, rows[i].words);
    }
    passkey_answer_free(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_read),
        cmocka_unit_test(test_pages_of_a_registration),
        cmocka_unit_test(test_attestations),
        cmocka_unit_test(test_maps_around_the_data),
        cmocka_unit_test(test_pages_of_a_login),
        cmocka_unit_test(test_an_answer_to_the_other_question),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_texts_of_a_login),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
