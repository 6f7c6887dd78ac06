#include "cli/init.h"

#include "newsletter/base/address.h"
#include "newsletter/base/endpoint.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/network.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The longest answer. */
enum { ANSWER = 256 };

/* Checks an answer, and takes it. NL_USAGE, with a message, for one that cannot be. */
typedef enum nl_status take_answer(struct init_answers *answers, const char *text,
                                   struct nl_error *err);

static enum nl_status keep(char **out, const char *text, struct nl_error *err) {
    (void)err;
    free(*out);
    *out = nl_strdup(text);
    return NL_OK;
}

static enum nl_status take_url(struct init_answers *answers, const char *text,
                               struct nl_error *err) {
    if (!nl_text_is_http_url(text) || strpbrk(text, "?#{}") != NULL)
        return nl_error_set(err, NL_USAGE,
                            "'%s' is not a web address like https://news.embassy.int", text);
    return keep(&answers->url, text, err);
}

static enum nl_status take_relay(struct init_answers *answers, const char *text,
                                 struct nl_error *err) {
    struct nl_endpoint at;
    if (!nl_endpoint_read(text, &at) || (at.port != NULL && at.number == 0) ||
        strcspn(text, " \t/@") != strlen(text))
        return nl_error_set(err, NL_USAGE,
                            "'%s' is not a mail server like mail.embassy.int or "
                            "mail.embassy.int:587",
                            text);
    answers->port = at.number > 0 ? at.number : nl_host_is_loopback(at.host) ? 25 : 587;
    return keep(&answers->host, at.host, err);
}

static enum nl_status take_security(struct init_answers *answers, const char *text,
                                    struct nl_error *err) {
    if (strcmp(text, "starttls") != 0 && strcmp(text, "tls") != 0 && strcmp(text, "none") != 0)
        return nl_error_set(err, NL_USAGE, "'%s' is not one of starttls, tls and none", text);
    return keep(&answers->security, text, err);
}

static enum nl_status take_username(struct init_answers *answers, const char *text,
                                    struct nl_error *err) {
    return keep(&answers->username, text, err);
}

static enum nl_status take_password_file(struct init_answers *answers, const char *text,
                                         struct nl_error *err) {
    return keep(&answers->password_file, text, err);
}

static enum nl_status take_bounce_address(struct init_answers *answers, const char *text,
                                          struct nl_error *err) {
    struct nl_address address = {0};
    enum nl_status status = nl_address_parse(text, &address, err);
    nl_address_free(&address);
    return status == NL_OK ? keep(&answers->bounce_address, text, err) : status;
}

static enum nl_status take_from(struct init_answers *answers, const char *text,
                                struct nl_error *err) {
    struct nl_address address = {0};
    char *name = NULL;
    enum nl_status status = nl_mailbox_parse(text, &name, &address, err);
    free(name);
    nl_address_free(&address);
    return status == NL_OK ? keep(&answers->from, text, err) : status;
}

/* Asks until the answer can be taken; a blank one leaves it open, or takes `usual`. */
static enum nl_status ask(struct init_answers *answers, const char *question, const char *usual,
                          take_answer *take, struct nl_error *err) {
    char line[ANSWER];
    for (;;) {
        fprintf(stderr, usual != NULL ? "%s [%s]: " : "%s: ", question, usual);
        if (fgets(line, sizeof line, stdin) == NULL)
            return nl_error_set(err, NL_USAGE, "the answers ended: nothing was written");
        line[strcspn(line, "\r\n")] = '\0';
        const char *text = line + strspn(line, " \t");
        text = *text == '\0' && usual != NULL ? usual : text;
        enum nl_status status = *text == '\0' ? NL_OK : take(answers, text, err);
        if (status != NL_USAGE && status != NL_DATA)
            return status;
        fprintf(stderr, "%s\n", nl_error_text(err));
        nl_error_free(err);
    }
}

static const char *usual_security(const struct init_answers *answers) {
    return answers->port == 465 ? "tls" : nl_host_is_loopback(answers->host) ? "none" : "starttls";
}

static enum nl_status ask_for_relay(struct init_answers *answers, struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (answers->host == NULL)
        status = ask(answers, "The mail server that takes your mail, HOST or HOST:PORT",
                     "localhost:25", take_relay, err);
    if (status == NL_OK && answers->security == NULL)
        status = ask(answers, "Its encryption: starttls, tls or none", usual_security(answers),
                     take_security, err);
    if (status == NL_OK && answers->username == NULL && !nl_host_is_loopback(answers->host))
        status =
            ask(answers, "The user name to log in with (blank: none)", NULL, take_username, err);
    if (status == NL_OK && answers->username != NULL && answers->password_file == NULL)
        status = ask(answers, "The file that holds the password, readable by you alone",
                     "smtp.password", take_password_file, err);
    return status;
}

enum nl_status init_ask(struct init_answers *answers, struct nl_error *err) {
    enum nl_status status = NL_OK;
    fputs("A blank answer leaves a question open; every answer can be changed later.\n", stderr);
    if (answers->from == NULL)
        status = ask(answers, "The sender, such as Press Office <press@embassy.int>", NULL,
                     take_from, err);
    if (status == NL_OK)
        status = ask_for_relay(answers, err);
    if (status == NL_OK && answers->url == NULL)
        status = ask(answers, "The web address of the newsletter's pages for readers", NULL,
                     take_url, err);
    if (status == NL_OK && answers->bounce_address == NULL)
        status = ask(answers, "The address that bounces come to", NULL, take_bounce_address, err);
    return status;
}

enum nl_status init_take(struct init_answers *answers, const struct init_options *options,
                         struct nl_error *err) {
    const struct {
        const char *text;
        take_answer *take;
    } given[] = {
        {options->from, take_from},
        {options->relay, take_relay},
        {options->security, take_security},
        {options->username, take_username},
        {options->password_file, take_password_file},
        {options->url, take_url},
        {options->bounce_address, take_bounce_address},
    };
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof given / sizeof given[0]; i++)
        if (given[i].text != NULL)
            status = given[i].take(answers, given[i].text, err);
    if (status == NL_OK && answers->host == NULL &&
        (options->security != NULL || options->username != NULL))
        return nl_error_set(err, NL_USAGE, "--security and --username need --relay");
    if (status == NL_OK && answers->username == NULL && options->password_file != NULL)
        return nl_error_set(err, NL_USAGE, "--password-file needs --username");
    return status;
}

enum nl_status init_settle(struct init_answers *answers, struct nl_error *err) {
    return answers->host != NULL && answers->security == NULL
               ? take_security(answers, usual_security(answers), err)
               : NL_OK;
}

bool init_has_answers(const struct init_answers *answers) {
    return answers->from != NULL || answers->url != NULL || answers->host != NULL ||
           answers->bounce_address != NULL;
}

void init_free(struct init_answers *answers) {
    free(answers->from);
    free(answers->url);
    free(answers->host);
    free(answers->security);
    free(answers->username);
    free(answers->password_file);
    free(answers->bounce_address);
}
