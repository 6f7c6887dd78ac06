/* Forms that were made for another program: which fields of theirs become which of ours. */
#include "support.h"

#include "web/moved_form.h"

#include <stdlib.h>

/* Takes "name=value;name=value" and writes "address|name|lists|attributes|robot". */
static void take(enum nl_moved moved, const char *fields, const char *lists, struct nl_buf *out) {
    struct nl_error err = {0};
    struct nl_config config = {0};
    struct nl_form_fields known = {0};
    struct nl_form form = {.fields = &known};
    bool robot = false;
    config.serve.moved_lists = (char *)lists;
    assert_non_null(nl_form_field_add(&known, "city", &err));
    while (*fields != '\0') {
        char pair[128];
        size_t len = strcspn(fields, ";");
        memcpy(pair, fields, len);
        pair[len] = '\0';
        char *value = strchr(pair, '=');
        *value++ = '\0';
        assert_ok(nl_moved_take(moved, &config, &form, pair, value, &robot, &err));
        fields += len + (fields[len] == ';');
    }
    nl_buf_addf(out, "%s|%s|", form.address != NULL ? form.address : "-",
                form.name != NULL ? form.name : "-");
    for (size_t i = 0; i < form.list_count; i++)
        nl_buf_addf(out, "%s ", form.lists[i]);
    nl_buf_addf(out, "|%s|%s", form.attributes != NULL ? form.attributes : "-",
                robot ? "robot" : "");
    nl_form_free(&form);
    nl_form_fields_free(&known);
}

static void test_fields(void **state) {
    static const struct {
        enum nl_moved moved;
        const char *fields, *form;
    } rows[] = {
        {NL_MOVED_LISTMONK, "email=a@x;name=Ann;l=uuid-1;l=news", "a@x|Ann|weekly news |-|"},
        {NL_MOVED_LISTMONK, "email=a@x;nonce=;CITY=Bonn;size=L", "a@x|-||{\"city\":\"Bonn\"}|"},
        {NL_MOVED_LISTMONK, "email=a@x;nonce=x", "a@x|-||-|robot"},
        {NL_MOVED_LISTMONK, "email=a@x;b_1_2=x", "a@x|-||-|"},
        {NL_MOVED_LISTMONK, "email=a@x;EMAIL=b@x", "a@x|-||-|"},
        {NL_MOVED_MAILCHIMP, "EMAIL=a@x;FNAME=Ann;LNAME=Lee", "a@x|Ann Lee||-|"},
        {NL_MOVED_MAILCHIMP, "email=a@x;lname=Lee;fname=Ann", "a@x|Ann Lee||-|"},
        {NL_MOVED_MAILCHIMP, "MERGE0=a@x;MERGE1=Ann;MERGE2=Lee", "a@x|Ann Lee||-|"},
        {NL_MOVED_MAILCHIMP, "MERGE0=a@x;MERGE1=Ann;MERGE2=", "a@x|Ann||-|"},
        {NL_MOVED_MAILCHIMP, "MERGE0=a@x;MERGE1=;MERGE2=Lee", "a@x|Lee||-|"},
        {NL_MOVED_MAILCHIMP, "EMAIL=a@x;id=abc;City=Bonn", "a@x|-|events |{\"city\":\"Bonn\"}|"},
        {NL_MOVED_MAILCHIMP, "EMAIL=a@x;b_12_34=", "a@x|-||-|"},
        {NL_MOVED_MAILCHIMP, "EMAIL=a@x;b_12_34=x;b_12_34=", "a@x|-||-|robot"},
        {NL_MOVED_MAILCHIMP, "EMAIL=a@x;b_12=x;nonce=x", "a@x|-||-|"},
        {NL_MOVED_PHPLIST, "email=a@x;list[3]=1;list[4]=;list[9]=x", "a@x|-|press 9 |-|"},
        {NL_MOVED_PHPLIST, "email=a@x;list[3=1;list=news;list[]=x;city=Bonn",
         "a@x|-||{\"city\":\"Bonn\"}|"},
        {NL_MOVED_PHPLIST, "email=a@x;VerificationCodeX=", "a@x|-||-|"},
        {NL_MOVED_PHPLIST, "email=a@x;VerificationCodeX=1", "a@x|-||-|robot"},
        {NL_MOVED_NONE, "email=a@x;name=Ann;list=news;attribute.city=Bonn",
         "a@x|Ann|news |{\"city\":\"Bonn\"}|"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].fields) {
        struct nl_buf out = {0};
        take(rows[i].moved, rows[i].fields, "uuid-1=weekly, abc=events ,3=press", &out);
        assert_string_equal(nl_buf_text(&out), rows[i].form);
        nl_buf_free(&out);
    }
}

/* Identifiers of lists: each of the pairs, in any case, and nothing that only begins like one. */
static void test_identifiers(void **state) {
    static const struct {
        const char *lists, *identifier, *list;
    } rows[] = {
        {"a=b", "a", "b "},         {"a=b", "A", "b "},         {"a=b,c=d", "c", "d "},
        {"a=b ,  c=d ", "a", "b "}, {"a=b ,  c=d ", "c", "d "}, {"ab=x,a=y", "a", "y "},
        {"a=b", "ab", "ab "},       {"ab=x", "a", "a "},        {NULL, "a", "a "},
        {"a=b,a=c", "a", "b "},     {"x=a", "a", "a "},         {"a=b c", "a", "b c "},
    };
    (void)state;
    for_each_row (i, rows, rows[i].lists) {
        struct nl_buf out = {0};
        struct nl_buf expected = {0};
        char field[64];
        snprintf(field, sizeof field, "l=%s", rows[i].identifier);
        take(NL_MOVED_LISTMONK, field, rows[i].lists, &out);
        nl_buf_addf(&expected, "-|-|%s|-|", rows[i].list);
        assert_string_equal(nl_buf_text(&out), nl_buf_text(&expected));
        nl_buf_free(&out);
        nl_buf_free(&expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_identifiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
