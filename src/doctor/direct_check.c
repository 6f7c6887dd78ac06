/* Whether this machine can deliver mail to the servers of recipients itself. */
#include "doctor/checks.h"
#include "newsletter/base/network.h"
#include "newsletter/base/reach.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The address that a packet to the internet would have: no packet is sent. False for none. */
static bool find_source(int family, struct sockaddr_storage *own) {
    /* A root server of the DNS: any address that is not in a network of ours would do. */
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(53)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
    socklen_t len = sizeof *own;
    memset(own, 0, sizeof *own);
    inet_pton(AF_INET, "198.41.0.4", &four.sin_addr);
    inet_pton(AF_INET6, "2001:503:ba3e::2:30", &six.sin6_addr);
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done = fd >= 0 &&
                (family == AF_INET ? connect(fd, (const struct sockaddr *)&four, sizeof four)
                                   : connect(fd, (const struct sockaddr *)&six, sizeof six)) == 0 &&
                getsockname(fd, (struct sockaddr *)own, &len) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

static bool is_private(const struct sockaddr *address, struct nl_error *err) {
    struct nl_reach reach = {0};
    bool private = nl_reach_open(NULL, &reach, err) == NL_OK && !nl_reach_may(&reach, address);
    nl_reach_close(&reach);
    return private;
}

static bool contains(const struct nl_answers *answers, const struct nl_ip *address) {
    for (size_t i = 0; i < answers->count; i++) {
        struct nl_ip one;
        if (nl_ip_parse(answers->items[i], &one) && memcmp(&one, address, sizeof one) == 0)
            return true;
    }
    return false;
}

static void tell_helo(struct nl_doctor *doctor, const char *helo, const char *source, bool leads) {
    if (leads)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "direct", NULL,
                        "the EHLO name %s leads to %s, where mail comes from", helo, source);
    else
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "direct", NULL,
                        "mail comes from %s, and the EHLO name %s does not lead there: publish "
                        "that address for it, or set smtp.helo (or helo in direct.sources) to the "
                        "name of the address",
                        source, helo);
}

/* RFC 5321 section 4.1.1.1: the name in EHLO is this machine's. Receivers look whether it leads to
 * the address that the connection comes from. */
static void judge_source(struct nl_doctor *doctor, const char *helo,
                         const struct nl_answers *addresses, const struct sockaddr *own,
                         struct nl_error *err) {
    char source[NL_IP_TEXT];
    struct nl_ip ip;
    nl_ip_of(own, &ip);
    nl_ip_text(&ip, source);
    if (is_private(own, err)) {
        if (doctor->examination->origin_count == 0)
            nl_findings_add(doctor->out, NL_LEVEL_WARNING, "direct", NULL,
                            "this machine's address %s is private, so mail comes from another one: "
                            "name that with --origin",
                            source);
        return;
    }
    tell_helo(doctor, helo, source, contains(addresses, &ip));
}

/* The EHLO name of an address that has none of its own. NULL, and a finding, for one that is not
 * whole. */
static const char *whole_name(struct nl_doctor *doctor, const char *given, char own[256]) {
    const char *helo = given != NULL ? given : doctor->config->smtp.helo;
    if (helo == NULL && gethostname(own, 255) == 0)
        helo = own;
    if (helo != NULL && strchr(helo, '.') != NULL)
        return helo;
    nl_findings_add(doctor->out, NL_LEVEL_ERROR, "direct", NULL,
                    "the EHLO name '%s' is not a full host name: set smtp.helo to the name of the "
                    "address that mail comes from",
                    helo != NULL ? helo : "");
    return NULL;
}

enum nl_status nl_doctor_helo(struct nl_doctor *doctor, const char *helo, const char *address,
                              struct nl_error *err) {
    struct nl_answers addresses = {0};
    struct nl_ip ip;
    char own[256] = "";
    const char *name = whole_name(doctor, helo, own);
    if (name == NULL || !nl_ip_parse(address, &ip))
        return NL_OK;
    enum nl_status status = nl_dns_addresses(doctor->dns, name, &addresses, err);
    if (!nl_doctor_asked(doctor, "direct", status, err))
        return nl_doctor_ended(status);
    tell_helo(doctor, name, address, contains(&addresses, &ip));
    nl_answers_free(&addresses);
    return NL_OK;
}

static enum nl_status examine_name(struct nl_doctor *doctor, struct nl_error *err) {
    static const int families[] = {AF_INET, AF_INET6};
    struct nl_answers addresses = {0};
    char own[256] = "";
    const char *helo = whole_name(doctor, NULL, own);
    if (helo == NULL)
        return NL_OK;
    enum nl_status status = nl_dns_addresses(doctor->dns, helo, &addresses, err);
    if (!nl_doctor_asked(doctor, "direct", status, err))
        return nl_doctor_ended(status);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        struct sockaddr_storage own;
        if (find_source(families[i], &own))
            judge_source(doctor, helo, &addresses, (const struct sockaddr *)&own, err);
    }
    nl_answers_free(&addresses);
    return NL_OK;
}

/* Many providers of machines close port 25. The mail hosts of our own domain are asked, since
 * nobody minds that. */
enum nl_status nl_doctor_port(struct nl_doctor *doctor, const struct nl_source *source,
                              struct nl_error *err) {
    struct nl_buf host = {0};
    const char *from = source != NULL ? source->address : "here";
    const char *address = doctor->config->bounce_address;
    const char *at = address != NULL ? strrchr(address, '@') : NULL;
    if (at == NULL)
        return NL_OK;
    enum nl_status status = nl_send_reach(doctor->relay, at + 1, source, &host, err);
    if (status == NL_OK)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "direct", NULL,
                        "%s accepts a connection from %s", nl_buf_text(&host), from);
    else if (status == NL_UNAVAILABLE || status == NL_TEMPFAIL || status == NL_CONFIG)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "direct", NULL,
                        "no mail host of %s can be reached from %s (%s): check whether the network "
                        "allows connections to port %lld; if not, use a relay",
                        at + 1, from, nl_error_text(err), (long long)doctor->config->direct.port);
    else if (status == NL_NOTFOUND)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "direct", NULL,
                        "connections to port %lld could not be tried at %s: %s",
                        (long long)doctor->config->direct.port, at + 1, nl_error_text(err));
    nl_buf_free(&host);
    if (status == NL_OS)
        return status;
    nl_error_free(err);
    return NL_OK;
}

enum nl_status nl_doctor_direct(struct nl_doctor *doctor, struct nl_error *err) {
    enum nl_status status = examine_name(doctor, err);
    return status == NL_OK ? nl_doctor_port(doctor, NULL, err) : status;
}
