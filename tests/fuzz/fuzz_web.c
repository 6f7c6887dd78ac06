/* Any request, to both sites: no answer is a 5xx, none breaks out of its header. The text is lines:
 * the method and the path, then fields, each by a letter (q query, f form, h header, c cookie), its
 * name, "=" and its value. "@s", "@c", "@a", "@u", "@p" as a value stand for a session, its form
 * token, an API token, an unsubscribe token and a link to a subscriber's own page. The transport's
 * side of web/http.h is this file's. */
#include "newsletter/base/file.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/store/api_token.h"
#include "newsletter/store/link.h"
#include "newsletter/store/staff_session.h"
#include "newsletter/store/subscription.h"
#include "newsletter/web/site.h"
#include "newsletter/web/staff.h"
#include "web/http.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FIELDS = 32 };

struct nl_request {
    char *method, *path;
    struct {
        char kind;
        char *name, *value;
    } fields[FIELDS];
    size_t count;
    struct nl_ip client;
};

static char folder[64];
static struct nl_config config;
static struct nl_store *store;
static struct nl_site *site;
static struct nl_staff *staff;
static char secrets[5][NL_TOKEN_LEN + 1]; /* s, c, a, u, p */

static void demand(bool holds) {
    if (!holds)
        abort();
}

/* ---- the request ---- */

static const char *find(const struct nl_request *request, char kind, const char *name) {
    for (size_t i = 0; i < request->count; i++)
        if (request->fields[i].kind == kind && strcasecmp(request->fields[i].name, name) == 0)
            return request->fields[i].value;
    return NULL;
}

const char *nl_request_method(const struct nl_request *request) {
    return request->method;
}

const char *nl_request_path(const struct nl_request *request) {
    return request->path;
}

const char *nl_request_query(const struct nl_request *request, const char *name) {
    return find(request, 'q', name);
}

const char *nl_request_form(const struct nl_request *request, const char *name) {
    return find(request, 'f', name);
}

const char *nl_request_header(const struct nl_request *request, const char *name) {
    return find(request, 'h', name);
}

const char *nl_request_cookie(const struct nl_request *request, const char *name) {
    return find(request, 'c', name);
}

const char *nl_request_file(const struct nl_request *request, const char *name, const char **file,
                            size_t *len) {
    const char *value = nl_request_form(request, name);
    *file = "issue.zip";
    *len = value != NULL ? strlen(value) : 0;
    return value;
}

void nl_request_each_field(const struct nl_request *request,
                           void (*each)(const char *name, const char *value, void *ctx),
                           void *ctx) {
    for (size_t i = 0; i < request->count; i++)
        if (request->fields[i].kind == 'f')
            each(request->fields[i].name, request->fields[i].value, ctx);
}

void nl_request_each_argument(const struct nl_request *request,
                              void (*each)(const char *name, const char *value, void *ctx),
                              void *ctx) {
    for (size_t i = 0; i < request->count; i++)
        if (request->fields[i].kind == 'q')
            each(request->fields[i].name, request->fields[i].value, ctx);
}

struct nl_request_own *nl_request_own(const struct nl_request *request) {
    (void)request;
    return NULL; /* the fuzzed site has no hooks */
}

bool nl_request_is_late(const struct nl_request *request) {
    (void)request;
    return false;
}

enum nl_body nl_request_body(const struct nl_request *request) {
    return request->count == FIELDS ? NL_BODY_TOO_LARGE : NL_BODY_FORM;
}

const struct nl_ip *nl_request_client(const struct nl_request *request) {
    return &request->client;
}

static char *secret_for(char *value) {
    static const char letters[] = "scaup";
    const char *at =
        value[0] == '@' && value[1] != '\0' && value[2] == '\0' ? strchr(letters, value[1]) : NULL;
    return at != NULL ? secrets[at - letters] : value;
}

static bool read_request(char *text, struct nl_request *request) {
    char *line = strsep(&text, "\n");
    request->path = strchr(line, ' ');
    request->method = strncmp(line, "POST ", 5) == 0 ? "POST" : "GET";
    if (request->path == NULL || request->path[1] != '/')
        return false;
    request->path++;
    for (const char *p = request->path; *p != '\0'; p++) /* the server refuses them itself */
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    while (request->count < FIELDS && (line = strsep(&text, "\n")) != NULL) {
        char *value = strchr(line, '=');
        if (value == NULL || value == line)
            continue;
        *value++ = '\0';
        request->fields[request->count].kind = line[0];
        request->fields[request->count].name = line + 1;
        request->fields[request->count++].value = secret_for(value);
    }
    struct nl_error err = {0};
    struct nl_networks trusted = {0};
    struct nl_ip peer;
    demand(nl_ip_parse("192.0.2.1", &peer));
    demand(nl_networks_parse("192.0.2.0/24, 2001:db8::/32", &trusted, &err) == NL_OK);
    request->client = nl_networks_client(&trusted, &peer, find(request, 'h', "X-Forwarded-For"));
    nl_networks_free(&trusted);
    return true;
}

/* ---- an installation with something in it ---- */

