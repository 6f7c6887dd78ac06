/* Codes in what servers say, and the folders of a mailbox that a canary looks into. */
#include "support.h"

#include "inbound/seed_folder.h"
#include "inbound/status.h"

#include <stdio.h>

static void test_codes_in_a_text(void **state) {
    static const struct {
        const char *text, *all, *found;
    } rows[] = {
        {"5.1.1", "5.1.1;", "5.1.1"},
        {"550 5.1.1 no such user", "5.1.1;", "5.1.1"},
        {"(#4.4.7)", "4.4.7;", "4.4.7"},
        {"2.0.0 ok 4.2.2 and 5.7.509", "2.0.0;4.2.2;5.7.509;", "2.0.0"},
        {"5.123.123", "5.123.123;", "5.123.123"},
        {"5.7.1.", "5.7.1;", "5.7.1"},
        {"5.7.1-x", "5.7.1;", "5.7.1"},
        {"[5.7.1]", "5.7.1;", "5.7.1"},
        /* numbers of another kind */
        {"", "", ""},
        {"5.1.", "", ""},
        {"5..1", "", ""},
        {"5.1", "", ""},
        {"3.1.1 1.1.1 6.1.1", "", ""},
        {"15.1.1", "", ""},
        {"x5.1.1", "", ""},
        {".5.1.1", "", ""},
        {"5.1.1.4", "", ""},
        {"5.1.1x", "", ""},
        {"5.1.1_x", "", ""},
        {"5.1234.1", "", ""},
        {"5.1.1234", "", ""},
        {"192.0.2.5", "", ""},
        {"5-1-1", "", ""},
        /* one that says more takes the place of one that does not, within its class */
        {"5.0.0 then 5.1.1", "5.0.0;5.1.1;", "5.1.1"},
        {"5.1.0 then 5.2.2", "5.1.0;5.2.2;", "5.2.2"},
        {"5.1.1 then 5.2.2", "5.1.1;5.2.2;", "5.1.1"},
        {"5.0.0 then 4.2.2", "5.0.0;4.2.2;", "5.0.0"},
        {"5.0.0 then 5.1.0", "5.0.0;5.1.0;", "5.0.0"},
        {"5.0.0 then 4.2.2, 5.1.1", "5.0.0;4.2.2;5.1.1;", "5.1.1"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        char text[64] = "";
        char code[NL_STATUS_LEN];
        size_t at = 0;
        size_t len = strlen(rows[i].text);
        while (nl_status_next(rows[i].text, len, &at, code))
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s;", code);
        assert_string_equal(text, rows[i].all);
        assert_int_equal(at, len);
        nl_status_find(rows[i].text, len, code);
        assert_string_equal(code, rows[i].found);
    }
}

/* Nothing is read after the given length. */
static void test_the_length_is_kept(void **state) {
    static const struct {
        const char *text;
        size_t len;
        const char *found;
    } rows[] = {{"5.1.12", 6, "5.1.12"}, {"5.1.12", 5, "5.1.1"},  {"5.1.12", 4, ""},
                {"5.1.1.2", 5, "5.1.1"}, {"5.1.1.2", 6, "5.1.1"}, {"5.1.1.2", 7, ""},
                {"5.1.1x", 5, "5.1.1"},  {"5.12.1", 5, ""}};
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        char code[NL_STATUS_LEN];
        nl_status_find(rows[i].text, rows[i].len, code);
        assert_string_equal(code, rows[i].found);
    }
}

static void test_vague_codes(void **state) {
    static const struct {
        const char *code;
        bool vague;
    } rows[] = {{"", true},       {"5", true},       {"5.0.0", true}, {"4.1.0", true},
                {"5.1.1", false}, {"5.1.10", false}, {".0", true},    {"50", false}};
    (void)state;
    for_each_row (i, rows, rows[i].code)
        assert_int_equal(nl_status_is_vague(rows[i].code), rows[i].vague);
}

static void test_codes_of_replies(void **state) {
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"550", 550},
        {"550 no", 550},
        {"421-later", 421},
        {"550#5.1.1", 550},
        {"550\tx", 550},
        {"said: 550 no", 550},
        {"smtp;550 no", 550},
        {"said:451 no", 451},
        {"a\n554\n", 554},
        {"477 x", 477},
        {"", 0},
        {"55", 0},
        {"250 ok", 0},
        {"350 x", 0},
        {"650 x", 0},
        {"480 x", 0},
        {"58x 550", 550},
        {"5500", 0},
        {"550.", 0},
        {"x550 y", 0},
        {"(550 y", 0},
        {"250 ok 550 x", 550},
        {"55 550 451", 550},
        {"4x0 x", 0},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        assert_int_equal(nl_status_reply(rows[i].text, strlen(rows[i].text)), rows[i].code);
    assert_int_equal(nl_status_reply("5501", 3), 550);
    assert_int_equal(nl_status_reply("550", 2), 0);
}

/* ---- folders ---- */

