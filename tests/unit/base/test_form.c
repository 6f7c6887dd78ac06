/* The sign-up form: fields in both encodings, which of them are taken, and the bounds of all. */
#include "support.h"

#include "newsletter/base/form.h"

#include <stdlib.h>

/* Reads a form that may set the attributes city and age. */
static enum nl_status read_bytes(const char *text, size_t len, struct nl_form *form,
                                 struct nl_error *err) {
    static struct nl_form_fields fields;
    FILE *in = fmemopen((void *)text, len > 0 ? len : 1, "r");
    assert_non_null(in);
    if (len == 0)
        (void)fgetc(in);
    if (fields.count == 0) {
        assert_non_null(nl_form_field_add(&fields, "city", err));
        assert_non_null(nl_form_field_add(&fields, "age", err));
        nl_form_field_find(&fields, "age")->type = NL_FORM_NUMBER;
    }
    enum nl_status status = nl_form_read(in, &fields, form, err);
    fclose(in);
    return status;
}

static const char *or_dash(const char *text) {
    return text != NULL ? text : "-";
}

static void test_forms(void **state) {
    static const struct {
        const char *text, *form; /* "address|name|language|lists|attributes|ignored" */
    } rows[] = {
        {"email=a@x.example", "a@x.example|-|-||-|"},
        {"address=a@x.example", "a@x.example|-|-||-|"},
        {"email=a%40x.example&name=Ann+Lee&language=de", "a@x.example|Ann Lee|de||-|"},
        {"email=a@x.example\r\n", "a@x.example|-|-||-|"},
        {"  email=a@x.example", "a@x.example|-|-||-|"},
        {"email=", "|-|-||-|"},
        {"email", "|-|-||-|"},
        {"email=a@x.example&&name=&=x&other=y", "a@x.example|-|-||-|"},
        {"email=a@x.example&email=b@x.example", "b@x.example|-|-||-|"},
        {"email=a&name=%20%20", "a|-|-||-|"},
        {"email=a&name=x&name=", "a|x|-||-|"},
        {"email=a&list=b&list=c&list=b&list=", "a|-|-|b c |-|"},
        {"email=a&name=b=c", "a|b=c|-||-|"},
        /* attributes */
        {"email=a&attribute.city=Bonn", "a|-|-||{\"city\":\"Bonn\"}|"},
        {"email=a&attribute.city=Bonn&attribute.age=7",
         "a|-|-||{\"age\":\"7\",\"city\":\"Bonn\"}|"},
        {"email=a&attribute.city=Bonn&attribute.city=Ulm", "a|-|-||{\"city\":\"Ulm\"}|"},
        {"email=a&attribute.city=", "a|-|-||-|"},
        {"email=a&attribute.size=L&attribute.a%3Cb=x", "a|-|-||-|'size', 'a_b'"},
        {"email=a&attributes.city=x&attribute=y", "a|-|-||-|"},
        /* JSON */
        {"{\"email\": \"a\"}", "a|-|-||-|"},
        {" {\"address\": \"a\", \"name\": \"Ann\", \"list\": [\"b\", \"c\", 3, \"b\"]}\n",
         "a|Ann|-|b c |-|"},
        {"{\"email\": \"a\", \"list\": \"b\", \"language\": \"kk\"}", "a|-|kk|b |-|"},
        {"{\"email\": \"a\", \"attributes\": {\"city\": \"Bonn\", \"age\": \"7\", \"no\": \"x\"}}",
         "a|-|-||{\"age\":\"7\",\"city\":\"Bonn\"}|'no'"},
        {"{\"email\": \"a\", \"attribute.city\": \"Bonn\"}", "a|-|-||{\"city\":\"Bonn\"}|"},
        {"{\"email\": \"a\", \"other\": {\"city\": \"x\"}, \"n\": 3, \"o\": null}", "a|-|-||-|"},
        {"{\"email\": \"a\", \"attributes\": {\"attributes\": {\"city\": \"x\"}}}", "a|-|-||-|"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        struct nl_error err = {0};
        struct nl_form form;
        struct nl_buf out = {0};
        assert_ok(read_bytes(rows[i].text, strlen(rows[i].text), &form, &err));
        nl_buf_addf(&out, "%s|%s|%s|", or_dash(form.address), or_dash(form.name),
                    or_dash(form.language));
        for (size_t k = 0; k < form.list_count; k++)
            nl_buf_addf(&out, "%s ", form.lists[k]);
        nl_buf_addf(&out, "|%s|%s", or_dash(form.attributes), nl_buf_text(&form.ignored));
        assert_string_equal(nl_buf_text(&out), rows[i].form);
        nl_buf_free(&out);
        nl_form_free(&form);
    }
}

static void test_forms_that_are_refused(void **state) {
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"name=x", "the form needs a field 'email'"},
        {"{}", "the form needs a field 'email'"},
        {"email=a%00b", "is not URL-encoded"},
        {"%00=a", "is not URL-encoded"},
        {"email=a&name=x%0Ay", "the name"},
        {"email=a&language=x%0Ay", "the language"},
        {"email=a&attribute.age=seven", "age"},
        {"{\"email\": \"a\"", "is not a JSON object"},
        {"{\"email\": \"a\", \"email\": \"b\"}", "is not a JSON object"},
        {"{\"email\": \"a\", \"list\": [\"x\\ny\"]}", "the list"},
        {"{\"email\": \"a\", \"attributes\": {\"age\": \"x\"}}", "age"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        struct nl_error err = {0};
        struct nl_form form;
        assert_fails(read_bytes(rows[i].text, strlen(rows[i].text), &form, &err), NL_DATA,
                     rows[i].words);
        assert_null(form.address);
    }
    struct nl_error err = {0};
    struct nl_form form;
    assert_fails(read_bytes("email=a\0b", 9, &form, &err), NL_DATA, "holds a NUL byte");
}

