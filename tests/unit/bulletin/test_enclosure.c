/* Files that go along with an issue: their types, which are refused, how pictures are named in a
 * text, and a page that stands alone. */
#include "support.h"

#include "bulletin/enclosure.h"
#include "newsletter/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static char *path_of(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *data, size_t len) {
    struct nl_error err = {0};
    assert_ok(nl_file_write(path_of(name), data, len, false, &err));
}

/* A picture of one dot, with a comment that tells it from others. */
static void write_picture(const char *name, char sign) {
    char gif[] = "GIF89a\1\0\1\0\0\0\0!\xfe\1x\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;";
    gif[16] = sign;
    write_file(name, gif, sizeof gif - 1);
}

static int setup(void **state) {
    const char *top = getenv("TMPDIR");
    (void)state;
    snprintf(folder, sizeof folder, "%s/newsletter-unit-XXXXXX", top != NULL ? top : "/tmp");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(mkdir(path_of("sub"), 0700), 0);
    write_file("issue.md", "x", 1);
    write_file("a.txt", "text", 4);
    write_file("sub/b.pdf", "pdf", 3);
    write_file("empty.txt", "", 0);
    write_file("x.js", "1", 1);
    write_file("..c.txt", "dots", 4);
    write_picture("a.gif", 'a');
    write_picture("same.gif", 'a');
    write_picture("my ferry.gif", 'b');
    write_picture("100%20.gif", 'c');
    return 0;
}

static int teardown(void **state) {
    static const char *const names[] = {
        "issue.md", "a.txt",        "sub/b.pdf",  "empty.txt", "x.js",      "..c.txt", "a.gif",
        "same.gif", "my ferry.gif", "100%20.gif", "sub",       "large.bin", ""};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)remove(path_of(names[i]));
    return 0;
}

