#include "smtp/login.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

enum { ATTEMPTS_LIMIT = 12 };

enum mechanism {
    SCRAM_SHA_256 = 1 << 0,
    SCRAM_SHA_1 = 1 << 1,
    CRAM_MD5 = 1 << 2,
    PLAIN = 1 << 3,
    LOGIN = 1 << 4,
    DIGEST_MD5 = 1 << 5,
    NTLM = 1 << 6,
    XOAUTH2 = 1 << 7,
};

static const struct {
    const char *name;
    unsigned bit;
} mechanisms[] = {{"SCRAM-SHA-256", SCRAM_SHA_256},
                  {"SCRAM-SHA-1", SCRAM_SHA_1},
                  {"CRAM-MD5", CRAM_MD5},
                  {"PLAIN", PLAIN},
                  {"LOGIN", LOGIN},
                  {"DIGEST-MD5", DIGEST_MD5},
                  {"NTLM", NTLM},
                  {"XOAUTH2", XOAUTH2}};

enum { MECHANISMS = sizeof mechanisms / sizeof mechanisms[0] };

/* The mechanisms of one group are allowed together, and libcurl takes the first in the order SCRAM,
 * DIGEST-MD5, CRAM-MD5, NTLM, PLAIN, LOGIN that the server offers. TLS protects the password, and
 * PLAIN and LOGIN are what servers implement correctly; DIGEST-MD5 (withdrawn by RFC 6331) and NTLM
 * come last, since many servers offer them without being able to complete them. */
static const unsigned encrypted[] = {SCRAM_SHA_256 | SCRAM_SHA_1 | PLAIN | LOGIN, CRAM_MD5,
                                     DIGEST_MD5 | NTLM, 0};

/* Without TLS (on the loopback interface alone) the password is not shown where that can be
 * avoided. */
static const unsigned clear[] = {SCRAM_SHA_256 | SCRAM_SHA_1 | CRAM_MD5, PLAIN | LOGIN,
                                 DIGEST_MD5 | NTLM, 0};

static unsigned find_mechanism(const char *name, size_t len) {
    for (size_t i = 0; i < MECHANISMS; i++)
        if (strlen(mechanisms[i].name) == len && strncasecmp(mechanisms[i].name, name, len) == 0)
            return mechanisms[i].bit;
    return 0;
}

static size_t word_length(const char *text, size_t len) {
    size_t word = 0;
    while (word < len && text[word] != ' ' && text[word] != '\r' && text[word] != '\n')
        word++;
    return word;
}

/* "AUTH=" is what some old servers write. */
void nl_login_note_offer(struct nl_login *login, const char *words, size_t len) {
    login->offered = 0;
    login->unknown_offer = false;
    while (len > 0) {
        size_t word = word_length(words, len);
        unsigned bit = find_mechanism(words, word);
        login->offered |= bit;
        login->unknown_offer = login->unknown_offer || (word > 0 && bit == 0);
        word += word < len;
        words += word;
        len -= word;
    }
}

unsigned nl_login_mechanism(const char *command, size_t len) {
    return len > 5 ? find_mechanism(command + 5, word_length(command + 5, len - 5)) : 0;
}

static unsigned supported(void) {
    bool scram = (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_GSASL) != 0;
    bool ntlm = (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_NTLM) != 0;
    return PLAIN | LOGIN | CRAM_MD5 | DIGEST_MD5 | (ntlm ? NTLM : 0u) |
           (scram ? SCRAM_SHA_256 | SCRAM_SHA_1 : 0u);
}

/* The first group with a mechanism that may work. While the offer is not known, any may. */
static unsigned next_mechanism(const struct nl_login *login, const struct nl_smtp_server *server) {
    const unsigned *groups = server->security == NL_SMTP_PLAIN ? clear : encrypted;
    unsigned usable = supported() & ~login->refused & ~login->broken;
    if (login->attempts > 0)
        usable &= login->offered;
    while (*groups != 0 && (*groups & usable) == 0)
        groups++;
    return *groups & usable;
}

void nl_login_options(const struct nl_login *login, const struct nl_smtp_server *server,
                      struct nl_buf *out) {
    static const char *const fixed[] = {"", "AUTH=PLAIN", "AUTH=LOGIN", "AUTH=XOAUTH2"};
    if (server->username == NULL)
        return;
    nl_buf_adds(out, fixed[server->auth]);
    if (server->auth != NL_AUTH_AUTO)
        return;
    unsigned allowed = next_mechanism(login, server);
    for (size_t i = 0; i < MECHANISMS; i++)
        if ((allowed & mechanisms[i].bit) != 0)
            nl_buf_addf(out, "%sAUTH=%s", out->len > 0 ? ";" : "", mechanisms[i].name);
    if (out->len == 0)
        nl_buf_adds(out, "AUTH=PLAIN;AUTH=LOGIN");
}

bool nl_login_failed(struct nl_login *login, const struct nl_smtp_server *server,
                     unsigned mechanism, bool refused) {
    if (refused)
        login->refused |= mechanism;
    else
        login->broken |= mechanism;
    login->attempts++;
    if (server->auth == NL_AUTH_AUTO && login->attempts < ATTEMPTS_LIMIT &&
        next_mechanism(login, server) != 0)
        return true;
    login->broken = 0;
    return false;
}

void nl_login_succeeded(struct nl_login *login) {
    login->attempts = 0;
    login->broken = 0;
}

static void add_names(unsigned bits, struct nl_buf *out) {
    bool first = true;
    for (size_t i = 0; i < MECHANISMS; i++) {
        if ((bits & mechanisms[i].bit) == 0)
            continue;
        nl_buf_addf(out, "%s%s", first ? "" : ", ", mechanisms[i].name);
        first = false;
    }
}

void nl_login_explain(const struct nl_login *login, unsigned mechanism, struct nl_buf *out) {
    if ((login->refused | mechanism) != 0) {
        nl_buf_adds(out, ": it refuses the login by ");
        add_names(login->refused | mechanism, out);
        nl_buf_adds(out, ": check smtp.username and the password");
    } else if (login->offered != 0) {
        nl_buf_adds(out, ": it offers the login by ");
        add_names(login->offered, out);
        nl_buf_adds(out, " alone: check smtp.auth");
    } else {
        nl_buf_adds(out, login->unknown_offer
                             ? ": it offers no login that we can use (PLAIN, LOGIN, CRAM-MD5, "
                               "DIGEST-MD5, NTLM, XOAUTH2): ask its operator for one of these"
                             : ": it refuses the login: check smtp.username and the password");
    }
}
