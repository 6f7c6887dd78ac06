#include "cli/cli.h"

#include "newsletter/base/log.h"
#include "newsletter/base/on_demand.h"
#include "newsletter/base/open_files.h"
#include "newsletter/base/thread.h"
#include "newsletter/service/issue_canary.h"
#include "newsletter/web/hooks.h"
#include "newsletter/web/server.h"
#include "newsletter/web/site.h"
#include "newsletter/web/staff.h"
#include "newsletter/web/task_worker.h"
#include "newsletter/web/teller.h"

#include <unistd.h>

enum { STAFF_CONNECTIONS = 100 };

struct serve_options {
    const char *listen;
    bool no_mail, check;
};

/* Becomes serve.user once the socket is there: nothing that comes in is handled by root. */
static enum nl_status drop_privileges(const char *user, struct nl_error *err) {
    if (user == NULL || geteuid() != 0)
        return NL_OK;
    enum nl_status status = cli_become(user, err);
    return status == NL_OK ? NL_OK : nl_error_context(err, "serve.user");
}

/* The parts that are started, and ended in the opposite order. */
struct service {
    struct nl_store *writer_store; /* for the requests that write */
    struct nl_site *site;
    struct nl_server_writer writer;
    struct nl_server *server;
    struct nl_hooks *hooks;
    struct nl_pdfs *pdfs, *staff_pdfs; /* each serves one server */
    struct nl_decoder *decoder;
    struct nl_mailer *mailer;
    struct nl_store *staff_store; /* a connection of the staff's thread's own */
    struct nl_staff *staff;
    struct nl_server_writer staff_helpers;
    struct nl_server *staff_server;
    struct nl_mailer *sender;
    struct nl_teller *teller;
    struct nl_task_worker *tasks;
};

static enum nl_status open_site(struct cli *cli, const char *listen, struct service *service,
                                struct nl_error *err) {
    const struct nl_config *config = &cli->config;
    size_t wanted = (size_t)config->serve.connections;
    size_t connections = nl_open_files_connections(wanted);
    nl_open_files_tell(connections, wanted);
    const struct nl_server_options options = {
        .listen = listen != NULL ? listen : config->serve.listen,
        .certificate = config->serve.certificate,
        .proxy_protocol = config->serve.proxy_protocol,
        .key = config->serve.key,
        .trusted = config->serve.trusted_proxies,
        .connections = (int64_t)connections,
        .log = config->serve.log,
        .body_limit = nl_site_body_limit,
        .form_limit = nl_site_form_limit,
        .writes = nl_site_writes,
    };
    enum nl_status status =
        nl_store_open(config->database, &nl_env_system, &service->writer_store, err);
    if (status == NL_OK)
        status = nl_site_new(cli->store, config, config->serve.url, &service->site, err);
    if (status == NL_OK)
        status = nl_site_set_writer(service->site, service->writer_store, &service->writer, err);
    if (status == NL_OK)
        status = nl_hooks_new(config, &service->hooks, err);
    if (status != NL_OK)
        return status;
    service->decoder = nl_decoder_new(config);
    service->pdfs = nl_pdfs_new(config);
    nl_site_set_hooks(service->site, service->hooks);
    nl_site_set_decoder(service->site, service->decoder);
    nl_site_set_pdfs(service->site, service->pdfs);
    return nl_server_new(&options, nl_site_handle, service->site, &service->server, err);
}

static enum nl_status open_staff(struct cli *cli, struct service *service, struct nl_error *err) {
    const struct nl_config *config = &cli->config;
    const struct nl_server_options options = {
        .listen = config->staff.listen,
        .certificate = config->staff.certificate,
        .proxy_protocol = config->staff.proxy_protocol,
        .key = config->staff.key,
        .trusted = config->serve.trusted_proxies,
        .connections = STAFF_CONNECTIONS,
        .log = config->serve.log,
        .body_limit = nl_staff_body_limit,
        .file_limit = nl_staff_file_limit,
        .form_limit = nl_staff_form_limit,
        .writes = nl_staff_is_slow,
        .all_methods = true,
    };
    if (config->staff.listen == NULL)
        return NL_OK;
    enum nl_status status =
        nl_store_open(config->database, &nl_env_system, &service->staff_store, err);
    if (status == NL_OK)
        status = nl_staff_new(service->staff_store, config, &service->staff, err);
    if (status == NL_OK)
        status = nl_staff_set_helpers(service->staff, &service->staff_helpers, err);
    if (status == NL_OK) {
        service->staff_pdfs = nl_pdfs_new(config);
        nl_staff_set_pdfs(service->staff, service->staff_pdfs);
        status =
            nl_server_new(&options, nl_staff_handle, service->staff, &service->staff_server, err);
    }
    return status == NL_OK ? NL_OK : nl_error_context(err, "staff");
}

/* A canary that waits is not for cron alone: an earlier process of serve may have looked after it.
 */
static enum nl_status go_on_with_canaries(struct cli *cli, struct service *service,
                                          struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    bool any = false;
    enum nl_status status =
        service->sender != NULL ? nl_office_canary_any(&office, &any, err) : NL_OK;
    if (status == NL_OK && any)
        nl_mailer_wake(service->sender, 0);
    return status;
}

