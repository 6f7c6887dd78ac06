#include "cli/cli.h"

#include "web/server.h"
#include "web/site.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum { OPT_LISTEN = 1, OPT_NO_MAIL };

/* Becomes serve.user once the socket is there: nothing that comes in is handled by root. */
static enum nl_status drop_privileges(const char *user, struct nl_error *err) {
    if (user == NULL || geteuid() != 0)
        return NL_OK;
    errno = 0;
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL)
        return nl_error_set(err, NL_CONFIG, "serve.user: there is no user '%s'", user);
    if (initgroups(user, entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 ||
        setuid(entry->pw_uid) != 0 || setuid(0) == 0)
        return nl_error_set(err, NL_NOPERM, "cannot become %s: %s", user, strerror(errno));
    return NL_OK;
}

static enum nl_status serve(struct cli *cli, const char *listen, bool mail, struct nl_error *err) {
    const struct nl_config *config = &cli->config;
    struct nl_server *server = NULL;
    struct nl_mailer *mailer = NULL;
    struct nl_site *site = NULL;
    const struct nl_server_options options = {
        .listen = listen != NULL ? listen : config->serve.listen,
        .certificate = config->serve.certificate,
        .key = config->serve.key,
        .trusted = config->serve.trusted_proxies,
        .connections = config->serve.connections,
        .log = config->serve.log,
    };
    enum nl_status status = mail ? cli_connect(cli, err) : NL_OK;
    if (status == NL_OK)
        status = nl_site_new(cli->store, config, &site, err);
    if (status == NL_OK)
        status = nl_server_new(&options, nl_site_handle, site, &server, err);
    if (status == NL_OK)
        status = drop_privileges(config->serve.user, err);
    if (status == NL_OK && mail)
        status = nl_mailer_new(config, cli->relay, &mailer, err);
    if (status == NL_OK) {
        site->mailer = mailer;
        cli_catch_signals();
        printf("serving at %s\n", nl_server_address(server));
        fflush(stdout);
        status = nl_server_run(server, &cli_stop, err);
    }
    nl_server_free(server);
    nl_site_free(site);
    nl_mailer_free(mailer);
    return status;
}

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    static const struct option options[] = {{"listen", required_argument, NULL, OPT_LISTEN},
                                            {"no-mail", no_argument, NULL, OPT_NO_MAIL},
                                            {0}};
    const char *listen = NULL;
    bool mail = true;
    for (int option = 0; (option = cli_option(argc, argv, options, err)) != -1;) {
        if (option == OPT_LISTEN)
            listen = optarg;
        else if (option == OPT_NO_MAIL)
            mail = false;
        else
            return NL_USAGE;
    }
    enum nl_status status = cli_words(argc, 0, "no words", err);
    if (status == NL_OK)
        status = cli_configure(cli, err);
    if (status == NL_OK && (cli->config.confirm_url == NULL || cli->config.unsubscribe_url == NULL))
        status = nl_error_set(err, NL_CONFIG,
                              "%s: set serve.url, the address under which people reach this server",
                              cli->config.path);
    if (status == NL_OK)
        status = cli_open(cli, err);
    return status == NL_OK ? serve(cli, listen, mail, err) : status;
}

const struct command cmd_serve = {
    "serve", "serve the website: join, confirm, leave, archive",
    "Usage: newsletter serve [--listen ADDRESS:PORT] [--no-mail]\n"
    "\n"
    "The website: the form to join (also for forms on pages of your own, by POST to /join), the "
    "pages\n"
    "that the links in the mails lead to, one-click unsubscription (RFC 8058), and the archive of "
    "the\n"
    "issues that went out. It sends the mails that visitors cause; --no-mail leaves them to\n"
    "'newsletter retry'. Listens at serve.listen (127.0.0.1:8025), for a web server in front of it "
    "or\n"
    "with a certificate of its own, or at the socket that systemd hands over. SIGTERM ends it when "
    "all\n"
    "that was asked is answered.\n"
    "\n"
    "Example: newsletter serve --listen 127.0.0.1:8025\n",
    run};
