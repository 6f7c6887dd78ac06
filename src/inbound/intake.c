#include "newsletter/inbound/intake.h"
#include "newsletter/base/memory.h"

#include "inbound/poison.h"
#include "newsletter/base/log.h"
#include "newsletter/base/verp.h"
#include "newsletter/store/bounce_record.h"
#include "newsletter/store/reputation.h"
#include "newsletter/store/subject_test.h"
#include "newsletter/store/subscription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Only the beginning of a message that was understood is kept. */
enum { KEEP_UNKNOWN = 1 << 20, KEEP_UNDERSTOOD = 16 * 1024, KEEP_ALL = 64 << 20 };

/* How many messages one commit takes, and how many addresses of a message without proof count: a
 * forger can name any number of addresses. */
enum { GROUP = 100, UNPROVED = 20 };

struct nl_intake {
    struct nl_store *store;
    const struct nl_config *config;
    struct nl_bounce_reader *reader;
    struct nl_verp verp;
    struct nl_poison poison;
    bool grouping;
    int pending; /* messages in the open transaction */
};

/* Next to the database, or next to the configuration if the database is not a file. */
static void open_poison(struct nl_intake *intake) {
    struct nl_buf path = {0};
    bool file = strstr(intake->config->database, "://") == NULL;
    nl_buf_addf(&path, "%s.reading", file ? intake->config->database : intake->config->path);
    nl_poison_open(&intake->poison, nl_buf_text(&path));
    nl_buf_free(&path);
}

/* Drops what is kept beyond its time. */
static enum nl_status forget(struct nl_store *store, const struct nl_config *config,
                             struct nl_error *err) {
    int64_t now = nl_store_now(store);
    const struct nl_bounce_record_limits limits = {.understood = now - config->bounce.keep,
                                                   .unknown = now - config->bounce.keep_unknown,
                                                   .bytes = KEEP_ALL};
    return nl_bounce_record_forget(store, &limits, err);
}

enum nl_status nl_intake_new(struct nl_store *store, const struct nl_config *config,
                             struct nl_intake **out, struct nl_error *err) {
    *out = nl_calloc(1, sizeof **out);
    **out =
        (struct nl_intake){.store = store, .config = config, .poison = {.file = -1, .place = -1}};
    enum nl_status status = nl_bounce_reader_new(&(*out)->reader, err);
    if (status == NL_OK)
        status = nl_verp_open(nl_store_secret(store), &(*out)->verp, err);
    if (status == NL_OK)
        status = forget(store, config, err);
    if (status == NL_OK)
        open_poison(*out);
    if (status != NL_OK) {
        nl_intake_free(*out);
        *out = NULL;
    }
    return status;
}

void nl_intake_free(struct nl_intake *intake) {
    if (intake == NULL)
        return;
    nl_bounce_reader_free(intake->reader);
    nl_verp_close(&intake->verp);
    nl_poison_close(&intake->poison);
    nl_intake_abandon(intake);
    free(intake);
}

void nl_intake_abandon(struct nl_intake *intake) {
    if (intake->pending > 0)
        nl_store_rollback(intake->store);
    intake->pending = 0;
}

/* The delivery that the message proves to know of: by the return path it came to, or by the
 * Message-ID of the mail it brings back. 0 for none. */
static int64_t find_proof(const struct nl_intake *intake, const char *recipient,
                          const struct nl_bounce *bounce) {
    int64_t delivery = 0;
    if (recipient != NULL && nl_verp_verify(&intake->verp, recipient, &delivery))
        return delivery;
    for (size_t i = 0; i < bounce->sent_to_count; i++)
        if (nl_verp_verify(&intake->verp, bounce->sent_to[i], &delivery))
            return delivery;
    if (bounce->message_id != NULL &&
        nl_verp_verify_message_id(&intake->verp, bounce->message_id, &delivery))
        return delivery;
    return 0;
}

static enum nl_effect effect_of(enum nl_bounce_kind kind) {
    return kind == NL_BOUNCE_SOFT          ? NL_EFFECT_SOFT
           : kind == NL_BOUNCE_HARD        ? NL_EFFECT_HARD
           : kind == NL_BOUNCE_COMPLAINT   ? NL_EFFECT_COMPLAINT
           : kind == NL_BOUNCE_UNSUBSCRIBE ? NL_EFFECT_UNSUBSCRIBE
                                           : NL_EFFECT_NONE;
}

