/* Block lists of the DNS (RFC 5782), on demand: they count questions, and not everybody wants to be
 * counted. */
#include "doctor/checks.h"
#include "newsletter/base/network.h"

#include <string.h>

/* Lists that large mail systems ask. */
static const char USUAL[] =
    "zen.spamhaus.org,b.barracudacentral.org,bl.spamcop.net,psbl.surriel.com";

/* The address backwards, as RFC 5782 sections 2.1 and 2.4 have it, and the list. */
static void name_question(const struct nl_ip *ip, bool six, const char *list, size_t len,
                          struct nl_buf *out) {
    for (size_t i = 16; i > (six ? 0U : 12U); i--) {
        unsigned byte = ip->bytes[i - 1];
        if (six)
            nl_buf_addf(out, "%x.%x.", byte & 15, byte >> 4);
        else
            nl_buf_addf(out, "%u.", byte);
    }
    nl_buf_add(out, list, len);
}

/* 127.255.255.x says that the list does not answer whom we asked through; everything else in 127/8
 * is an entry. */
static void judge(struct nl_doctor *doctor, const char *origin, const char *list, int len,
                  const struct nl_answers *answers) {
    const char *answer = answers->count > 0 ? answers->items[0] : "";
    if (strncmp(answer, "127.255.255.", strlen("127.255.255.")) == 0)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "block-lists", NULL,
                        "%.*s does not answer questions of this name server (%s): ask through one "
                        "of your own (--name-servers)",
                        len, list, answer);
    else if (strncmp(answer, "127.", strlen("127.")) == 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "block-lists", NULL,
                        "%s, where mail comes from, is on the block list %.*s (%s): find out why "
                        "there, and do not send from it meanwhile",
                        origin, len, list, answer);
    else
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "block-lists", NULL, "%s is not on %.*s",
                        origin, len, list);
}

static enum nl_status look_up(struct nl_doctor *doctor, const char *origin, const char *list,
                              size_t len, struct nl_error *err) {
    struct nl_answers answers = {0};
    struct nl_buf question = {0};
    struct nl_ip ip;
    if (!nl_ip_parse(origin, &ip))
        return NL_OK;
    name_question(&ip, strchr(origin, ':') != NULL, list, len, &question);
    enum nl_status status = nl_dns_ask(doctor->dns, NL_DNS_A, question.data, &answers, err);
    if (nl_doctor_asked(doctor, "block-lists", status, err))
        judge(doctor, origin, list, (int)len, &answers);
    else
        status = nl_doctor_ended(status);
    nl_answers_free(&answers);
    nl_buf_free(&question);
    return status;
}

enum nl_status nl_doctor_block_lists(struct nl_doctor *doctor, struct nl_error *err) {
    const char *lists = doctor->examination->block_lists;
    enum nl_status status = NL_OK;
    if (lists == NULL)
        return NL_OK;
    if (strcmp(lists, "usual") == 0)
        lists = USUAL;
    for (size_t i = 0; status == NL_OK && i < doctor->origins.count; i++)
        for (const char *list = lists; status == NL_OK && *list != '\0';) {
            list += strspn(list, ", ");
            size_t len = strcspn(list, ", ");
            if (len > 0 && len < 200)
                status = look_up(doctor, doctor->origins.items[i], list, len, err);
            list += len;
        }
    return status;
}
