/* Any bytes as an issue: the composer refuses them with an error or makes a message that fills, and
 * checks it. */
#include "newsletter/base/file.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/bulletin/check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char path[64];

static void demand(bool holds) {
    if (!holds)
        abort();
}

static void remove_file(void) {
    unlink(path);
}

static void fill(const struct nl_bulletin *bulletin, const char *name, const char *attributes) {
    const struct nl_recipient recipient = {.address = "reader@example.org",
                                           .name = name,
                                           .attributes = attributes,
                                           .unsubscribe = "token",
                                           .message_id = "x@example.org"};
    struct nl_error err = {0};
    struct nl_message *message = NULL;
    struct nl_buf out = {0};
    demand(nl_message_parse(bulletin->issue.message, bulletin->issue.message_len, &message, &err) ==
           NL_OK);
    demand(nl_message_fill(message, &recipient, &out, &err) == NL_OK);
    for (size_t i = 0, line = 0; i < out.len; i++) {
        unsigned char c = (unsigned char)out.data[i];
        line = c == '\n' ? 0 : line + 1;
        demand(line <= 999 && (c >= 32 || c == '\r' || c == '\n' || c == '\t'));
    }
    nl_message_free(message);
    nl_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static struct nl_list list;
    static const struct nl_config config = {.path = (char *)"none",
                                            .unsubscribe_url = (char *)"https://x.org/u/{token}"};
    static const struct nl_config with_html = {.path = (char *)"none",
                                               .raw_html = true,
                                               .unsubscribe_url =
                                                   (char *)"https://x.org/u/{token}"};
    struct nl_error err = {0};
    struct nl_bulletin bulletin = {0};
    struct nl_findings findings = {0};
    if (path[0] == '\0') {
        snprintf(path, sizeof path, "/dev/shm/newsletter-fuzz-%ld.md", (long)getpid());
        atexit(remove_file);
        list = (struct nl_list){.name = strdup("news"), .sender = strdup("P <press@example.org>")};
        demand(nl_list_check(&list, &err) == NL_OK);
    }
    demand(nl_file_write(path, data, len, false, &err) == NL_OK);
    if (nl_bulletin_compose(path, &list, len % 2 ? &with_html : &config, &bulletin, &err) ==
        NL_OK) {
        fill(&bulletin, "Ann", "{\"a\":\"b\"}");
        fill(&bulletin, NULL, NULL);
        demand(nl_bulletin_check(&bulletin, &list, len % 2 ? &with_html : &config, &findings,
                                 &err) == NL_OK);
        for (size_t i = 0; i < findings.count; i++)
            demand(strpbrk(findings.items[i].text, "\r\n") == NULL);
        nl_findings_free(&findings);
    } else {
        demand(err.text != NULL && strpbrk(err.text, "\r\n") == NULL);
    }
    nl_bulletin_free(&bulletin);
    nl_error_free(&err);
    return 0;
}
