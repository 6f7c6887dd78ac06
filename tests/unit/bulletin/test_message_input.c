/* Data and attachments of a single message, within their bounds. */
#include "support.h"

#include "bulletin/message_input.h"

#include <stdio.h>

static void check_data(json_t *data, const char *words) {
    struct nl_error err = {0};
    if (words == NULL)
        assert_ok(nl_message_check_data(data, &err));
    else
        assert_fails(nl_message_check_data(data, &err), NL_DATA, words);
    json_decref(data);
}

static void test_data(void **state) {
    static const struct {
        const char *json, *words; /* NULL: it is taken */
    } rows[] = {
        {"{}", NULL},
        {"{\"a\": \"b\", \"c\": [1, true, null, {\"d\": 1.5}]}", NULL},
        {"{\"a\": \"two\\nlines\\tand a tab\"}", NULL},
        {"[]", "must be a JSON object"},
        {"\"a\"", "must be a JSON object"},
        {"{\"a\": \"b\\u0000c\"}", "a text with a NUL"},
        {"{\"a\": \"b\\u0001c\"}", "the data"},
        {"{\"a\": \"b\\r\\nc\"}", "the data"},
        {"{\"a\": {\"b\": [\"\\u0007\"]}}", "the data"},
        {"[[\"x\"]]", "must be a JSON object"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].json) {
        json_t *data = json_loads(rows[i].json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(data);
        check_data(data, rows[i].words);
    }
    struct nl_error err = {0};
    assert_ok(nl_message_check_data(NULL, &err));
}

static void test_depth(void **state) {
    static const struct {
        int objects; /* within each other, and a text in the last */
        bool taken;
    } rows[] = {{1, true}, {NL_MESSAGE_DEPTH, true}, {NL_MESSAGE_DEPTH + 1, false}, {50, false}};
    (void)state;
    for_each_row (i, rows, NULL) {
        json_t *data = json_pack("{s:s}", "a", "x");
        for (int k = 1; k < rows[i].objects; k++)
            data = json_pack("{s:o}", "a", data);
        check_data(data, rows[i].taken ? NULL : "is nested more than 8 deep");
    }
}

/* Two thousand values, the object itself among them, and 256 KiB, of which each value that is no
 * text takes eight. */
static void test_size(void **state) {
    enum { BYTES = NL_MESSAGE_DATA };
    static const struct {
        size_t texts, len;
        const char *words;
    } rows[] = {
        {NL_MESSAGE_VALUES - 1, 1, NULL},
        {NL_MESSAGE_VALUES, 1, "more than 2000 values or 256 KiB"},
        {1, BYTES - 16, NULL},
        {1, BYTES - 15, "more than 2000 values or 256 KiB"},
        {2, BYTES / 2 - 8, NULL},
        {2, BYTES / 2 - 7, "more than 2000 values"},
    };
    (void)state;
    for_each_row (i, rows, NULL) {
        struct nl_buf text = {0};
        json_t *data = json_object();
        for (size_t k = 0; k < rows[i].len; k++)
            nl_buf_addc(&text, 'x');
        /* with an array there is one more value */
        json_t *array = rows[i].texts <= 2 ? json_array() : NULL;
        for (size_t k = 0; k < rows[i].texts; k++) {
            char name[24];
            snprintf(name, sizeof name, "n%zu", k);
            if (array != NULL)
                json_array_append_new(array, json_string(nl_buf_text(&text)));
            else
                json_object_set_new(data, name, json_string(nl_buf_text(&text)));
        }
        if (array != NULL)
            json_object_set_new(data, "all", array);
        nl_buf_free(&text);
        check_data(data, rows[i].words);
    }
}

/* ---- attachments ---- */

static void test_names(void **state) {
    char longest[202];
    memset(longest, 'x', sizeof longest - 1);
    longest[201] = '\0';
    const struct {
        const char *name, *words; /* NULL: it is taken */
    } rows[] = {
        {"a.pdf", NULL},
        {"Bericht \u00fcber 2026.pdf", NULL},
        {longest + 1, NULL},
        {longest, "is not a name for an attachment"},
        {"", "is not a name for an attachment"},
        {" a.pdf", "is not a name for an attachment"},
        {"a.pdf ", "is not a name for an attachment"},
        {".a", "is not a name for an attachment"},
        {"a/b.pdf", "is not a name for an attachment"},
        {"a\\b.pdf", "is not a name for an attachment"},
        {"a\nb.pdf", "the name of an attachment"},
        {"a\u202egnp.pdf", "the name of an attachment"},
        {"a.exe", "is a program"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        struct nl_enclosures taken = {0};
        const struct nl_message_file file = {rows[i].name, "abc", 3};
        const struct nl_message_order order = {.files = &file, .file_count = 1};
        if (rows[i].words != NULL) {
            assert_fails(nl_message_take_files(&order, &taken, &err), NL_DATA, rows[i].words);
            assert_int_equal(taken.count, 0);
        } else {
            assert_ok(nl_message_take_files(&order, &taken, &err));
            assert_int_equal(taken.count, 1);
            assert_string_equal(taken.items[0].name, rows[i].name);
            assert_int_equal(taken.items[0].data.len, 3);
        }
        nl_enclosures_free(&taken);
    }
}

static void test_how_many_and_how_large(void **state) {
    static const char data[NL_MESSAGE_BYTES + 1];
    static const struct {
        size_t count, len; /* of the first; the others have a byte */
        const char *words;
    } rows[] = {
        {NL_MESSAGE_FILES, 1, NULL},
        {NL_MESSAGE_FILES + 1, 1, "20 attachments of 2 MiB"},
        {1, NL_MESSAGE_BYTES, NULL},
        {1, NL_MESSAGE_BYTES + 1, "20 attachments of 2 MiB"},
        {2, NL_MESSAGE_BYTES - 1, NULL},
        {2, NL_MESSAGE_BYTES, "20 attachments of 2 MiB"},
        {2, 0, "the attachment a.txt is empty"},
        {0, 0, NULL},
    };
    (void)state;
    for_each_row (i, rows, NULL) {
        struct nl_error err = {0};
        struct nl_enclosures taken = {0};
        struct nl_message_file files[NL_MESSAGE_FILES + 1];
        for (size_t k = 0; k < rows[i].count; k++)
            files[k] = (struct nl_message_file){"a.txt", data, k == 0 ? rows[i].len : 1};
        const struct nl_message_order order = {.files = files, .file_count = rows[i].count};
        if (rows[i].words != NULL) {
            assert_fails(nl_message_take_files(&order, &taken, &err), NL_DATA, rows[i].words);
        } else {
            assert_ok(nl_message_take_files(&order, &taken, &err));
            assert_int_equal(taken.count, rows[i].count);
        }
        nl_enclosures_free(&taken);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_how_many_and_how_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
