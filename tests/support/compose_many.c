/* Composes issue after issue in one process. Standard input: for each body a line with its length,
 * then its bytes. Standard output: for each a line "ok LENGTH" and the filled message, or "refused
 * LENGTH" and the error's text. The argument is a folder to write each issue to. */
#include "newsletter/base/file.h"
#include "newsletter/bulletin/bulletin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char front[] = "---\ntitle: Examples of the specification\ndate: 2026-08-25\n"
                            "number: No 1\npreheader: One line\n---\n";

static void answer(const char *word, const char *text, size_t len) {
    printf("%s %zu\n", word, len);
    fwrite(text, 1, len, stdout);
}

static enum nl_status fill(const struct nl_bulletin *bulletin, struct nl_buf *out,
                           struct nl_error *err) {
    const struct nl_recipient recipient = {.address = "reader@example.org",
                                           .name = "Ann <b> & Co",
                                           .attributes = "{}",
                                           .unsubscribe = "00000000-0000-4000-8000-000000000000",
                                           .message_id = "x@example.org"};
    struct nl_message *message = NULL;
    enum nl_status status =
        nl_message_parse(bulletin->issue.message, bulletin->issue.message_len, &message, err);
    if (status == NL_OK)
        status = nl_message_fill(message, &recipient, out, err);
    nl_message_free(message);
    return status;
}

static void compose(const char *path, const struct nl_list *list, const struct nl_config *config) {
    struct nl_error err = {0};
    struct nl_bulletin bulletin = {0};
    struct nl_buf out = {0};
    enum nl_status status = nl_bulletin_compose(path, list, config, &bulletin, &err);
    if (status == NL_OK)
        status = fill(&bulletin, &out, &err);
    if (status == NL_OK)
        answer("ok", out.data, out.len);
    else
        answer("refused", nl_error_text(&err), strlen(nl_error_text(&err)));
    nl_bulletin_free(&bulletin);
    nl_buf_free(&out);
    nl_error_free(&err);
}

int main(int argc, char **argv) {
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup("news"),
                           .title = strdup("News & Views"),
                           .sender = strdup("Press <press@example.org>")};
    const struct nl_config config = {.path = (char *)"none",
                                     .unsubscribe_url = (char *)"https://x.org/u?a=1&t={token}"};
    struct nl_buf text = {0};
    struct nl_buf path = {0};
    unsigned long len = 0;
    if (argc != 2 || nl_list_check(&list, &err) != NL_OK)
        return 64;
    nl_buf_addf(&path, "%s/issue.md", argv[1]);
    while (scanf("%lu%*1[\n]", &len) == 1) {
        nl_buf_clear(&text);
        nl_buf_adds(&text, front);
        nl_buf_reserve(&text, len + 1);
        if (fread(text.data + text.len, 1, len, stdin) != len ||
            nl_file_write(path.data, text.data, text.len + len, false, &err) != NL_OK)
            return 74;
        compose(path.data, &list, &config);
    }
    nl_list_free(&list);
    nl_buf_free(&text);
    nl_buf_free(&path);
    return 0;
}