static enum nl_status start_mailers(struct cli *cli, struct service *service,
                                    struct nl_error *err) {
    enum nl_status status =
        nl_mailer_new(&cli->config, cli->relay, NL_SERVICE_NOTICES, &service->mailer, err);
    if (status == NL_OK && service->staff != NULL)
        status = nl_mailer_new(&cli->config, cli->relay, NL_SERVICE_ISSUES, &service->sender, err);
    if (status == NL_OK)
        status = nl_teller_new(&cli->config, &service->teller, err);
    nl_site_set_mailer(service->site, service->mailer);
    if (service->staff != NULL)
        nl_staff_set_mailers(service->staff, service->sender, service->mailer);
    if (status == NL_OK && service->staff != NULL)
        status = nl_staff_set_relay(service->staff, cli->relay, err);
    return status == NL_OK ? go_on_with_canaries(cli, service, err) : status;
}

/* Also where no mail is sent. */
static enum nl_status start_tasks(struct cli *cli, struct service *service, struct nl_error *err) {
    if (service->staff == NULL)
        return NL_OK;
    enum nl_status status = nl_task_worker_new(&cli->config, &service->tasks, err);
    if (status != NL_OK)
        return status;
    nl_staff_set_tasks(service->staff, service->tasks);
    return nl_staff_start_watch(service->staff, err);
}

static void *serve_staff(void *ctx) {
    struct nl_error err = {0};
    if (nl_server_run(ctx, &cli_stop, &err) != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "staff: %s", nl_error_text(&err));
    nl_error_free(&err);
    return NULL;
}

/* The staff's pages in a thread of their own: no login, no chart keeps the public waiting. */
static enum nl_status run_servers(struct service *service, struct nl_error *err) {
    pthread_t thread;
    enum nl_status status = service->staff_server != NULL
                                ? nl_thread_start(&thread, serve_staff, service->staff_server, err)
                                : NL_OK;
    if (status != NL_OK)
        return status;
    printf("serving at %s\n", nl_server_address(service->server));
    if (service->staff_server != NULL)
        printf("staff at %s\n", nl_server_address(service->staff_server));
    fflush(stdout);
    status = nl_server_run(service->server, &cli_stop, err);
    cli_stop = 1; /* also where it ended by itself */
    if (service->staff_server != NULL)
        pthread_join(thread, NULL);
    return status;
}

static void close_service(struct service *service) {
    nl_hooks_stop(service->hooks);
    nl_decoder_stop(service->decoder);
    nl_pdfs_stop(service->pdfs);
    nl_pdfs_stop(service->staff_pdfs);
    nl_server_free(service->staff_server);
    nl_server_free(service->server);
    nl_staff_free(service->staff);
    nl_site_free(service->site);
    nl_hooks_free(service->hooks);
    nl_decoder_free(service->decoder);
    nl_pdfs_free(service->pdfs);
    nl_pdfs_free(service->staff_pdfs);
    nl_task_worker_free(service->tasks);
    nl_teller_free(service->teller);
    nl_mailer_free(service->sender);
    nl_mailer_free(service->mailer);
    nl_store_close(service->staff_store);
    nl_store_close(service->writer_store);
}

static enum nl_status serve(struct cli *cli, const char *listen, bool mail, struct nl_error *err) {
    struct service service = {0};
    enum nl_status status = mail ? cli_connect(cli, err) : NL_OK;
    if (status == NL_OK)
        status = open_site(cli, listen, &service, err);
    if (status == NL_OK)
        status = open_staff(cli, &service, err);
    if (status == NL_OK)
        nl_config_read_seed_passwords(&cli->config);
    if (status == NL_OK)
        status = drop_privileges(cli->config.serve.user, err);
    if (status == NL_OK)
        cli_confine(cli, NULL);
    if (status == NL_OK && mail)
        status = start_mailers(cli, &service, err);
    if (status == NL_OK)
        status = start_tasks(cli, &service, err);
    if (status == NL_OK)
        status = nl_server_start(service.server, &service.writer, err);
    if (status == NL_OK && service.staff_server != NULL)
        status = nl_server_start(service.staff_server, &service.staff_helpers, err);
    if (status == NL_OK)
        status = nl_hooks_start(service.hooks, nl_server_wake, service.server, err);
    if (status == NL_OK)
        status = nl_decoder_start(service.decoder, nl_server_wake, service.server, err);
    if (status == NL_OK)
        status = nl_pdfs_start(service.pdfs, nl_server_wake, service.server, err);
    if (status == NL_OK && service.staff_server != NULL)
        status = nl_pdfs_start(service.staff_pdfs, nl_server_wake, service.staff_server, err);
    if (status == NL_OK) {
        cli_catch_signals();
        status = run_servers(&service, err);
    }
    close_service(&service);
    return status;
}

static enum nl_status serve_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct serve_options *chosen = options;
    if (!chosen->check)
        nl_on_demand_open_all();
    enum nl_status status = cli_configure(cli, err);
    if (status == NL_OK && (cli->config.confirm_url == NULL || cli->config.unsubscribe_url == NULL))
        status = nl_error_set(err, NL_CONFIG,
                              "%s: set serve.url, the address under which people reach this server",
                              cli->config.path);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status != NL_OK || chosen->check)
        return status;
    return serve(cli, chosen->listen, !chosen->no_mail, err);
}

static const struct cli_option serve_table[] = {
    CLI_TEXT("listen", struct serve_options, listen),
    CLI_FLAG("no-mail", struct serve_options, no_mail),
    CLI_FLAG("check", struct serve_options, check),
    {0},
};

const struct cli_command cmd_serve = {
    .name = "serve",
    .options = serve_table,
    .size = sizeof(struct serve_options),
    .run = serve_run,
    .no_json = "it runs until it is stopped",
    .heedless_of_imports = true,
};