static void test_folders_of_a_mailbox(void **state) {
    static const struct {
        const char *answer, *folders; /* after the inbox, "!" before those for junk */
    } rows[] = {
        {"", ""},
        {"* LIST () \"/\" INBOX\r\n", ""},
        {"* LIST () \"/\" inbox\r\n", ""},
        {"* LIST () \"/\" News\r\n", "News;"},
        {"* list () \"/\" News\r\n", "News;"},
        {"* LIST () \"/\" \"News letters\"\r\n", "News letters;"},
        {"* LIST () \"/\" \"a\\\"b\"\r\n", "a\"b;"},
        {"* LIST () NIL News\r\n", "News;"},
        {"* LIST ()  \"/\"  News", "News;"},
        {"* LIST (\\HasNoChildren \\Junk) \"/\" X\r\n", "!X;"},
        {"* LIST (\\JUNK) \"/\" X\r\n", "!X;"},
        {"* LIST (\\Trash) \"/\" X\r\n", "!X;"},
        {"* LIST (\\Junkyard) \"/\" X\r\n", "X;"},
        {"* LIST () \"/\" Spam\r\n", "!Spam;"},
        {"* LIST () \"/\" \"Junk E-Mail\"\r\n", "!Junk E-Mail;"},
        {"* LIST () \"/\" Mail/spam\r\n", "!Mail/spam;"},
        {"* LIST () \".\" INBOX.Spam\r\n", "!INBOX.Spam;"},
        {"* LIST () \".\" INBOX/Spam\r\n", "INBOX/Spam;"},
        {"* LIST () NIL INBOX/Spam\r\n", "INBOX/Spam;"},
        {"* LIST () \"/\" Spammers\r\n", "Spammers;"},
        /* junk comes first, whatever the order */
        {"* LIST () \"/\" A\r\n* LIST () \"/\" Spam\r\n* LIST () \"/\" B\r\n", "!Spam;A;B;"},
        /* those that hold what is elsewhere too, or nothing */
        {"* LIST (\\Noselect) \"/\" X\r\n", ""},
        {"* LIST (\\NonExistent) \"/\" X\r\n", ""},
        {"* LIST (\\All) \"/\" X\r\n", ""},
        {"* LIST (\\Flagged) \"/\" X\r\n", ""},
        {"* LIST (\\Important) \"/\" X\r\n", ""},
        {"* LIST (\\Sent) \"/\" X\r\n", ""},
        {"* LIST (\\Drafts) \"/\" X\r\n", ""},
        {"* LIST (\\Noselect \\Junk) \"/\" X\r\n", ""},
        /* no such lines */
        {"a OK done\r\n* LSUB () \"/\" X\r\n* LIST \"/\" X\r\n* LIST (\"/\" X\r\n", ""},
        {"* LIST () \"/\"\r\n* LIST ()\r\n* LIST (\r\n", ""},
        {"* LIST () \"/\" \"\"\r\n", ""},
        {"* LIST () \"/\" B\xc3\xbc\r\n", ""},
        {"* LIST () \"/\" \"a\tb\"\r\n* LIST () \"/\" Y\r\n", "Y;"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].answer) {
        struct nl_seed_folders folders;
        struct nl_buf out = {0};
        nl_seed_folders_read(rows[i].answer, &folders);
        assert_true(folders.count > 0);
        assert_string_equal(folders.items[0].name, "INBOX");
        assert_int_equal(folders.items[0].place, NL_SEED_INBOX);
        for (size_t k = 1; k < folders.count; k++) {
            assert_int_not_equal(folders.items[k].place, NL_SEED_INBOX);
            nl_buf_addf(&out, "%s%s;", folders.items[k].place == NL_SEED_JUNK ? "!" : "",
                        folders.items[k].name);
        }
        assert_string_equal(nl_buf_text(&out), rows[i].folders);
        nl_buf_free(&out);
    }
}

/* The inbox and 23 others; a name that is too long is passed over. */
static void test_many_folders(void **state) {
    struct nl_seed_folders folders;
    struct nl_buf answer = {0};
    (void)state;
    nl_buf_adds(&answer, "* LIST () \"/\" ");
    for (int i = 0; i < NL_SEED_FOLDER; i++)
        nl_buf_addc(&answer, 'x');
    nl_buf_adds(&answer, "\r\n* LIST () \"/\" ");
    for (int i = 0; i < NL_SEED_FOLDER - 1; i++)
        nl_buf_addc(&answer, 'y');
    nl_buf_adds(&answer, "\r\n");
    for (int i = 0; i < 30; i++)
        nl_buf_addf(&answer, "* LIST () \"/\" f%d\r\n", i);
    nl_seed_folders_read(nl_buf_text(&answer), &folders);
    assert_int_equal(folders.count, NL_SEED_FOLDERS);
    assert_int_equal(strlen(folders.items[1].name), NL_SEED_FOLDER - 1);
    assert_string_equal(folders.items[2].name, "f0");
    assert_string_equal(folders.items[NL_SEED_FOLDERS - 1].name, "f21");
    nl_buf_free(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_in_a_text),      cmocka_unit_test(test_the_length_is_kept),
        cmocka_unit_test(test_vague_codes),          cmocka_unit_test(test_codes_of_replies),
        cmocka_unit_test(test_folders_of_a_mailbox), cmocka_unit_test(test_many_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
