#include "cli/cli.h"

#include "newsletter/inbound/provider.h"

#include <string.h>

/* One hook with all that belongs to it. */
struct guide {
    const struct nl_config *config;
    const struct nl_hook_config *hook;
    const struct nl_provider_guide *provider;
    struct nl_buf url, field;
    bool sends; /* a relay is this provider's */
};

static void open_guide(const struct nl_config *config, const struct nl_hook_config *hook,
                       struct guide *out) {
    size_t count = 0;
    const struct nl_smtp_server *relays = nl_config_relays(config, &count);
    *out = (struct guide){
        .config = config, .hook = hook, .provider = nl_provider_guide(hook->provider)};
    for (size_t i = 0; i < count; i++)
        out->sends = out->sends || relays[i].provider == hook->provider;
    nl_buf_addf(&out->url, "%s/hooks/%s",
                config->serve.url != NULL ? config->serve.url : "https://HOST", hook->name);
    nl_provider_add_field(hook->provider, "TOKEN", &out->field);
    out->field.data[strcspn(out->field.data, "\r")] = '\0';
}

static void close_guide(struct guide *guide) {
    nl_buf_free(&guide->url);
    nl_buf_free(&guide->field);
}

static const char *user_of(const struct nl_hook_config *hook) {
    return hook->username != NULL ? hook->username : "newsletter";
}

/* "a, b" as an array. */
static json_t *words_json(const char *text) {
    json_t *array = json_array();
    while (*text != '\0') {
        const char *end = strstr(text, ", ");
        size_t len = end != NULL ? (size_t)(end - text) : strlen(text);
        json_array_append_new(array, json_stringn(text, len));
        text += end != NULL ? len + 2 : len;
    }
    return array;
}

static json_t *guide_json(const struct guide *guide) {
    const struct nl_provider_guide *provider = guide->provider;
    json_t *steps = json_array();
    for (size_t i = 0; i < NL_PROVIDER_STEPS && provider->steps[i] != NULL; i++)
        json_array_append_new(steps, json_string(provider->steps[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:o, s:s, s:s, s:b, s:o}", "name",
                     guide->hook->name, "provider", nl_provider_names[guide->hook->provider],
                     "title", provider->title, "url", nl_buf_text(&guide->url), "username",
                     provider->by_login ? user_of(guide->hook) : NULL, "secret_file",
                     guide->hook->secret_file, "topic", guide->hook->topic, "events",
                     words_json(provider->events), "proof", provider->proof, "header",
                     nl_buf_text(&guide->field), "header_sent", (int)guide->sends, "steps", steps);
}

static enum nl_status add_json(const struct guide *guide, json_t *array, struct nl_error *err) {
    json_t *object = guide_json(guide);
    return json_array_append_new(array, object) == 0 ? NL_OK : nl_error_nomem(err);
}

/* Prints a text in lines of 80 columns, each begun by an indent. */
static void print_wrapped(const char *first, const char *text) {
    enum { WIDTH = 79, INDENT = 12 };
    int column = printf("%-*s", INDENT, first);
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (column > INDENT && column + 1 + (int)len > WIDTH) {
            printf("\n%*s", INDENT, "");
            column = INDENT;
        } else if (column > INDENT) {
            column += printf(" ");
        }
        column += printf("%.*s", (int)len, text);
        text += len + (text[len] == ' ');
    }
    putchar('\n');
}

static void print_guide(const struct guide *guide, bool first) {
    const struct nl_provider_guide *provider = guide->provider;
    const struct nl_hook_config *hook = guide->hook;
    printf("%s%s: %s\n", first ? "" : "\n", hook->name, provider->title);
    print_wrapped("  URL", nl_buf_text(&guide->url));
    if (guide->config->serve.url == NULL)
        print_wrapped("", "(set serve.url, the address under which 'serve' is reached)");
    if (provider->by_login)
        print_wrapped("  user", user_of(hook));
    if (hook->secret_file != NULL)
        printf("%-12sthe line in %s\n", "  secret", hook->secret_file);
    else if (hook->secret_env != NULL)
        printf("%-12sthe value of $%s\n", "  secret", hook->secret_env);
    if (hook->topic != NULL)
        print_wrapped("  topic", hook->topic);
    print_wrapped("  events", provider->events);
    print_wrapped("  proof", provider->proof);
    print_wrapped("  header", nl_buf_text(&guide->field));
    if (!guide->sends) {
        printf("%12s(not sent: set 'provider: %s' under smtp or at the relay,\n", "",
               nl_provider_names[hook->provider]);
        printf("%12sso that reports prove themselves)\n", "");
    }
    for (size_t i = 0; i < NL_PROVIDER_STEPS && provider->steps[i] != NULL; i++) {
        char number[16];
        snprintf(number, sizeof number, "  step %zu", i + 1);
        print_wrapped(number, provider->steps[i]);
    }
}

static bool is_wanted(const struct cli *cli, const char *name) {
    for (int i = 0; i < cli->word_count; i++)
        if (strcmp(cli->words[i], name) == 0)
            return true;
    return cli->word_count == 0;
}

static enum nl_status check_names(const struct cli *cli, struct nl_error *err) {
    for (int i = 0; i < cli->word_count; i++) {
        size_t at = 0;
        while (at < cli->config.hook_count &&
               strcmp(cli->config.hooks[at].name, cli->words[i]) != 0)
            at++;
        if (at == cli->config.hook_count)
            return nl_error_set(err, NL_NOTFOUND, "%s: there is no hook '%s'", cli->config.path,
                                cli->words[i]);
    }
    return NL_OK;
}

static enum nl_status hooks_run(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    json_t *array = json_array();
    bool first = true;
    enum nl_status status = cli_configure(cli, err);
    if (status == NL_OK)
        status = check_names(cli, err);
    for (size_t i = 0; status == NL_OK && i < cli->config.hook_count; i++) {
        struct guide guide = {0};
        if (!is_wanted(cli, cli->config.hooks[i].name))
            continue;
        open_guide(&cli->config, &cli->config.hooks[i], &guide);
        if (cli->json)
            status = add_json(&guide, array, err);
        else
            print_guide(&guide, first);
        first = false;
        close_guide(&guide);
    }
    if (status == NL_OK && cli->json) {
        cli_print_json(cli, json_incref(array));
    } else if (status == NL_OK && cli->config.hook_count == 0) {
        printf("%s has no hooks. For a provider that replaces the return path of our mail:\n"
               "hooks:\n"
               "  mailgun: {provider: mailgun, secret_file: mailgun.secret}\n",
               cli->config.path);
    }
    json_decref(array);
    return status;
}

const struct cli_command cmd_hooks = {
    .name = "hooks",
    .run = hooks_run,
    .words = {0, CLI_ANY, NULL},
};