static void test_types(void **state) {
    static const struct {
        const char *name, *type; /* NULL: it is refused */
    } rows[] = {
        {"a.pdf", "application/pdf"},
        {"a.PDF", "application/pdf"},
        {"a.b.png", "image/png"},
        {"a.jpg", "image/jpeg"},
        {"a.jpeg", "image/jpeg"},
        {"a.gif", "image/gif"},
        {"a.ics", "text/calendar"},
        {"a.csv", "text/csv"},
        {"a.txt", "text/plain"},
        {"a.zip", "application/zip"},
        {"a.odt", "application/vnd.oasis.opendocument.text"},
        {"a.ods", "application/vnd.oasis.opendocument.spreadsheet"},
        {"a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {"a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {"a.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
        {"a.epub", "application/epub+zip"},
        {"a.mp3", "audio/mpeg"},
        {"a", "application/octet-stream"},
        {".pdf", "application/octet-stream"},
        {"pdf", "application/octet-stream"},
        {"a.pdf.x", "application/octet-stream"},
        {"a.exe", NULL},
        {"a.pdf.EXE", NULL},
        {"a.js", NULL},
        {"a.dll", NULL},
        {"a.json", "application/octet-stream"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        const char *type = NULL;
        if (rows[i].type == NULL) {
            assert_fails(nl_enclosures_type(rows[i].name, &type, &err), NL_DATA,
                         "is a program or like one");
        } else {
            assert_ok(nl_enclosures_type(rows[i].name, &type, &err));
            assert_string_equal(type, rows[i].type);
        }
    }
}

static void test_attachments(void **state) {
    static const struct {
        const char *path, *name, *type, *words;
    } rows[] = {
        {"a.txt", "a.txt", "text/plain", NULL},
        {"sub/b.pdf", "b.pdf", "application/pdf", NULL},
        {"sub/../a.txt", NULL, NULL, "is not within the issue's folder"},
        {"../a.txt", NULL, NULL, "is not within the issue's folder"},
        {"sub/..", NULL, NULL, "is not within the issue's folder"},
        {"..", NULL, NULL, "is not within the issue's folder"},
        {"/etc/passwd", NULL, NULL, "is not within the issue's folder"},
        {"", NULL, NULL, "is not within the issue's folder"},
        {"..c.txt", "..c.txt", "text/plain", NULL},
        {"./a.txt", "a.txt", "text/plain", NULL},
        {"empty.txt", NULL, NULL, "empty.txt is empty"},
        {"missing.txt", NULL, NULL, "missing.txt"},
        {"x.js", NULL, NULL, "is a program"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].path) {
        struct nl_error err = {0};
        struct nl_enclosures files = {0};
        char issue[256];
        snprintf(issue, sizeof issue, "%s", path_of("issue.md"));
        if (rows[i].words != NULL) {
            assert_fails(nl_enclosures_attach(&files, issue, rows[i].path, &err), NL_DATA,
                         rows[i].words);
        } else {
            assert_ok(nl_enclosures_attach(&files, issue, rows[i].path, &err));
            assert_int_equal(files.count, 1);
            assert_string_equal(files.items[0].name, rows[i].name);
            assert_string_equal(files.items[0].type, rows[i].type);
            assert_int_equal(files.size, files.items[0].data.len);
            assert_true(nl_enclosures_have(&files, false));
            assert_false(nl_enclosures_have(&files, true));
        }
        nl_enclosures_free(&files);
        assert_int_equal(files.size, 0);
    }
}

/* Fifty files, and 10 MiB in all. */
static void test_bounds(void **state) {
    enum { MOST = 10 << 20 };
    struct nl_error err = {0};
    struct nl_enclosures files = {0};
    char issue[256];
    char *large = calloc(1, MOST);
    (void)state;
    assert_non_null(large);
    snprintf(issue, sizeof issue, "%s", path_of("issue.md"));
    for (int i = 0; i < 50; i++)
        assert_ok(nl_enclosures_attach(&files, issue, "a.txt", &err));
    assert_int_equal(files.size, 200);
    assert_fails(nl_enclosures_attach(&files, issue, "a.txt", &err), NL_DATA, "more than 50 files");
    nl_enclosures_free(&files);
    write_file("large.bin", large, MOST - 4);
    assert_ok(nl_enclosures_attach(&files, issue, "large.bin", &err));
    assert_ok(nl_enclosures_attach(&files, issue, "a.txt", &err));
    nl_enclosures_free(&files);
    write_file("large.bin", large, MOST - 3);
    assert_ok(nl_enclosures_attach(&files, issue, "large.bin", &err));
    assert_fails(nl_enclosures_attach(&files, issue, "a.txt", &err), NL_DATA,
                 "more than 10 MiB in all");
    nl_enclosures_free(&files);
    free(large);
}

/* Reads pictures of a text, and returns its HTML-like list of addresses. */
static void read_pictures(const char *markdown, const char *base, struct nl_enclosures *files,
                          struct nl_md_node **document) {
    struct nl_error err = {0};
    assert_ok(nl_markdown_read(markdown, strlen(markdown), "f", false, document, &err));
    assert_ok(nl_enclosures_images(files, path_of("issue.md"), base, *document, &err));
}

static void add_addresses(const struct nl_md_node *node, struct nl_buf *out) {
    if (node->type == NL_MD_IMAGE)
        nl_buf_addf(out, "%s;", node->text);
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next)
        add_addresses(child, out);
}

static void test_pictures_on_a_server(void **state) {
    static const struct {
        const char *markdown, *base, *addresses;
    } rows[] = {
        {"![](a.gif)", "https://x.example", "https://x.example/a.gif;"},
        {"![](a.gif)", "https://x.example/", "https://x.example/a.gif;"},
        {"![](a.gif) ![](same.gif)", "https://x.example/",
         "https://x.example/a.gif;https://x.example/same.gif;"},
        {"![](my%20ferry.gif)", "https://x.example", "https://x.example/my%20ferry.gif;"},
        {"![](100%20.gif)", "https://x.example", "https://x.example/100%2520.gif;"},
        {"![](https://y.example/b.gif)", "https://x.example", "https://y.example/b.gif;"},
        {"no picture", "https://x.example", ""},
    };
    (void)state;
    for_each_row (i, rows, rows[i].markdown) {
        struct nl_enclosures files = {0};
        struct nl_md_node *document = NULL;
        struct nl_buf out = {0};
        read_pictures(rows[i].markdown, rows[i].base, &files, &document);
        add_addresses(document, &out);
        assert_string_equal(nl_buf_text(&out), rows[i].addresses);
        assert_int_equal(files.count, 0);
        nl_buf_free(&out);
        nl_md_free(document);
        nl_enclosures_free(&files);
    }
}

/* The same picture is enclosed once, whatever its name. */
static void test_pictures_in_the_mail(void **state) {
    static const struct {
        const char *markdown;
        size_t count;
    } rows[] = {{"![](a.gif)", 1},
                {"![](a.gif) ![](a.gif)", 1},
                {"![](a.gif) ![](same.gif)", 1},
                {"![](a.gif) ![](my%20ferry.gif) ![](same.gif)", 2},
                {"![](my%20ferry.gif) ![](100%20.gif)", 2}};
    (void)state;
    for_each_row (i, rows, rows[i].markdown) {
        struct nl_enclosures files = {0};
        struct nl_md_node *document = NULL;
        struct nl_buf out = {0};
        read_pictures(rows[i].markdown, NULL, &files, &document);
        assert_int_equal(files.count, rows[i].count);
        assert_string_equal(files.items[0].type, "image/gif");
        assert_int_equal(strlen(files.items[0].content_id), 32 + strlen("@newsletter"));
        assert_true(nl_enclosures_have(&files, true));
        assert_false(nl_enclosures_have(&files, false));
        add_addresses(document, &out);
        assert_memory_equal(nl_buf_text(&out), "cid:", 4);
        assert_memory_equal(nl_buf_text(&out) + 4, files.items[0].content_id, 32);
        nl_buf_free(&out);
        nl_md_free(document);
        nl_enclosures_free(&files);
    }
}

static void test_pictures_that_are_refused(void **state) {
    static const struct {
        const char *markdown, *words;
    } rows[] = {
        {"![](a.txt)", "'a.txt' is neither PNG, JPEG nor GIF"},
        {"![](missing.gif)", "missing.gif"},
        {"![](missing%20.gif)", "missing .gif"},
        {"![](../a.gif)", "is not within the issue's folder"},
        {"![](%2e%2e/a.gif)", "is not within the issue's folder"},
        {"![](a.gif) ![](b.gif)", "b.gif"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].markdown) {
        struct nl_error err = {0};
        struct nl_enclosures files = {0};
        struct nl_md_node *document = NULL;
        assert_ok(nl_markdown_read(rows[i].markdown, strlen(rows[i].markdown), "f", false,
                                   &document, &err));
        assert_fails(nl_enclosures_images(&files, path_of("issue.md"), NULL, document, &err),
                     NL_DATA, rows[i].words);
        nl_md_free(document);
        nl_enclosures_free(&files);
    }
}

/* A page that stands alone has its pictures in itself; other addresses stay. */
static void test_embedding(void **state) {
    static const struct {
        const char *html, *expected;
    } rows[] = {
        {"<img src=\"cid:%s\">", "<img src=\"data:image/png;base64,YWJj\">"},
        {"cid:%s", "data:image/png;base64,YWJj"},
        {"acid:x cid:%s b", "acid:x data:image/png;base64,YWJj b"},
        {"cid:", "cid:"},
        {"cid:0123456789", "cid:0123456789"},
        {"", ""},
    };
    struct nl_enclosures files = {0};
    struct nl_buf data = {0};
    struct nl_buf address = {0};
    (void)state;
    nl_buf_adds(&data, "z");
    nl_enclosures_add(&files, "z.txt", "text/plain", &data);
    nl_buf_adds(&data, "abc");
    nl_enclosures_picture(&files, "logo", "image/png", &data, &address);
    assert_string_equal(files.items[1].name, "logo.png");
    assert_int_equal(files.size, 4);
    for_each_row (i, rows, rows[i].html) {
        char html[128];
        struct nl_buf out = {0};
        const char *at = strstr(rows[i].html, "cid:%s");
        if (at != NULL)
            snprintf(html, sizeof html, "%.*scid:%s%s", (int)(at - rows[i].html), rows[i].html,
                     files.items[1].content_id, at + 6);
        else
            snprintf(html, sizeof html, "%s", rows[i].html);
        nl_enclosures_embed(&files, html, &out);
        assert_string_equal(nl_buf_text(&out), rows[i].expected);
        nl_buf_free(&out);
    }
    nl_buf_free(&address);
    nl_enclosures_free(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_attachments),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_pictures_on_a_server),
        cmocka_unit_test(test_pictures_in_the_mail),
        cmocka_unit_test(test_pictures_that_are_refused),
        cmocka_unit_test(test_embedding),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
