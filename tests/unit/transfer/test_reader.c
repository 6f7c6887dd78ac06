/* Rows of CSV files, from the text of a file to the members that they make: csv.c, columns.c,
 * row.c. */
#include "support.h"

#include "transfer/reader.h"

#include <stdio.h>
#include <stdlib.h>

/* The result of a file: a line for each row, "line address|name|language|state|attributes" or "line
 * bad: reason"; after a reason of the file as a whole, "file: reason". */
static char *read_file(const char *text, const struct nl_import_options *options) {
    struct nl_reader *reader = calloc(1, sizeof *reader);
    struct nl_error err = {0};
    struct nl_buf out = {0};
    FILE *in = fmemopen((void *)text, strlen(text), "r");
    bool end = false;
    enum nl_status status = nl_reader_begin(reader, in, "x.csv", options, &err);
    if (status == NL_OK)
        status = nl_reader_choose(reader, NL_FORMAT_CSV, &err);
    while (status == NL_OK) {
        struct nl_member member = {0};
        bool bad = false;
        status = reader->next(reader, &end, &bad, &err);
        if (status == NL_OK && end)
            break;
        if (status == NL_OK) {
            status = nl_row_member(&reader->row, &reader->columns, &member, &err);
            bad = status == NL_DATA;
        }
        if (status != NL_OK && (!bad || reader->row.fatal))
            break;
        nl_buf_addf(&out, "%zu ", reader->row.line);
        if (status == NL_OK)
            nl_buf_addf(&out, "%s|%s|%s|%s|%s\n", member.address, member.name ? member.name : "",
                        member.language ? member.language : "",
                        member.blocked ? "blocked"
                        : member.state != NL_SUBSCRIPTION_ANY
                            ? nl_subscription_state_text(member.state)
                            : "",
                        member.attributes ? member.attributes : "");
        else
            nl_buf_addf(&out, "bad: %s\n", nl_error_text(&err));
        nl_error_free(&err);
        status = NL_OK;
    }
    if (status != NL_OK)
        nl_buf_addf(&out, "file: %s\n", nl_error_text(&err));
    nl_error_free(&err);
    nl_reader_free(reader);
    free(reader);
    fclose(in);
    return out.len > 0 ? nl_buf_take(&out) : strdup("");
}

static void assert_rows(const char *text, const struct nl_import_options *options,
                        const char *expected) {
    char *found = read_file(text, options);
    assert_string_equal(found, expected);
    free(found);
}

static const struct nl_import_options plain = {0};

/* Fields, quotation marks, ends of lines, and the line at which a row begins. */
static void test_rows(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"email\nann@x.example\n", "2 ann@x.example||||\n"},
        {"email\nann@x.example", "2 ann@x.example||||\n"}, /* no end of the last line */
        {"\n\nemail,name\n\nann@x.example,Ann\n", "5 ann@x.example|Ann|||\n"},
        {"email,name\n\"ann@x.example\",\"Lee, \"\"Ann\"\"\"\n",
         "2 ann@x.example|Lee, \"Ann\"|||\n"},
        {"email,name\nann@x.example,\"Ann\nLee\"\nbob@x.example,Bob\n",
         "2 bad: the name holds a line break or control character: write it on one line\n"
         "4 bob@x.example|Bob|||\n"},
        /* what spreadsheets leave: rows of separators, a header that comes again, empty fields */
        {"email,name\n,\n , \nann@x.example,Ann\n", "4 ann@x.example|Ann|||\n"},
        {"email,name\nann@x.example,Ann\nemail,name\nbob@x.example,Bob\n",
         "2 ann@x.example|Ann|||\n4 bob@x.example|Bob|||\n"},
        {"email,name\nann@x.example,Ann,,\n", "2 ann@x.example|Ann|||\n"},
        {"email,name\nann@x.example\n", "2 ann@x.example||||\n"},
        /* a row that is not good leaves the others alone */
        {"email,name\nann@x.example,Ann,x\nbob@x.example,Bob\n",
         "2 bad: it has 3 fields, the header 2\n3 bob@x.example|Bob|||\n"},
        {"email,name\n,Ann\n", "2 bad: there is no address\n"},
        {"email,name\nmailto:,Ann\n", "2 bad: there is no address\n"},
        {"email,name\nann@x.example,\"Ann\n", "file: x.csv:2: a quotation mark is never closed\n"},
        {"name,email\n", ""},
        {"", "file: x.csv is empty\n"},
        {"\n\n", "file: x.csv is empty\n"},
        {"name\nAnn\n",
         "file: x.csv:1: no column is called email: name it with --map email=COLUMN\n"},
    };
    for_each_row (i, cases, cases[i].text)
        assert_rows(cases[i].text, &plain, cases[i].expected);
}

/* The sign that separates fields: the one that stands most often outside of quotation marks, the
 * one that the file names, or the one that an option names. */
