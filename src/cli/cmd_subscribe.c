#include "cli/cli.h"

#include "newsletter/base/form.h"
#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/network.h"
#include "newsletter/base/text.h"
#include "newsletter/service/sign_up.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct subscribe_options {
    const char *name, *language, *ip, *source, *wording;
    struct cli_texts lists, attributes;
    enum { WAIT_UNSAID, WAIT, NO_WAIT } wait;
    bool html;
};

struct subscribe_call {
    struct nl_form form;
    const char *ip;
    const char *source;
    const char *wording; /* a file with what the form showed */
    bool from_form;
    bool wait;
    bool html;         /* the answer is a page */
    bool trusts_lists; /* the command line named them, not the form */
    struct nl_public_lists lists;
    int64_t *notices; /* one for each list */
};

static enum nl_status take_field(struct nl_form *form, const char *key, const char *value,
                                 struct nl_error *err) {
    return value != NULL ? nl_form_take(form, key, value, err) : NL_OK;
}

/* Begins the form with what the command line says. */
static enum nl_status read_options(const struct cli *cli, const struct subscribe_options *chosen,
                                   struct subscribe_call *call, struct nl_error *err) {
    struct nl_form *form = &call->form;
    call->ip = chosen->ip;
    call->source = chosen->source;
    call->wording = chosen->wording;
    call->html = chosen->html;
    call->from_form = cli->word_count == 0;
    call->wait = chosen->wait == WAIT || (!call->from_form && chosen->wait != NO_WAIT);
    enum nl_status status = take_field(form, "name", chosen->name, err);
    for (size_t i = 0; status == NL_OK && i < chosen->lists.count; i++)
        status = take_field(form, "list", chosen->lists.items[i], err);
    if (status == NL_OK)
        status = take_field(form, "language", chosen->language, err);
    for (size_t i = 0; status == NL_OK && i < chosen->attributes.count; i++)
        status = nl_form_attribute(&form->attributes, chosen->attributes.items[i], err);
    return status == NL_OK ? take_field(form, "address", cli->words[0], err) : status;
}

/* Reads the form: its fields fill in what the command line left out. */
static enum nl_status read_form(const struct cli *cli, struct subscribe_call *call,
                                struct nl_error *err) {
    struct nl_form read = {0};
    struct nl_form *form = &call->form;
    cli_say_reading("the form");
    enum nl_status status = nl_form_read(stdin, &cli->config.forms, &read, err);
    char **pairs[][2] = {{&form->address, &read.address},
                         {&form->name, &read.name},
                         {&form->language, &read.language},
                         {&form->attributes, &read.attributes}};
    for (size_t i = 0; status == NL_OK && i < sizeof pairs / sizeof pairs[0]; i++) {
        if (*pairs[i][0] != NULL)
            continue;
        *pairs[i][0] = *pairs[i][1];
        *pairs[i][1] = NULL;
    }
    if (status == NL_OK && read.ignored.len > 0)
        nl_log(NL_LOG_NOTICE, NULL, "the form's attributes %s are left out: list them under forms",
               nl_buf_text(&read.ignored));
    call->trusts_lists = form->list_count > 0;
    if (status == NL_OK && !call->trusts_lists) {
        form->lists = read.lists;
        form->list_count = read.list_count;
        read.lists = NULL;
        read.list_count = 0;
    }
    nl_form_free(&read);
    return status;
}