static struct nl_bounce_verdict verdict_of(const struct nl_bounce_recipient *recipient,
                                           const struct nl_address *address) {
    return (struct nl_bounce_verdict){.address = address,
                                      .effect = effect_of(recipient->kind),
                                      .kind = nl_bounce_kind_name(recipient->kind),
                                      .reason = recipient->reason,
                                      .status = recipient->status,
                                      .diagnostic = recipient->diagnostic};
}

/* One mail, one recipient: of all that is said the gravest counts. */
static struct nl_bounce_verdict proved_verdict(const struct nl_bounce *bounce) {
    const struct nl_bounce_recipient bare = {.kind = bounce->kind, .reason = "undetermined"};
    const struct nl_bounce_recipient *gravest = &bare;
    for (size_t i = 0; i < bounce->count; i++)
        if (bounce->recipients[i].kind == bounce->kind)
            gravest = &bounce->recipients[i];
    struct nl_bounce_verdict verdict = verdict_of(gravest, NULL);
    verdict.status = gravest == &bare ? "" : gravest->status;
    /* A mail that asks to be unsubscribed names nobody: its token has ended what it is for. */
    if (gravest == &bare && bounce->kind == NL_BOUNCE_UNSUBSCRIBE)
        verdict.effect = NL_EFFECT_NONE;
    return verdict;
}

void nl_intake_group(struct nl_intake *intake) {
    intake->grouping = true;
}

enum nl_status nl_intake_flush(struct nl_intake *intake, struct nl_error *err) {
    if (intake->pending == 0)
        return NL_OK;
    intake->pending = 0;
    enum nl_status status = nl_store_commit(intake->store, err);
    if (status != NL_OK)
        nl_store_rollback(intake->store);
    return status;
}

/* Records by itself, or in the open transaction of a group. */
static enum nl_status add_to_record(struct nl_intake *intake, const struct nl_bounce_record *entry,
                                    const struct nl_bounce_policy *policy,
                                    struct nl_bounce_record_outcome *outcome,
                                    struct nl_error *err) {
    if (!intake->grouping)
        return nl_bounce_record_add(intake->store, entry, policy, outcome, err);
    enum nl_status status =
        intake->pending == 0 ? nl_store_begin_exclusive(intake->store, err) : NL_OK;
    if (status != NL_OK)
        return status;
    status = nl_bounce_record_add_within(intake->store, entry, policy, outcome, err);
    if (status != NL_OK) {
        intake->pending = 0;
        nl_store_rollback(intake->store);
        return status;
    }
    return ++intake->pending < GROUP ? NL_OK : nl_intake_flush(intake, err);
}

static enum nl_status record_verdicts(struct nl_intake *intake, struct nl_bounce_record *entry,
                                      const struct nl_bounce *bounce, struct nl_intake_result *out,
                                      struct nl_error *err) {
    const struct nl_bounce_policy policy = {
        intake->config->bounce.hard, intake->config->bounce.soft, intake->config->bounce.limit,
        intake->config->bounce.half_life, intake->config->bounce.interval};
    struct nl_bounce_record_outcome outcome = {0};
    struct nl_address *addresses = nl_calloc(bounce->count + 1, sizeof *addresses);
    struct nl_bounce_verdict *verdicts = nl_calloc(bounce->count + 1, sizeof *verdicts);
    enum nl_status status = NL_OK;
    if (out->proved && bounce->kind >= NL_BOUNCE_DELAYED)
        verdicts[entry->count++] = proved_verdict(bounce);
    for (size_t i = 0; !out->proved && i < bounce->count && i < UNPROVED; i++)
        if (nl_address_parse(bounce->recipients[i].address, &addresses[i], NULL) == NL_OK)
            verdicts[entry->count++] = verdict_of(&bounce->recipients[i], &addresses[i]);
    entry->verdicts = verdicts;
    if (status == NL_OK)
        status = add_to_record(intake, entry, &policy, &outcome, err);
    out->seen = outcome.seen;
    out->ended += outcome.ended;
    for (size_t i = 0; addresses != NULL && i < bounce->count; i++)
        nl_address_free(&addresses[i]);
    free(addresses);
    free(verdicts);
    return status;
}