static void test_delimiters(void **state) {
    (void)state;
    static const char *const texts[] = {
        "email,name\nann@x.example,Ann\n",
        "email;name\nann@x.example;Ann\n",
        "email\tname\nann@x.example\tAnn\n",
        "email|name\nann@x.example|Ann\n",
        "\"email\";\"name\";\"a,b,c\"\nann@x.example;Ann;\n",
        "sep=;\nemail;name\nann@x.example;Ann\n",
        "SEP=^\r\nemail^name\r\nann@x.example^Ann\r\n",
        "\"sep=|\"\nemail|name\nann@x.example|Ann\n",
        "sep=;;;\nemail;name\nann@x.example;Ann\n",
        "sep=tab\nemail\tname\nann@x.example\tAnn\n",
        "sep=\\t\nemail\tname\nann@x.example\tAnn\n",
    };
    for_each_row (i, texts, texts[i]) {
        char *found = read_file(texts[i], &plain);
        assert_non_null(strstr(found, " ann@x.example|Ann|||\n"));
        free(found);
    }
    const struct nl_import_options colon = {.delimiter = ':'};
    assert_rows("email:name,x\nann@x.example:Ann\n", &colon, "2 ann@x.example||||\n");
}

/* Which column is what: by its name, by a better name than another's, by --map and --ignore. */
static void test_columns(void **state) {
    static const char *const map_name[] = {"name=Rufname", "attribute.city=Stadt"};
    static const char *const map_nothing[] = {"name=Other"};
    static const char *const map_field[] = {"planet=Stadt"};
    static const char *const map_half[] = {"name"};
    static const char *const map_empty[] = {"=x"};
    static const char *const ignored[] = {"E-Mail 2"};
    (void)state;
    const struct {
        const char *text;
        struct nl_import_options options;
        const char *expected;
    } cases[] = {
        {"e-mail,Rufname,Stadt\nann@x.example,Ann,Köln\n",
         {.maps = map_name, .map_count = 2},
         "2 ann@x.example|Ann|||{\"city\":\"Köln\"}\n"},
        {"email,rufname,STADT\nann@x.example,Ann,Köln\n", /* but for case */
         {.maps = map_name, .map_count = 2},
         "2 ann@x.example|Ann|||{\"city\":\"Köln\"}\n"},
        {"email,name,Rufname,Stadt\nann@x.example,A,Ann,\n", /* a mapped one is the only one */
         {.maps = map_name, .map_count = 2},
         "2 ann@x.example|Ann|||\n"},
        {"email\nann@x.example\n",
         {.maps = map_nothing, .map_count = 1},
         "file: x.csv:1: there is no column 'Other'\n"},
        {"email,Stadt\nann@x.example,K\n",
         {.maps = map_field, .map_count = 1},
         "file: --map 'planet=Stadt': there is no field 'planet': see newsletter(1)\n"},
        {"email\nann@x.example\n",
         {.maps = map_half, .map_count = 1},
         "file: --map 'name': write it as FIELD=COLUMN\n"},
        {"email\nann@x.example\n",
         {.maps = map_empty, .map_count = 1},
         "file: --map '=x': write it as FIELD=COLUMN\n"},
        {"email,E-Mail 2\nann@x.example,b@x.example\n",
         {.ignores = ignored, .ignore_count = 1},
         "2 ann@x.example||||\n"},
        {"email\nann@x.example\n",
         {.ignores = ignored, .ignore_count = 1},
         "file: x.csv:1: there is no column 'E-Mail 2'\n"},
        {"email,attribute.city\nann@x.example,Bonn\n",
         {0},
         "2 ann@x.example||||{\"city\":\"Bonn\"}\n"},
        {"email,Shoe size\nann@x.example,38\n", {0}, "2 ann@x.example||||\n"},
        {"email,Shoe size\nann@x.example,38\nbob@x.example,\n",
         {.keep_columns = true},
         "2 ann@x.example||||{\"Shoe_size\":\"38\"}\n3 bob@x.example||||\n"},
        {"email,Shoe size,name\nann@x.example,38,Ann\n",
         {.keep_columns = true, .addresses_only = true},
         "2 ann@x.example||||\n"},
    };
    for_each_row (i, cases, cases[i].text)
        assert_rows(cases[i].text, &cases[i].options, cases[i].expected);
}

/* The file is not understood when two columns say the same thing. */
static void test_two_columns_that_say_the_same(void **state) {
    (void)state;
    assert_rows("email,email\nann@x.example,\nbob@x.example,\n", &plain,
                "2 ann@x.example||||\n3 bob@x.example||||\n");
    char *found = read_file("email,email\nann@x.example,\nbob@x.example,b@x.example\n", &plain);
    assert_non_null(strstr(found, "2 ann@x.example||||\nfile: columns 'email' and 'email' both"));
    free(found);
    found = read_file("email,attribute.a,attribute.a\nann@x.example,1,2\n", &plain);
    assert_non_null(strstr(found, "file: two columns are the attribute a"));
    free(found);
}

