/* Copies of an issue to mailboxes of our own, and looking for them there. */
#include "delivery/canary_run.h"

#include "newsletter/base/address.h"
#include "newsletter/base/kept_error.h"
#include "newsletter/inbound/seed.h"
#include "newsletter/proof/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_LENGTH = 80 };

static const char *word(const json_t *seed, const char *name) {
    const char *text = json_string_value(json_object_get(seed, name));
    return text != NULL ? text : "";
}

static bool is_state(const json_t *seed, const char *state) {
    return strcmp(word(seed, "state"), state) == 0;
}

enum nl_status nl_canary_keep(struct canary_run *run, struct nl_error *err) {
    free(run->row.facts);
    run->row.facts = json_dumps(run->facts, JSON_COMPACT);
    return nl_canary_note(run->plan->store, run->issue->id, &run->row, err);
}

/* The facts of a seed, by its address. Their place stays the same when seeds come and go in the
 * settings: copies are named by it. */
static json_t *facts_of(struct canary_run *run, const struct nl_seed *seed, size_t *place) {
    json_t *seeds = json_object_get(run->facts, "seeds");
    json_t *one = NULL;
    size_t at = 0;
    json_array_foreach(seeds, at, one) {
        *place = at;
        if (strcmp(word(one, "address"), seed->address) == 0)
            return one;
    }
    *place = at;
    one = json_pack("{s:s, s:s}", "address", seed->address, "state", "new");
    json_array_append_new(seeds, one);
    return one;
}

/* The part of the Message-ID before the "@": the marker by which a copy is found. */
static void make_id(const struct canary_run *run, size_t place, char out[ID_LENGTH]) {
    snprintf(out, ID_LENGTH, "seed.%s.%zu", run->row.token, place);
}

/* The text, and its parts for a page that words it in its own language. */
static void note_failure(json_t *facts, const char *text, const char *parts,
                         const struct nl_error *failure) {
    json_t *kept = failure != NULL ? nl_error_keep(failure) : NULL;
    json_object_set_new(facts, text,
                        failure != NULL ? json_string(nl_error_text(failure)) : json_null());
    json_object_set_new(facts, parts, kept != NULL ? kept : json_null());
}

/* ---- sending ---- */

static enum nl_status fill(const struct canary_run *run, const struct nl_address *to,
                           const char *message_id, struct nl_buf *out, struct nl_error *err) {
    static const char nobody[] = "00000000-0000-4000-8000-000000000000";
    struct nl_message *message = NULL;
    struct nl_buf fields = {0};
    enum nl_status status =
        nl_message_parse(run->issue->message, run->issue->message_len, &message, err);
    if (status == NL_OK)
        status = nl_checkpoint_field(run->plan->store, &fields, err);
    const struct nl_recipient recipient = {
        .address = to->envelope,
        .name = "",
        .attributes = "{}",
        .unsubscribe = nobody,
        .confirmation = nobody,
        .message_id = message_id,
        .date = nl_store_now(run->plan->store),
        .fields = fields.len > 0 ? nl_buf_text(&fields) : NULL,
    };
    if (status == NL_OK)
        status = nl_message_fill(message, &recipient, out, err);
    nl_message_free(message);
    nl_buf_free(&fields);
    return status;
}

/* From the same addresses as the mail to subscribers. */
static enum nl_status send_copy(const struct canary_run *run, const struct nl_seed *seed,
                                const char *id, struct nl_error *err) {
    const struct nl_config *config = run->plan->config;
    struct nl_address to = {0};
    struct nl_address from = {0};
    struct nl_address bounces = {0};
    struct nl_buf message_id = {0};
    struct nl_buf message = {0};
    char *name = NULL;
    enum nl_status status = nl_address_parse(seed->address, &to, err);
    if (status == NL_OK)
        status = nl_mailbox_parse(run->plan->from, &name, &from, err);
    if (status == NL_OK && config->bounce_address != NULL)
        status = nl_address_parse(config->bounce_address, &bounces, err);
    nl_buf_addf(&message_id, "%s@%s", id, status == NL_OK ? from.domain : "");
    if (status == NL_OK)
        status = fill(run, &to, nl_buf_text(&message_id), &message, err);
    if (status == NL_OK)
        status = nl_send_single(run->plan->store, config, run->plan->relay, from.envelope,
                                bounces.envelope != NULL ? bounces.envelope : from.envelope, &to,
                                &message, err);
    free(name);
    nl_address_free(&to);
    nl_address_free(&from);
    nl_address_free(&bounces);
    nl_buf_free(&message_id);
    nl_buf_free(&message);
    return status;
}