/* A token that is unknown or used up is not a reason to see the message again. */
static enum nl_status unsubscribe(const struct nl_intake *intake, const struct nl_bounce *bounce,
                                  struct nl_intake_result *out, struct nl_error *err) {
    struct nl_token_result used = {0};
    char token[NL_LINK_TOKEN_LEN + 1];
    nl_token_link(&bounce->unsubscribe, token);
    enum nl_status status =
        nl_unsubscribe_token(intake->store, token, intake->config->notices.goodbye, &used, err);
    if (status == NL_OK)
        out->ended = 1;
    return status == NL_NOTFOUND || status == NL_DATA ? NL_OK : status;
}

/* A report about us is not a bounce, whatever token it came with: nothing of it reaches a
 * subscription.
 */
static enum nl_status take_report(const struct nl_intake *intake, struct nl_intake_result *out,
                                  struct nl_error *err) {
    const struct nl_reputation_report *report = out->bounce.report;
    enum nl_status status =
        nl_reputation_add(intake->store, report, intake->config->bounce_address,
                          intake->config->retention.reports, &out->refused, err);
    if (status == NL_OK && out->refused != NULL)
        nl_log(NL_LOG_NOTICE, NULL, "a %s report of %s is not counted: %s",
               nl_reputation_kind_name(report->kind), report->reporter, out->refused);
    return status;
}

/* Reads a message, unless the last process that did so died of it: that one is left unread. */
static enum nl_status read_unless_set_aside(struct nl_intake *intake, const char *data, size_t len,
                                            const unsigned char digest[NL_DIGEST_LEN],
                                            struct nl_bounce *out, bool *set_aside,
                                            struct nl_error *err) {
    char name[2 * NL_DIGEST_LEN + 1];
    *out = (struct nl_bounce){0};
    *set_aside = nl_poison_killed(&intake->poison, digest);
    if (*set_aside) {
        nl_digest_hex(data, len, name);
        nl_log(
            NL_LOG_ERROR, NULL,
            "a message of %zu bytes (SHA-256 %.16s...) ended the process that read it: it is set "
            "aside unread, see newsletter bounce --kept",
            len, name);
        return NL_OK;
    }
    nl_poison_begin(&intake->poison, digest);
    enum nl_status status = nl_bounce_read(intake->reader, data, len, out, err);
    nl_poison_end(&intake->poison);
    return status;
}

enum nl_status nl_intake_take(struct nl_intake *intake, const char *data, size_t len,
                              const char *recipient, bool keep, struct nl_intake_result *out,
                              struct nl_error *err) {
    struct nl_bounce_record entry = {0};
    bool set_aside = false;
    bool unread = false;
    *out = (struct nl_intake_result){0};
    nl_digest(data, len, entry.digest);
    /* One that was set aside before is not read again from an mbox or a folder that stays. */
    enum nl_status status =
        nl_bounce_record_find(intake->store, entry.digest, nl_bounce_kind_name(NL_BOUNCE_UNKNOWN),
                              &out->seen, &unread, err);
    if (status == NL_OK && !unread)
        status =
            read_unless_set_aside(intake, data, len, entry.digest, &out->bounce, &set_aside, err);
    if (status != NL_OK || out->seen)
        return status;
    entry.kind = nl_bounce_kind_name(out->bounce.kind);
    bool report = out->bounce.kind == NL_BOUNCE_REPORT;
    entry.reporter = out->bounce.reporter;
    entry.delivery = set_aside || report || out->bounce.problem != NULL
                         ? 0
                         : find_proof(intake, recipient, &out->bounce);
    out->proved = entry.delivery != 0;
    if (keep || set_aside) {
        size_t most = out->bounce.kind == NL_BOUNCE_UNKNOWN ? KEEP_UNKNOWN : KEEP_UNDERSTOOD;
        entry.message = data;
        entry.len = len < most ? len : most;
    }
    if (out->bounce.kind == NL_BOUNCE_UNSUBSCRIBE) {
        status = nl_intake_flush(intake, err); /* it has a transaction of its own */
        if (status == NL_OK)
            status = unsubscribe(intake, &out->bounce, out, err);
    }
    if (report) {
        status = nl_intake_flush(intake, err); /* and so has this */
        if (status == NL_OK)
            status = take_report(intake, out, err);
    }
    if (out->bounce.problem != NULL)
        nl_log(NL_LOG_NOTICE, NULL, "a report about us cannot be read: %s", out->bounce.problem);
    if (status == NL_OK)
        status = record_verdicts(intake, &entry, &out->bounce, out, err);
    if (status == NL_OK && set_aside)
        status = nl_intake_flush(intake, err); /* what is forgotten must not be lost with a group */
    if (status == NL_OK && set_aside)
        nl_poison_forget(&intake->poison, entry.digest);
    return status;
}

