#include "support.h"

#include "newsletter/base/network.h"
#include "web/proxy_header.h"

#include <stdio.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\x00\x02\x01\xc6\x33\x64\x01\x12\x34\x01\xbb"
#define V6                                                                                         \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x12\x34" \
    "\x01\xbb"
#define NUL54                                                                                      \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
    "\0\0\0\0\0\0\0\0"
#define UNIX NUL54 NUL54 NUL54 NUL54

/* `client`: the address; "" for the proxy's own; NULL for a header that is wrong. */
static const struct header {
    const char *data;
    size_t len;
    const char *client;
} headers[] = {
#define ROW(text, client)                                                                          \
    { text, sizeof(text) - 1, client }
    ROW(SIGNATURE "\x21\x11\x00\x0c" V4, "192.0.2.1"),
    ROW(SIGNATURE "\x21\x11\x00\x13" V4 "\x03\x00\x04\x01\x02\x03\x04", "192.0.2.1"),
    ROW(SIGNATURE "\x21\x21\x00\x24" V6, "2001:db8::7"),
    ROW(SIGNATURE "\x20\x00\x00\x00", ""),
    ROW(SIGNATURE "\x20\x11\x00\x0c" V4, ""),
    ROW(SIGNATURE "\x21\x00\x00\x00", ""),
    ROW(SIGNATURE "\x21\x31\x00\xd8" UNIX, ""),
    ROW(SIGNATURE "\x21\x11\x00\x0b\xc0\x00\x02\x01\xc6\x33\x64\x01\x12\x34\x01", NULL),
    ROW(SIGNATURE "\x21\x21\x00\x0c" V4, NULL),
    ROW(SIGNATURE "\x21\x12\x00\x0c" V4, NULL), /* UDP */
    ROW(SIGNATURE "\x31\x11\x00\x0c" V4, NULL), /* version 3 */
    ROW(SIGNATURE "\x22\x11\x00\x0c" V4, NULL), /* no such command */
    ROW(SIGNATURE "\x21\x11\xff\xff", NULL),    /* too long */
    ROW("\r\n\r\n\0\r\nQUIT\r", NULL),
    ROW("GET / HTTP/1.1\r\n", NULL),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 4660 443\r\n", "192.0.2.1"),
    ROW("PROXY TCP6 2001:db8::7 2001:db8::1 4660 443\r\n", "2001:db8::7"),
    ROW("PROXY UNKNOWN\r\n", ""),
    ROW("PROXY UNKNOWN ffff:f ffff:f 65535 65535\r\n", ""),
    ROW("PROXY UNKNOWNS\r\n", NULL),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 4660 443\n", NULL),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 4660\r\n", NULL),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 4660 443 1\r\n", NULL),
    ROW("PROXY TCP4  192.0.2.1 198.51.100.1 4660 443\r\n", NULL),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n", NULL),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 65535 7\r\n", "192.0.2.1"),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 0 65535\r\n", "192.0.2.1"),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 000080 443\r\n", NULL),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1  443\r\n", NULL),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 80 \r\n", NULL),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 80 443x\r\n", NULL),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 +80 443\r\n", NULL),
    ROW("PROXY TCP4 2001:db8::7 2001:db8::1 4660 443\r\n", NULL),
    ROW("PROXY TCP4 192.0.2.1\0 198.51.100.1 4660 443\r\n", NULL),
    ROW("PROXY TCP4 192.0.2.1 198.51.100.1 4660 443 and no end in sight, however long one reads on "
        "to find one there is none and none\r\n",
        NULL),
#undef ROW
};

/* Takes bytes as they are wanted. The number of those that were taken, and whether that was all. */
static bool take(const struct header *row, size_t *taken) {
    *taken = 0;
    for (;;) {
        int wanted = nl_proxy_header_wants((const unsigned char *)row->data, *taken);
        if (wanted <= 0)
            return wanted == 0;
        if (*taken + (size_t)wanted > row->len)
            return false;
        *taken += (size_t)wanted;
    }
}

static void test_headers(void **state) {
    (void)state;
    for_each_row (i, headers, headers[i].data) {
        const struct header *row = &headers[i];
        struct sockaddr_storage address;
        socklen_t len = 0;
        size_t taken = 0;
        bool known = false;
        char text[NL_IP_TEXT] = "";
        bool good = take(row, &taken) && nl_proxy_header_read((const unsigned char *)row->data,
                                                              taken, &known, &address, &len);
        assert_int_equal(good, row->client != NULL);
        if (!good)
            continue;
        assert_int_equal(taken, row->len); /* and no byte of what follows */
        if (known) {
            struct nl_ip ip;
            nl_ip_of((const struct sockaddr *)&address, &ip);
            nl_ip_text(&ip, text);
        }
        assert_string_equal(text, row->client);
    }
}

/* Each beginning of a good header wants more, and reads nothing beyond. */
static void test_beginnings(void **state) {
    (void)state;
    for_each_row (i, headers, headers[i].data) {
        if (headers[i].client == NULL)
            continue;
        for (size_t len = 0; len < headers[i].len; len++) {
            int wanted = nl_proxy_header_wants((const unsigned char *)headers[i].data, len);
            assert_true(wanted > 0 && len + (size_t)wanted <= headers[i].len);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_beginnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
