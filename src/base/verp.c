#include "newsletter/base/verp.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/token.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The MACs of one delivery. They are two halves of one digest, so that neither tells the other: a
 * Message-ID is read by everybody whom a mail is forwarded to. */
struct nl_verp_pair {
    int64_t delivery;
    char sender[NL_MAC_TEXT_LEN + 1];
    char message_id[NL_MAC_TEXT_LEN + 1];
};

/* Both are asked for one after the other, and once more for a provider's token. */
static const struct nl_verp_pair *sign(const struct nl_verp *verp, int64_t delivery) {
    char text[24];
    struct nl_verp_pair *pair = verp->last;
    if (pair->delivery == delivery && pair->sender[0] != '\0')
        return pair;
    snprintf(text, sizeof text, "%" PRId64, delivery);
    nl_mac_pair(verp->both, text, pair->sender, pair->message_id);
    pair->delivery = delivery;
    return pair;
}

enum nl_status nl_verp_open(const char *secret, struct nl_verp *out, struct nl_error *err) {
    out->both = nl_mac_key_new(secret, "delivery");
    out->old_sender = nl_mac_key_new(secret, "verp");
    out->old_message_id = nl_mac_key_new(secret, "message-id");
    out->last = nl_calloc(1, sizeof *out->last);
    return out->both != NULL && out->old_sender != NULL && out->old_message_id != NULL
               ? NL_OK
               : nl_error_nomem(err);
}

void nl_verp_close(struct nl_verp *verp) {
    nl_mac_key_free(verp->both);
    nl_mac_key_free(verp->old_sender);
    nl_mac_key_free(verp->old_message_id);
    free(verp->last);
    *verp = (struct nl_verp){0};
}

void nl_verp_sender(const struct nl_verp *verp, const char *bounce_address, int64_t delivery,
                    struct nl_buf *out) {
    const char *at = strrchr(bounce_address, '@');
    nl_buf_add(out, bounce_address, (size_t)(at - bounce_address));
    nl_buf_addf(out, "+%" PRId64 "-%s%s", delivery, sign(verp, delivery)->sender, at);
}

/* Whether the text from `at` on is "ID", `separator`, MAC and "@". */
static bool verify(const struct nl_verp *verp, const char *at, char separator, int64_t *delivery) {
    bool sender = separator == '-';
    char text[24];
    char old[NL_MAC_TEXT_LEN + 1];
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
    *delivery = id;
    const struct nl_verp_pair *pair = sign(verp, id);
    if (nl_token_equal(given, sender ? pair->sender : pair->message_id))
        return true;
    snprintf(text, sizeof text, "%lld", id);
    nl_mac_with(sender ? verp->old_sender : verp->old_message_id, text, old);
    return nl_token_equal(given, old);
}

bool nl_verp_verify(const struct nl_verp *verp, const char *address, int64_t *delivery) {
    const char *at = strrchr(address, '@');
    const char *plus = at;
    while (plus != NULL && plus > address && *plus != '+')
        plus--;
    return plus != NULL && *plus == '+' && verify(verp, plus + 1, '-', delivery);
}

bool nl_verp_verify_message_id(const struct nl_verp *verp, const char *id, int64_t *delivery) {
    return verify(verp, id, '.', delivery);
}

void nl_verp_message_id(const struct nl_verp *verp, const char *domain, int64_t delivery,
                        struct nl_buf *out) {
    nl_buf_addf(out, "%" PRId64 ".%s@%s", delivery, sign(verp, delivery)->message_id, domain);
}