static void remove_all(void) {
    static const char *const files[] = {"newsletter.yaml", "newsletter.db", "newsletter.db-wal",
                                        "newsletter.db-shm", "issue.md"};
    char path[160];
    nl_staff_free(staff);
    nl_site_free(site);
    nl_store_close(store);
    nl_config_free(&config);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void put(const char *name, const char *text, char path[160]) {
    struct nl_error err = {0};
    snprintf(path, 160, "%s/%s", folder, name);
    demand(nl_file_write(path, text, strlen(text), true, &err) == NL_OK);
}

static void add_subscriber(const struct nl_list *list) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    struct nl_token_result result = {0};
    struct nl_token token;
    int64_t notice = 0;
    demand(nl_address_parse("ann@example.org", &address, &err) == NL_OK);
    const struct nl_signup signup = {.list = list->id, .address = &address, .name = "Ann"};
    demand(nl_subscribe(store, &signup, &notice, &err) == NL_OK);
    demand(nl_link_new(store, 1, NL_LINK_SUBSCRIBE, INT64_MAX, 0, &token, &err) == NL_OK);
    demand(nl_confirm(store, token.text, &(struct nl_confirming){0}, &result, &err) == NL_OK);
    demand(nl_link_new(store, 1, NL_LINK_PREFERENCES, INT64_MAX, 0, &token, &err) == NL_OK);
    memcpy(secrets[4], token.text, sizeof token.text);
    nl_address_free(&address);
}

static void add_issue(const struct nl_list *list) {
    struct nl_error err = {0};
    struct nl_bulletin bulletin = {0};
    int64_t deliveries = 0;
    char path[160];
    put("issue.md",
        "---\ntitle: T\nnumber: No 1\nseries: S\ncategory: C\nposted_by: P\ndate: "
        "2026-08-25\nevents:\n"
        "  - title: E\n    date: 2099-01-02\n---\nWords {{name|reader}}.\n",
        path);
    demand(nl_bulletin_compose(path, list, &config, &bulletin, &err) == NL_OK);
    demand(nl_issue_create(store, &bulletin.issue, &deliveries, &err) == NL_OK);
    nl_bulletin_free(&bulletin);
}

static void add_staff(void) {
    struct nl_error err = {0};
    struct nl_token token;
    const struct nl_login_place place = {0};
    enum nl_login login = NL_LOGIN_NONE;
    demand(nl_staff_add(store, "ann", "correct horse battery", NL_ROLE_ADMINISTRATOR, NULL, &err) ==
           NL_OK);
    demand(nl_staff_login(store, "ann", "correct horse battery", 1 << 30, &place, &login, &token,
                          &err) == NL_OK &&
           login == NL_LOGIN_DONE);
    memcpy(secrets[0], token.text, sizeof token.text);
    nl_mac(nl_store_secret(store), "csrf", token.text, secrets[1]);
    const struct nl_api_token robot = {.name = "robot", .scopes = ~0U};
    demand(nl_api_token_add(store, &robot, 0, &token, &err) == NL_OK);
    memcpy(secrets[2], token.text, sizeof token.text);
}

static void find_unsubscribe_token(void) {
    struct nl_error err = {0};
    struct nl_job job = {0};
    size_t count = 0;
    struct nl_scope scope = {.issue = 1};
    demand(nl_store_begin_exclusive(store, &err) == NL_OK);
    demand(nl_delivery_lease(store, &scope, "fuzz", 0, 1, &job, &count, &err) == NL_OK);
    nl_store_rollback(store);
    demand(count == 1);
    memcpy(secrets[3], job.unsubscribe.text, sizeof job.unsubscribe.text);
    nl_job_free(&job);
}

static void install(void) {
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup("news"), .sender = strdup("P <press@example.org>")};
    char path[160];
    bool created = false;
    snprintf(folder, sizeof folder, "/dev/shm/newsletter-fuzz-%ld", (long)getpid());
    demand(mkdir(folder, 0700) == 0);
    atexit(remove_all);
    put("newsletter.yaml",
        "serve: {url: 'https://news.example.org/n', joins_per_hour: 1000000, joins_per_address: "
        "1000000, check_forms: false}\nstaff: {listen: '127.0.0.1:1'}\n",
        path);
    demand(nl_config_read(path, &config, &err) == NL_OK);
    demand(nl_store_create(config.database, &nl_env_system, &created, &err) == NL_OK);
    demand(nl_store_open(config.database, &nl_env_system, &store, &err) == NL_OK);
    demand(nl_list_check(&list, &err) == NL_OK && nl_list_add(store, &list, &err) == NL_OK);
    add_subscriber(&list);
    add_issue(&list);
    add_staff();
    find_unsubscribe_token();
    demand(nl_site_new(store, &config, config.serve.url, &site, &err) == NL_OK);
    demand(nl_staff_new(store, &config, &staff, &err) == NL_OK);
    nl_list_free(&list);
}

/* ---- the answer ---- */

static bool is_one_line(const char *text) {
    return text == NULL || strpbrk(text, "\r\n") == NULL;
}

static void send_to(nl_handler handler, void *ctx, const struct nl_request *request) {
    struct nl_response response = {.status = 200};
    struct nl_error err = {0};
    enum nl_status status = handler(ctx, request, &response, &err);
    if (status != NL_OK)
        fprintf(stderr, "%s\n", nl_error_text(&err));
    demand(status == NL_OK);
    demand(response.status >= 200 && response.status < 500);
    demand(response.location == NULL || response.location[0] == '/');
    demand(is_one_line(response.location) && is_one_line(response.cookie) &&
           is_one_line(response.type));
    nl_buf_free(&response.body);
    free(response.location);
    free(response.cookie);
    nl_error_free(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char *text = malloc(len + 1);
    struct nl_request request = {0};
    if (store == NULL)
        install();
    demand(text != NULL);
    memcpy(text, data, len);
    text[len] = '\0';
    if (read_request(text, &request)) {
        send_to(nl_site_handle, site, &request);
        send_to(nl_staff_handle, staff, &request);
    }
    free(text);
    return 0;
}
