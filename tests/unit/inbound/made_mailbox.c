#include "inbound/made_mailbox.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct made_mailbox made_mailbox;

static void say(int fd, const char *text, const char *tag) {
    struct nl_buf out = {0};
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '%')
            nl_buf_adds(&out, tag);
        else
            nl_buf_add(&out, c, 1);
    }
    (void)!write(fd, nl_buf_text(&out), out.len);
    nl_buf_free(&out);
}

/* False ends the connection. */
static bool answer(int fd, char *line) {
    char tag[16] = "";
    line[strcspn(line, "\r\n")] = '\0';
    if (made_mailbox.imap) {
        size_t len = strcspn(line, " ");
        snprintf(tag, sizeof tag, "%.*s", (int)len, line);
        line += line[len] == ' ' ? len + 1 : len;
    }
    bool quiet = strncmp(line, "CAPA", 4) == 0 || strncmp(line, "USER", 4) == 0 ||
                 strncmp(line, "PASS", 4) == 0 || strncmp(line, "LOGIN", 5) == 0;
    if (!quiet)
        nl_buf_addf(&made_mailbox.log, "%s\n", line);
    for (struct mailbox_reply *reply = made_mailbox.replies; reply->command != NULL; reply++) {
        if (reply->used || strncmp(line, reply->command, strlen(reply->command)) != 0)
            continue;
        reply->used = true;
        if (reply->text == NULL)
            return false;
        say(fd, reply->text, tag);
        return true;
    }
    if (strcmp(line, "CAPABILITY") == 0)
        say(fd, "* CAPABILITY IMAP4rev1\r\n% OK\r\n", tag);
    else if (strcmp(line, "CAPA") == 0)
        say(fd, "+OK\r\nUSER\r\n.\r\n", tag);
    else
        say(fd, made_mailbox.imap ? "% OK done\r\n" : "+OK\r\n", tag);
    return strcmp(line, "QUIT") != 0 && strcmp(line, "LOGOUT") != 0;
}

/* One connection after another, until the listener is closed. */
static void *serve(void *unused) {
    (void)unused;
    for (int fd = -1; (fd = accept(made_mailbox.listener, NULL, NULL)) >= 0; close(fd)) {
        FILE *in = fdopen(dup(fd), "r");
        char line[1024];
        say(fd, made_mailbox.imap ? "* OK ready\r\n" : "+OK ready\r\n", "");
        while (fgets(line, sizeof line, in) != NULL && answer(fd, line)) {
        }
        fclose(in);
    }
    return NULL;
}

void made_mailbox_start(bool imap, struct mailbox_reply *replies) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    made_mailbox.imap = imap;
    made_mailbox.replies = replies;
    made_mailbox.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(made_mailbox.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(made_mailbox.listener, 4), 0);
    assert_int_equal(getsockname(made_mailbox.listener, (struct sockaddr *)&address, &len), 0);
    made_mailbox.port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&made_mailbox.thread, NULL, serve, NULL), 0);
}

void made_mailbox_stop(void) {
    shutdown(made_mailbox.listener, SHUT_RDWR);
    pthread_join(made_mailbox.thread, NULL);
    close(made_mailbox.listener);
}
