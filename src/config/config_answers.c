#include "newsletter/config/answers.h"

#include "newsletter/base/embedded.h"

#include <string.h>

/* A value between quotation marks of YAML, which mean nothing but themselves. */
static void add_value(struct nl_buf *out, const char *indent, const char *name, const char *value) {
    nl_buf_addf(out, "%s%s: '", indent, name);
    for (const char *p = value; *p != '\0'; p++)
        nl_buf_addf(out, *p == '\'' ? "''" : "%c", *p);
    nl_buf_addf(out, "'\n");
}

static void add_site(struct nl_buf *out, const char *url) {
    nl_buf_addf(out, "serve:\n");
    add_value(out, "  ", "url", url);
}

static void add_relay(struct nl_buf *out, const struct nl_config_answers *answers) {
    add_value(out, "  ", "host", answers->host);
    nl_buf_addf(out, "  port: %d\n", answers->port);
}

static void add_login(struct nl_buf *out, const struct nl_config_answers *answers) {
    add_value(out, "  ", "username", answers->username);
    if (answers->password_file != NULL)
        add_value(out, "  ", "password_file", answers->password_file);
}

/* Writes what stands in the place of a line of the sample; false to leave it as it is. */
static bool replace_line(struct nl_buf *out, const char *line, size_t len, bool in_smtp,
                         const struct nl_config_answers *answers) {
#define BEGINS(text) (len >= sizeof(text) - 1 && memcmp(line, text, sizeof(text) - 1) == 0)
    if (BEGINS("confirm_url: ") || BEGINS("unsubscribe_url: "))
        nl_buf_addf(out, "#%.*s\n", (int)len, line);
    else if (answers->database != NULL && BEGINS("database: "))
        add_value(out, "", "database", answers->database);
    else if (answers->url != NULL && BEGINS("#serve:"))
        add_site(out, answers->url);
    else if (answers->url != NULL && BEGINS("#  url: https://news."))
        return true;
    else if (answers->bounce_address != NULL && BEGINS("#bounce_address: "))
        add_value(out, "", "bounce_address", answers->bounce_address);
    else if (answers->host != NULL && in_smtp && BEGINS("  host: "))
        add_relay(out, answers);
    else if (answers->host != NULL && in_smtp && BEGINS("  security: "))
        add_value(out, "  ", "security", answers->security);
    else if (answers->username != NULL && in_smtp && BEGINS("  #username: "))
        add_login(out, answers);
    else
        return answers->host != NULL && in_smtp && BEGINS("  port: ");
    return true;
#undef BEGINS
}

void nl_config_answer(const struct nl_config_answers *answers, struct nl_buf *out) {
    const char *at = nl_embedded_sample[0].data;
    bool in_smtp = false;
    while (*at != '\0') {
        size_t len = strcspn(at, "\n");
        if (at[0] != ' ' && at[0] != '#')
            in_smtp = strncmp(at, "smtp:", 5) == 0;
        if (!replace_line(out, at, len, in_smtp, answers))
            nl_buf_addf(out, "%.*s\n", (int)len, at);
        at += len + (at[len] == '\n');
    }
}