/* 64 KiB in all. */
static void test_the_size(void **state) {
    enum { LIMIT = 64 * 1024 };
    static const char head[] = "email=a&x=";
    static const struct {
        size_t len;
        bool taken;
    } rows[] = {{LIMIT - 1, true}, {LIMIT, true}, {LIMIT + 1, false}, {LIMIT + 9000, false}};
    (void)state;
    for_each_row (i, rows, NULL) {
        struct nl_error err = {0};
        struct nl_form form;
        char *text = malloc(rows[i].len);
        assert_non_null(text);
        memset(text, 'x', rows[i].len);
        for (size_t k = 0; k < sizeof head - 1; k++)
            text[k] = head[k];
        if (rows[i].taken) {
            assert_ok(read_bytes(text, rows[i].len, &form, &err));
            assert_string_equal(form.address, "a");
            nl_form_free(&form);
        } else {
            assert_fails(read_bytes(text, rows[i].len, &form, &err), NL_DATA, "is larger than");
        }
        free(text);
    }
}

static void test_many_lists_and_names(void **state) {
    struct nl_error err = {0};
    struct nl_form form = {0};
    char name[16];
    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "list%d", i);
        assert_ok(nl_form_take(&form, "list", name, &err));
    }
    assert_ok(nl_form_take(&form, "list", "list7", &err)); /* there already */
    assert_fails(nl_form_take(&form, "list", "more", &err), NL_DATA, "more than 100 lists");
    /* names of attributes that are left out are noted for the log, some of them, and cut off */
    for (int i = 0; i < 50; i++)
        assert_ok(nl_form_take(
            &form, "attribute.0123456789012345678901234567890123456789012345678X-and-more", "x",
            &err));
    assert_memory_equal(nl_buf_text(&form.ignored),
                        "'0123456789012345678901234567890123456789012345678X', '", 55);
    assert_int_equal(form.ignored.len, 4 * 54 - 2);
    nl_form_free(&form);
}

static void test_checks(void **state) {
    static const struct {
        size_t name; /* its bytes */
        const char *language, *words;
    } rows[] = {
        {0, NULL, NULL}, {200, NULL, NULL},  {201, NULL, "longer than 200 bytes"},  {1, "de", NULL},
        {1, "", NULL},   {1, "pt-BR", NULL}, {1, "d", "'d' is not a language tag"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].language) {
        struct nl_error err = {0};
        char name[256] = "";
        memset(name, 'x', rows[i].name);
        const struct nl_form form = {.name = rows[i].name > 0 ? name : NULL,
                                     .language = (char *)rows[i].language};
        if (rows[i].words == NULL)
            assert_ok(nl_form_check(&form, &err));
        else
            assert_fails(nl_form_check(&form, &err), NL_DATA, rows[i].words);
    }
    struct nl_error err = {0};
    const struct nl_form broken = {.name = (char *)"a\nb"};
    assert_fails(nl_form_check(&broken, &err), NL_DATA, "the name");
}

static void test_attributes_of_a_command(void **state) {
    struct nl_error err = {0};
    char *attributes = NULL;
    (void)state;
    assert_ok(nl_form_attribute(&attributes, "city=Bonn=Rhein", &err));
    assert_string_equal(attributes, "{\"city\":\"Bonn=Rhein\"}");
    assert_ok(nl_form_attribute(&attributes, "a=", &err));
    assert_fails(nl_form_attribute(&attributes, "city", &err), NL_USAGE, "write it as KEY=VALUE");
    free(attributes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),    cmocka_unit_test(test_forms_that_are_refused),
        cmocka_unit_test(test_the_size), cmocka_unit_test(test_many_lists_and_names),
        cmocka_unit_test(test_checks),   cmocka_unit_test(test_attributes_of_a_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
