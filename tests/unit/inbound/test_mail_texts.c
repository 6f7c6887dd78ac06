/* A mail as its reader sees it: its texts and files, and where they stand. */
#include "support.h"

#include "newsletter/inbound/mail_texts.h"

static void assert_items(const char *mail, size_t limit, const char *expected) {
    struct nl_mail_texts texts;
    struct nl_buf told = {0};
    nl_mail_texts_read(mail, strlen(mail), limit, &texts);
    for (size_t i = 0; i < texts.count; i++) {
        const struct nl_mail_item *item = &texts.items[i];
        static const char *const kinds[] = {"plain", "html", "file"};
        nl_buf_addf(&told, "%s%s %zu %zu: ", i > 0 ? "; " : "", kinds[item->kind], item->message,
                    item->choice);
        if (item->kind == NL_MAIL_FILE)
            nl_buf_addf(&told, "%s %.8s", item->name != NULL ? item->name : "(none)", item->digest);
        else
            nl_buf_addf(&told, "%.*s", (int)strcspn(nl_buf_text(&item->text), "\r\n"),
                        nl_buf_text(&item->text));
    }
    assert_string_equal(nl_buf_text(&told), expected);
    nl_buf_free(&told);
    nl_mail_texts_free(&texts);
}

struct row {
    const char *mail, *items;
};

#define FROM "From: a@x.example\r\n"
#define TYPE(type) "Content-Type: " type "\r\n"
#define FILE(type) "Content-Transfer-Encoding: base64\r\n" TYPE(type)
#define MULTI(kind) TYPE("multipart/" kind "; boundary=b")
#define PART(fields, text) "--b\r\n" fields "\r\n" text "\r\n"
#define END "--b--\r\n"
#define INNER(fields, text) "--c\r\n" fields "\r\n" text "\r\n"

/* "3a6eb079" begins the SHA-256 of "data". */
static void test_items(void **state) {
    static const struct row rows[] = {
        {FROM "\r\nhello\r\n", "plain 0 0: hello"},
        {FROM TYPE("text/html") "\r\n<p>hello\r\n", "html 0 0: <p>hello"},
        {FROM MULTI("alternative") "\r\n" PART(TYPE("text/plain"), "one")
             PART(TYPE("text/html"), "<p>two") END,
         "plain 0 1: one; html 0 1: <p>two"},
        {FROM MULTI("mixed") "\r\n" PART(TYPE("text/plain"), "one")
             PART(TYPE("text/html"), "<p>two") END,
         "plain 0 0: one; html 0 0: <p>two"},
        {FROM MULTI("mixed") "\r\n" PART(TYPE("text/plain"), "one") PART(
             FILE("application/pdf") "Content-Disposition: attachment; filename=\"a b.pdf\"\r\n",
             "ZGF0YQ==") END,
         "plain 0 0: one; file 0 0: a b.pdf 3a6eb079"},
        {FROM MULTI("mixed") "\r\n" PART(FILE("application/pdf; name=c.pdf"), "ZGF0YQ==") END,
         "file 0 0: c.pdf 3a6eb079"},
        {FROM MULTI("mixed") "\r\n" PART(
             FILE("application/pdf; name=c.pdf") "Content-Disposition: inline; filename=d.pdf\r\n",
             "ZGF0YQ==") END,
         "file 0 0: d.pdf 3a6eb079"},
        {FROM MULTI("mixed") "\r\n" PART(FILE("application/pdf"), "ZGF0YQ==") END,
         "file 0 0: (none) 3a6eb079"},
        {FROM MULTI("mixed") "\r\n" PART(FILE("text/plain") "Content-Disposition: ATTACHMENT\r\n",
                                         "ZGF0YQ==") END,
         "file 0 0: (none) 3a6eb079"}, /* a text that is attached is a file */
        {FROM MULTI("mixed") "\r\n" PART(TYPE("text/plain") "Content-Disposition: inline\r\n",
                                         "one") END,
         "plain 0 0: one"},
        {FROM MULTI("mixed") "\r\n" PART(FILE("text/csv"), "ZGF0YQ==") END,
         "file 0 0: (none) 3a6eb079"},
        {FROM MULTI("signed") "\r\n" PART(TYPE("text/plain"), "one")
             PART(FILE("application/pkcs7-signature"), "ZGF0YQ==") END,
         "plain 0 0: one"},
        {FROM MULTI("signed") "\r\n" PART(TYPE("text/plain"), "one")
             PART(FILE("application/x-pkcs7-signature"), "ZGF0YQ==") END,
         "plain 0 0: one"},
        {FROM MULTI("signed") "\r\n" PART(TYPE("text/plain"), "one")
             PART(FILE("application/pgp-signature"), "ZGF0YQ==") END,
         "plain 0 0: one"},
        {FROM MULTI("signed") "\r\n" PART(TYPE("text/plain"), "one")
             PART(FILE("application/pdf"), "ZGF0YQ==") END,
         "plain 0 0: one; file 0 0: (none) 3a6eb079"},
        {FROM MULTI("mixed") "\r\n" PART(TYPE("text/plain"), "one")
             PART(FILE("application/pkcs7-signature"), "ZGF0YQ==") END,
         "plain 0 0: one; file 0 0: (none) 3a6eb079"},
        {FROM MULTI("mixed") "\r\n" PART(TYPE("text/plain"), "one")
             PART(TYPE("message/rfc822"), FROM "\r\ninner") END,
         "plain 0 0: one; plain 3 0: inner"},
        {FROM MULTI("mixed") "\r\n" PART(TYPE("multipart/alternative; boundary=c"),
                                         INNER(TYPE("text/plain"), "one")
                                             INNER(TYPE("text/html"), "<p>two") "--c--\r\n")
             PART(TYPE("text/plain"), "three") END,
         "plain 0 2: one; html 0 2: <p>two; plain 0 0: three"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].mail)
        assert_items(rows[i].mail, 1 << 20, rows[i].items);
}

static void test_what_is_a_mail(void **state) {
    static const struct {
        const char *text;
        bool is_one;
    } rows[] = {
        {FROM "\r\nhello", true},
        {"from: a\r\n\r\nhello", true},
        {"Subject: x\r\nTo: y\r\nFrom: a\r\n\r\n", true},
        {"From a@x.example Mon Jan 12\nFrom: a\n\nhello", true}, /* of a mailbox file */
        {"Subject: x\r\n\r\nFrom: a\r\n", false},                /* in its text */
        {"Subject: x\n\nFrom: a\n", false},
        {"\nFrom: a\n", false},
        {"\r\nFrom: a\r\n", false},
        {"Look at this:\n\n--- Forwarded ---\nFrom: a\n\nhello", false},
        {"Hello,\r\n\r\nFrom: here on", false},
        {"", false},
        {"From", false},
        {"Fromage: x\r\n\r\n", false},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        assert_int_equal(nl_mail_is_one(rows[i].text, strlen(rows[i].text)), rows[i].is_one);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_what_is_a_mail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
