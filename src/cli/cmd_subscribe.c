#include "cli/cli.h"

#include "newsletter/base/form.h"
#include "newsletter/base/text.h"
#include "newsletter/store/subscription.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_NAME = 1,
    OPT_LIST,
    OPT_IP,
    OPT_LANGUAGE,
    OPT_SOURCE,
    OPT_ATTRIBUTE,
    OPT_WAIT,
    OPT_NO_WAIT,
    OPT_HTML,
};

struct call {
    struct nl_form form;
    const char *ip;
    const char *source;
    bool from_form;
    bool wait;
    bool html; /* the answer is a page */
    struct nl_list list;
};

static const struct option long_options[] = {{"name", required_argument, NULL, OPT_NAME},
                                             {"list", required_argument, NULL, OPT_LIST},
                                             {"ip", required_argument, NULL, OPT_IP},
                                             {"language", required_argument, NULL, OPT_LANGUAGE},
                                             {"source", required_argument, NULL, OPT_SOURCE},
                                             {"attribute", required_argument, NULL, OPT_ATTRIBUTE},
                                             {"wait", no_argument, NULL, OPT_WAIT},
                                             {"no-wait", no_argument, NULL, OPT_NO_WAIT},
                                             {"html", no_argument, NULL, OPT_HTML},
                                             {0}};

static enum nl_status parse(struct call *call, int argc, char **argv, struct nl_error *err) {
    struct nl_form *form = &call->form;
    enum nl_status status = NL_OK;
    bool wait = false;
    bool no_wait = false;
    for (int option = 0;
         status == NL_OK && (option = cli_option(argc, argv, long_options, err)) != -1;) {
        switch (option) {
        case OPT_NAME:
            status = nl_form_take(form, "name", optarg, err);
            break;
        case OPT_LIST:
            status = nl_form_take(form, "list", optarg, err);
            break;
        case OPT_LANGUAGE:
            status = nl_form_take(form, "language", optarg, err);
            break;
        case OPT_ATTRIBUTE:
            status = nl_form_attribute(&form->attributes, optarg, err);
            break;
        case OPT_IP:
            call->ip = optarg;
            break;
        case OPT_SOURCE:
            call->source = optarg;
            break;
        case OPT_WAIT:
            wait = true;
            break;
        case OPT_NO_WAIT:
            no_wait = true;
            break;
        case OPT_HTML:
            call->html = true;
            break;
        default:
            return NL_USAGE;
        }
    }
    call->from_form = optind == argc;
    call->wait = wait || (!call->from_form && !no_wait);
    if (status == NL_OK && argc - optind > 1)
        status =
            nl_error_set(err, NL_USAGE, "one address at a time: see newsletter subscribe --help");
    if (status == NL_OK && !call->from_form)
        status = nl_form_take(form, "address", argv[optind], err);
    return status;
}

/* Fields that the form gave and the command line did not. */
static enum nl_status read_form(struct call *call, struct nl_error *err) {
    struct nl_form read = {0};
    struct nl_form *form = &call->form;
    enum nl_status status = nl_form_read(stdin, &read, err);
    char **slots[][2] = {{&form->address, &read.address},
                         {&form->name, &read.name},
                         {&form->list, &read.list},
                         {&form->language, &read.language},
                         {&form->attributes, &read.attributes}};
    for (size_t i = 0; status == NL_OK && i < sizeof slots / sizeof slots[0]; i++) {
        if (*slots[i][0] != NULL)
            continue;
        *slots[i][0] = *slots[i][1];
        *slots[i][1] = NULL;
    }
    nl_form_free(&read);
    return status;
}

static bool is_ip(const char *text) {
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static enum nl_status check(struct call *call, struct nl_error *err) {
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

static enum nl_status sign_up(struct cli *cli, struct call *call, int64_t *notice,
                              struct nl_error *err) {
    struct nl_address address = {0};
    enum nl_status status = nl_address_parse(call->form.address, &address, err);
    if (status == NL_OK)
        status = nl_list_find(cli->store, call->form.list, &call->list, err);
    const struct nl_signup signup = {
        .list = call->list.id,
        .address = &address,
        .name = call->form.name,
        .language = call->form.language,
        .attributes = call->form.attributes,
        .source = call->source != NULL ? call->source
                  : call->from_form    ? "form"
                                       : "operator",
        .ip = call->ip,
        .text_version = cli->config.confirmation.text_version,
        .resend_interval = cli->config.confirmation.resend_interval,
    };
    if (status == NL_OK)
        status = nl_subscribe(cli->store, &signup, notice, err);
    nl_address_free(&address);
    return status;
}

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct call call = {0};
    int64_t notice = 0;
    enum nl_status status = parse(&call, argc, argv, err);
    if (status == NL_OK && call.from_form)
        status = read_form(&call, err);
    if (status == NL_OK)
        status = check(&call, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK && (cli->config.confirm_url == NULL || cli->config.unsubscribe_url == NULL))
        status = nl_error_set(err, NL_CONFIG, "%s: confirm_url and unsubscribe_url must be set",
                              cli->config.path);
    if (status == NL_OK)
        status = cli_connect(cli, err);
    if (status == NL_OK)
        status = sign_up(cli, &call, &notice, err);
    if (status == NL_OK)
        status = cli_answer(cli, NL_ANSWER_ASKED, call.form.language, &call.list, call.html, err);
    if (status == NL_OK)
        cli_send_notice(cli, notice, call.wait);
    nl_list_free(&call.list);
    nl_form_free(&call.form);
    return status;
}

const struct command cmd_subscribe = {
    "subscribe",
    "ask an address to confirm its subscription",
    "Usage: newsletter subscribe ADDRESS [OPTIONS]\n"
    "       newsletter subscribe [OPTIONS] < FORM\n"
    "\n"
    "Sends the confirmation mail. Without ADDRESS, reads a form from standard input, URL-encoded\n"
    "or as a JSON object: email, name, list, language, attribute.KEY. The answer never tells\n"
    "whether an address was there already; repeating sends at most one mail per\n"
    "confirmation.resend_interval.\n"
    "\n"
    "  --name TEXT            the subscriber's name\n"
    "  --list NAME            which list (may be left out where there is only one)\n"
    "  --language TAG         the subscriber's language\n"
    "  --attribute KEY=VALUE  more about the subscriber; may be repeated\n"
    "  --ip ADDRESS           where consent came from (default: $REMOTE_ADDR)\n"
    "  --source TEXT          which form or page it was\n"
    "  --wait, --no-wait      wait until the mail is sent (default with ADDRESS), or answer at\n"
    "                         once and send in the background (default with a form)\n"
    "  --html                 answer with a whole web page (template page.html)\n"
    "\n"
    "Example: newsletter subscribe ann@example.org --name 'Ann Lee' --source fair\n",
    run,
    long_options,
    NULL};