static bool is_ip(const char *text) {
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static enum nl_status check_signup(struct subscribe_call *call, struct nl_error *err) {
    if (call->ip == NULL)
        call->ip = getenv("REMOTE_ADDR"); /* as CGI sets it */
    if (call->ip != NULL && call->ip[0] == '\0')
        call->ip = NULL;
    if (call->ip != NULL && !is_ip(call->ip))
        return nl_error_set(err, NL_DATA, "'%s' is not an IP address", call->ip);
    if (call->source != NULL && nl_text_check_line(call->source, "the source", err) != NL_OK)
        return err->status;
    return nl_form_check(&call->form, err);
}

/* The limits of the website hold for the hook too; they know the visitor by --ip. */
static enum nl_status check_limits(struct cli *cli, const struct subscribe_call *call,
                                   struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    struct nl_ip client;
    int64_t wait = 0;
    bool known = call->ip != NULL && nl_ip_parse(call->ip, &client);
    if (!call->from_form)
        return NL_OK;
    enum nl_status status = nl_office_sign_up_admit(&office, known ? &client : NULL, &wait, err);
    if (status == NL_OK && wait > 0)
        status = nl_error_set(err, NL_TEMPFAIL,
                              "too many sign-ups just now: there is room in %lld seconds (see "
                              "serve.joins_per_hour and serve.joins_in_total)",
                              (long long)wait);
    return status;
}

/* An operator, and a hook with --list, may name any list. */
static enum nl_status sign_up(struct cli *cli, struct subscribe_call *call, struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    const struct nl_form *form = &call->form;
    struct nl_address address = {0};
    const char *by = call->from_form ? "form" : "operator";
    struct nl_sign_up wanted = {
        .address = &address,
        .name = form->name,
        .language = form->language,
        .attributes = form->attributes,
        .source = call->source != NULL ? call->source : by,
        .ip = call->ip,
    };
    enum nl_status status = nl_address_parse(form->address, &address, err);
    if (status == NL_OK)
        status = nl_office_lists_to_join(&office, form, !call->from_form || call->trusts_lists,
                                         &call->lists, err);
    if (status == NL_OK)
        status = check_limits(cli, call, err);
    if (status == NL_OK)
        call->notices = nl_calloc(call->lists.count + 1, sizeof(int64_t));
    if (status == NL_OK)
        status = cli_read_wording(cli, call->wording, form->language, &wanted.wording, err);
    if (status == NL_OK)
        status = nl_office_sign_up(&office, &wanted, &call->lists, call->notices, err);
    nl_address_free(&address);
    return status;
}

/* As JSON; `mail` is NULL for the public, who must not know. */
static void tell_json(struct cli *cli, const struct subscribe_call *call, const char *mail) {
    json_t *lists = json_array();
    for (size_t i = 0; i < call->lists.count; i++)
        json_array_append_new(lists, json_string(call->lists.items[i].name));
    json_t *object = json_pack("{s:s, s:o, s:s}", "address", call->form.address, "lists", lists,
                               "result", "asked");
    if (mail != NULL)
        json_object_set_new(object, "mail", json_string(mail));
    cli_print_json(cli, object);
}

/* The answer is one for everybody, whatever happens. An operator, who has typed an address, may
 * know that nothing happens. */
static enum nl_status tell_operator(struct cli *cli, const struct subscribe_call *call,
                                    struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    struct nl_address address = {0};
    bool suppressed = false;
    bool sends = false;
    bool public = call->from_form || !call->wait;
    for (size_t i = 0; i < call->lists.count; i++)
        sends = sends || call->notices[i] != 0;
    if (cli->json && (public || sends))
        tell_json(cli, call, public ? NULL : "queued");
    if (public || sends)
        return NL_OK;
    enum nl_status status = nl_address_parse(call->form.address, &address, err);
    if (status == NL_OK)
        status = nl_office_is_suppressed(&office, &address, &suppressed, err);
    if (status == NL_OK && cli->json)
        tell_json(cli, call, suppressed ? "suppressed" : "not_again_yet");
    else if (status == NL_OK && suppressed)
        fprintf(stderr,
                "newsletter: no mail is sent: %s is suppressed ('newsletter suppress list')\n",
                address.text);
    else if (status == NL_OK)
        fprintf(stderr,
                "newsletter: no mail is sent now: the last one to %s is not long ago, or several "
                "have had no answer ('newsletter subscriber show %s')\n",
                address.text, address.text);
    nl_address_free(&address);
    return status;
}

static void free_call(struct subscribe_call *call) {
    free(call->notices);
    nl_public_lists_free(&call->lists);
    nl_form_free(&call->form);
}

static enum nl_status subscribe_run(struct cli *cli, void *options, struct nl_error *err) {
    struct subscribe_call call = {0};
    enum nl_status status = read_options(cli, options, &call, err);
    if (status == NL_OK)
        status = cli_configure(cli, err);
    if (status == NL_OK && call.from_form)
        status = read_form(cli, &call, err);
    if (status == NL_OK)
        status = check_signup(&call, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK && (cli->config.confirm_url == NULL || cli->config.unsubscribe_url == NULL))
        status = nl_error_set(err, NL_CONFIG, "%s: confirm_url and unsubscribe_url must be set",
                              cli->config.path);
    if (status == NL_OK)
        status = cli_connect(cli, err);
    if (status == NL_OK)
        status = sign_up(cli, &call, err);
    if (status == NL_OK && !cli->json)
        status = cli_answer(cli, NL_ANSWER_ASKED, call.form.language, &call.lists.items[0],
                            call.html, err);
    if (status == NL_OK)
        status = tell_operator(cli, &call, err);
    for (size_t i = 0; status == NL_OK && i < call.lists.count; i++)
        cli_send_notice(cli, call.notices[i], call.wait);
    free_call(&call);
    return status;
}

static const struct cli_option subscribe_table[] = {
    CLI_TEXT("name", struct subscribe_options, name),
    CLI_REPEATED("list", struct subscribe_options, lists),
    CLI_TEXT("ip", struct subscribe_options, ip),
    CLI_TEXT("language", struct subscribe_options, language),
    CLI_TEXT("source", struct subscribe_options, source),
    CLI_PATH("wording", struct subscribe_options, wording),
    CLI_REPEATED("attribute", struct subscribe_options, attributes),
    CLI_SET("wait", struct subscribe_options, wait, WAIT),
    CLI_SET("no-wait", struct subscribe_options, wait, NO_WAIT),
    CLI_FLAG("html", struct subscribe_options, html),
    {0},
};

const struct cli_command cmd_subscribe = {
    .name = "subscribe",
    .options = subscribe_table,
    .size = sizeof(struct subscribe_options),
    .run = subscribe_run,
    .words = {0, 1, "one ADDRESS at a time"},
    .heedless_of_imports = true,
};