/* A copy that may have gone out before a crash lies in the mailbox, most often. */
static bool has_arrived(const struct canary_run *run, const struct nl_seed *seed, const char *id) {
    struct nl_seed_sight sight;
    struct nl_error ignored = {0};
    bool found = nl_seed_look(seed, id, run->plan->options->stop, &sight, &ignored) == NL_OK &&
                 sight.place != NL_SEED_MISSING;
    nl_error_free(&ignored);
    return found;
}

/* It is noted before it begins. */
static enum nl_status send_seed(struct canary_run *run, const struct nl_seed *seed, size_t place,
                                json_t *facts, struct nl_error *err) {
    char id[ID_LENGTH];
    struct nl_error failure = {0};
    make_id(run, place, id);
    bool sent = is_state(facts, "begun") && has_arrived(run, seed, id);
    json_object_set_new(facts, "state", json_string("begun"));
    enum nl_status status = sent ? NL_OK : nl_canary_keep(run, err);
    if (status == NL_OK && !sent) {
        sent = send_copy(run, seed, id, &failure) == NL_OK;
        note_failure(facts, "reason", "reason_said", sent ? NULL : &failure);
    }
    json_object_set_new(facts, "state", json_string(sent ? "sent" : "failed"));
    nl_error_free(&failure);
    return status == NL_OK ? nl_canary_keep(run, err) : status;
}

enum nl_status nl_canary_send_seeds(struct canary_run *run, struct nl_error *err) {
    const struct nl_seed *seeds = run->plan->config->seeds;
    const volatile sig_atomic_t *stop = run->plan->options->stop;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < NL_SEEDS && seeds[i].address != NULL; i++) {
        size_t place = 0;
        json_t *facts = facts_of(run, &seeds[i], &place);
        if (!is_state(facts, "sent") && (stop == NULL || *stop == 0))
            status = send_seed(run, &seeds[i], place, facts, err);
    }
    return status;
}

/* ---- looking ---- */

static void set_word(json_t *facts, const char *name, const char *text) {
    json_object_set_new(facts, name, text[0] != '\0' ? json_string(text) : json_null());
}

static void note_sight(json_t *facts, const struct nl_seed_sight *sight) {
    static const char *const places[] = {"missing", "inbox", "junk", "elsewhere"};
    const struct nl_authentication *said = &sight->authentication;
    set_word(facts, "place", places[sight->place]);
    set_word(facts, "folder", sight->folder);
    set_word(facts, "authserv_id", said->authserv_id);
    set_word(facts, "spf", said->spf);
    set_word(facts, "dkim", said->dkim);
    set_word(facts, "dkim_domain", said->dkim_domain);
    set_word(facts, "dmarc", said->dmarc);
}

enum nl_status nl_canary_look(struct canary_run *run, struct nl_error *err) {
    const struct nl_seed *seeds = run->plan->config->seeds;
    const volatile sig_atomic_t *stop = run->plan->options->stop;
    for (size_t i = 0; i < NL_SEEDS && seeds[i].address != NULL; i++) {
        size_t place = 0;
        json_t *facts = facts_of(run, &seeds[i], &place);
        struct nl_seed_sight sight = {0};
        struct nl_error failure = {0};
        char id[ID_LENGTH];
        const char *known = word(facts, "place");
        bool found = known[0] != '\0' && strcmp(known, "missing") != 0;
        if (found || !is_state(facts, "sent") || (stop != NULL && *stop != 0))
            continue;
        make_id(run, place, id);
        enum nl_status status = nl_seed_look(&seeds[i], id, stop, &sight, &failure);
        note_sight(facts, &sight);
        note_failure(facts, "problem", "problem_said", status == NL_OK ? NULL : &failure);
        nl_error_free(&failure);
    }
    return nl_canary_keep(run, err);
}
