#include "newsletter/base/verp.h"

#include "newsletter/base/token.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void sign(struct nl_mac_key *key, int64_t delivery, char mac[NL_MAC_TEXT_LEN + 1]) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, delivery);
    nl_mac_with(key, text, mac);
}

enum nl_status nl_verp_open(const char *secret, struct nl_verp *out, struct nl_error *err) {
    out->sender = nl_mac_key_new(secret, "verp");
    out->message_id = nl_mac_key_new(secret, "message-id");
    return out->sender != NULL && out->message_id != NULL ? NL_OK : nl_error_nomem(err);
}

void nl_verp_close(struct nl_verp *verp) {
    nl_mac_key_free(verp->sender);
    nl_mac_key_free(verp->message_id);
    *verp = (struct nl_verp){0};
}

void nl_verp_sender(const struct nl_verp *verp, const char *bounce_address, int64_t delivery,
                    struct nl_buf *out) {
    char mac[NL_MAC_TEXT_LEN + 1];
    const char *at = strrchr(bounce_address, '@');
    sign(verp->sender, delivery, mac);
    nl_buf_add(out, bounce_address, (size_t)(at - bounce_address));
    nl_buf_addf(out, "+%" PRId64 "-%s%s", delivery, mac, at);
}

/* Whether the text from `at` on is "ID", `separator`, MAC and "@". */
static bool verify(const char *at, char separator, struct nl_mac_key *key, int64_t *delivery) {
    char expected[NL_MAC_TEXT_LEN + 1];
    char given[NL_MAC_TEXT_LEN + 1];
    char *end = NULL;
    if (!isdigit((unsigned char)*at))
        return false;
    long long id = strtoll(at, &end, 10);
    if (*end != separator || strcspn(end + 1, "@") != NL_MAC_TEXT_LEN ||
        end[1 + NL_MAC_TEXT_LEN] != '@')
        return false;
    for (size_t i = 0; i < NL_MAC_TEXT_LEN; i++)
        given[i] = (char)tolower((unsigned char)end[1 + i]);
    given[NL_MAC_TEXT_LEN] = '\0';
    sign(key, id, expected);
    *delivery = id;
    return nl_token_equal(given, expected);
}

bool nl_verp_verify(const struct nl_verp *verp, const char *address, int64_t *delivery) {
    const char *at = strrchr(address, '@');
    const char *plus = at;
    while (plus != NULL && plus > address && *plus != '+')
        plus--;
    return plus != NULL && *plus == '+' && verify(plus + 1, '-', verp->sender, delivery);
}

bool nl_verp_verify_message_id(const struct nl_verp *verp, const char *id, int64_t *delivery) {
    return verify(id, '.', verp->message_id, delivery);
}

void nl_verp_message_id(const struct nl_verp *verp, const char *domain, int64_t delivery,
                        struct nl_buf *out) {
    char mac[NL_MAC_TEXT_LEN + 1];
    sign(verp->message_id, delivery, mac);
    nl_buf_addf(out, "%" PRId64 ".%s@%s", delivery, mac, domain);
}
