#include "cli/send_call.h"

#include "newsletter/base/address.h"
#include "newsletter/bulletin/sample.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_LENGTH = 76 };

/* Marks the subject, since a copy that lies among other mail is taken for the issue. A line that
 * becomes too long is folded (RFC 5322 section 2.2.3). */
static void mark_subject(struct nl_buf *message) {
    static const char field[] = "\r\nSubject: ";
    const char *found = strstr(nl_buf_text(message), field);
    if (found == NULL)
        return;
    struct nl_buf marked = {0};
    const char *value = found + sizeof field - 1;
    bool fits = strcspn(value, "\r") + sizeof "Subject: [Test]" <= LINE_LENGTH;
    nl_buf_add(&marked, message->data, (size_t)(value - message->data));
    nl_buf_adds(&marked, fits ? "[Test] " : "[Test]\r\n ");
    nl_buf_add(&marked, value, message->len - (size_t)(value - message->data));
    nl_buf_free(message);
    *message = marked;
}

enum nl_status cli_send_copy(struct cli *cli, const struct send_call *call, struct nl_error *err) {
    struct nl_address to = {0};
    struct nl_address from = {0};
    struct nl_buf message = {0};
    char *name = NULL;
    enum nl_status status = nl_address_parse(call->chosen->test, &to, err);
    if (status == NL_OK)
        status = nl_mailbox_parse(call->list.sender, &name, &from, err);
    if (status == NL_OK && !call->chosen->dry_run)
        status = cli_connect(cli, err);
    for (size_t i = 0; status == NL_OK && i < call->bulletin.view_count; i++) {
        const struct nl_edition edition = nl_bulletin_edition(&call->bulletin, i);
        status = nl_sample_fill(edition.message, edition.message_len, to.envelope, &message, err);
        if (status == NL_OK)
            mark_subject(&message);
        if (status == NL_OK && !call->chosen->dry_run)
            status = nl_send_test(&cli->config, cli->relay, from.envelope, &to, &message, err);
        if (status == NL_OK)
            printf(call->chosen->dry_run
                       ? "would send a test copy to %s (%s); nothing was sent (--dry-run)\n"
                       : "sent a test copy to %s (%s); the unsubscribe link in it does nothing\n",
                   to.text, edition.language);
    }
    free(name);
    nl_address_free(&to);
    nl_address_free(&from);
    nl_buf_free(&message);
    return status;
}