/* The delivery whose token an event carries, if it names the address that the delivery went to;
 * *which is the recipient that it is about. */
static enum nl_status find_event_proof(const struct nl_intake *intake,
                                       const struct nl_bounce *bounce, int64_t *delivery,
                                       size_t *which, struct nl_error *err) {
    enum nl_status status = NL_OK;
    int64_t named = 0;
    *delivery = 0;
    if (bounce->message_id == NULL ||
        !nl_verp_verify_message_id(&intake->verp, bounce->message_id, &named))
        return NL_OK;
    for (size_t i = 0; status == NL_OK && *delivery == 0 && i < bounce->count; i++) {
        struct nl_address address = {0};
        bool theirs = false;
        if (nl_address_parse(bounce->recipients[i].address, &address, NULL) == NL_OK)
            status = nl_bounce_record_is_to(intake->store, named, address.key, &theirs, err);
        nl_address_free(&address);
        *which = i;
        *delivery = theirs ? named : 0;
    }
    return status;
}

enum nl_status nl_intake_event(struct nl_intake *intake, const struct nl_event *event,
                               struct nl_intake_result *out, struct nl_error *err) {
    struct nl_bounce_record entry = {.message = event->text};
    size_t which = 0;
    *out = (struct nl_intake_result){0};
    memcpy(entry.digest, event->digest, sizeof entry.digest);
    nl_event_read(intake->reader, event->text, event->len, &out->bounce);
    if (out->bounce.kind == NL_BOUNCE_AUTO_REPLY)
        return NL_OK;
    enum nl_status status = nl_bounce_record_exists(intake->store, entry.digest, &out->seen, err);
    if (status == NL_OK && !out->seen)
        status = find_event_proof(intake, &out->bounce, &entry.delivery, &which, err);
    if (status != NL_OK || out->seen)
        return status;
    size_t most = out->bounce.kind == NL_BOUNCE_UNKNOWN ? KEEP_UNKNOWN : KEEP_UNDERSTOOD;
    entry.len = event->len < most ? event->len : most;
    entry.kind = nl_bounce_kind_name(out->bounce.kind);
    out->proved = entry.delivery != 0;
    if (!out->proved)
        return record_verdicts(intake, &entry, &out->bounce, out, err);
    struct nl_bounce_recipient *recipient = &out->bounce.recipients[which];
    const struct nl_bounce theirs = {.kind = recipient->kind, .recipients = recipient, .count = 1};
    return record_verdicts(intake, &entry, &theirs, out, err);
}

void nl_intake_result_free(struct nl_intake_result *result) {
    nl_bounce_free(&result->bounce);
}

enum nl_status nl_intake_reply(struct nl_intake *intake, const char *data, size_t len,
                               bool *counted, struct nl_error *err) {
    struct nl_bounce message = {0};
    int64_t delivery = 0;
    *counted = false;
    unsigned char digest[NL_DIGEST_LEN];
    bool set_aside = false;
    nl_digest(data, len, digest);
    enum nl_status status =
        read_unless_set_aside(intake, data, len, digest, &message, &set_aside, err);
    if (set_aside)
        nl_poison_forget(&intake->poison, digest);
    bool personal = !set_aside && message.kind == NL_BOUNCE_UNKNOWN;
    for (size_t i = 0; status == NL_OK && personal && !*counted && i < message.answers_count; i++)
        if (nl_verp_verify_message_id(&intake->verp, message.answers[i], &delivery))
            status = nl_subject_test_replied(intake->store, delivery, counted, err);
    nl_bounce_free(&message);
    return status;
}