/* 256 columns are read, one more is not, unless it is empty in a row. */
static void test_the_number_of_columns(void **state) {
    static const int counts[] = {NL_COLUMNS_LIMIT, NL_COLUMNS_LIMIT + 1};
    (void)state;
    for_each_row (i, counts, NULL) {
        struct nl_buf text = {0};
        nl_buf_adds(&text, "email");
        for (int column = 1; column < counts[i]; column++)
            nl_buf_addf(&text, ",c%d", column);
        nl_buf_adds(&text, "\nann@x.example");
        for (int column = 1; column < NL_COLUMNS_LIMIT; column++)
            nl_buf_adds(&text, ",");
        nl_buf_adds(&text, ",\n"); /* an empty field beyond the limit */
        assert_rows(nl_buf_text(&text), &plain,
                    i == 0 ? "2 ann@x.example||||\n" : "file: x.csv:1: more than 256 columns\n");
        nl_buf_free(&text);
    }
}

/* A row of a megabyte is one whose quotation mark is missing; blank lines are not part of a row. */
static void test_a_huge_row(void **state) {
    (void)state;
    struct nl_buf text = {0};
    nl_buf_adds(&text, "email,name\nann@x.example,\"");
    for (int i = 0; i < 30000; i++)
        nl_buf_adds(&text, "forty characters of a name, or thereab.\n");
    char *found = read_file(nl_buf_text(&text), &plain);
    assert_non_null(strstr(found, "file: x.csv:2: a row larger than a megabyte"));
    free(found);
    nl_buf_clear(&text);
    nl_buf_adds(&text, "email,name\n");
    for (int i = 0; i < (1 << 20) + 2; i++)
        nl_buf_adds(&text, "\n");
    nl_buf_adds(&text, "ann@x.example,Ann\n");
    found = read_file(nl_buf_text(&text), &plain);
    assert_string_equal(found, "1048580 ann@x.example|Ann|||\n");
    free(found);
    nl_buf_free(&text);
}

/* Names, languages, times, tags and attributes of one row. */
static void test_members(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"email,first name,last name\na@x.example,Ann,Lee\n", "2 a@x.example|Ann Lee|||\n"},
        {"email,first name,last name\na@x.example,Ann,\n", "2 a@x.example|Ann|||\n"},
        {"email,first name,last name\na@x.example,,Lee\n", "2 a@x.example|Lee|||\n"},
        {"email,first name,middle name,last name\na@x.example,Ann,B.,Lee\n",
         "2 a@x.example|Ann B. Lee|||\n"},
        {"email,name,first name\na@x.example,Ann Lee,Ann\n", "2 a@x.example|Ann Lee|||\n"},
        {"email,name,first name\na@x.example,Lee,Ann\n", "2 a@x.example|Ann Lee|||\n"},
        {"email\nmailto:a@x.example\n", "2 a@x.example||||\n"},
        {"email\nAnn <a@x.example>\n", "2 a@x.example|Ann|||\n"},
        {"email,name\nAnn <a@x.example>,Lee\n", "2 a@x.example|Lee|||\n"},
        {"email,state\na@x.example,unsubscribed\nb@x.example,active\n",
         "2 a@x.example|||unsubscribed|\n3 b@x.example|||active|\n"},
        {"email,state\na@x.example,unsubscribed\nb@x.example,\n",
         "2 a@x.example|||unsubscribed|\n3 b@x.example||||\n"},
        {"email,attributes\na@x.example,\"{\"\"b\"\":\"\"2\"\",\"\"a\"\":\"\"1\"\"}\"\n",
         "2 a@x.example||||{\"a\":\"1\",\"b\":\"2\"}\n"},
        {"email,attributes\na@x.example,[]\n", "2 bad: attributes are not a JSON object\n"},
        {"email,created_at\na@x.example,soon\n",
         "2 bad: created_at 'soon' is not a time like 2026-08-25T09:30:00Z\n"},
        {"email,created_at\na@x.example,03/04/2021\n",
         "2 bad: created_at '03/04/2021' could be one of two days: give --dates day-first or "
         "--dates month-first\n"},
        {"email,created_at\na@x.example,13/04/2021\n", "2 a@x.example||||\n"},
        /* what one row said is no longer said in the next */
        {"email,name,tags\na@x.example,Ann,\"x, y\"\nb@x.example,,\n",
         "2 a@x.example|Ann|||{\"tags\":[\"x\",\"y\"]}\n3 b@x.example||||\n"},
    };
    for_each_row (i, cases, cases[i].text)
        assert_rows(cases[i].text, &plain, cases[i].expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_delimiters),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_two_columns_that_say_the_same),
        cmocka_unit_test(test_the_number_of_columns),
        cmocka_unit_test(test_a_huge_row),
        cmocka_unit_test(test_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
