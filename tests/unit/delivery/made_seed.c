#include "delivery/made_seed.h"

#include <stdio.h>

struct made_seed made_seed;

const struct nl_relay *made_seed_relay(void) {
    static const char relay;
    return (const struct nl_relay *)&relay;
}

void made_seed_begin(void) {
    made_seed_end();
}

void made_seed_end(void) {
    nl_buf_free(&made_seed.log);
    nl_buf_free(&made_seed.from);
    nl_buf_free(&made_seed.sender);
    nl_buf_free(&made_seed.message);
    made_seed = (struct made_seed){0};
}

static void keep(struct nl_buf *out, const char *text) {
    nl_buf_clear(out);
    nl_buf_adds(out, text);
}

/* The part of a Message-ID before the "@". */
static void add_id(const char *message) {
    const char *id = strstr(message, "Message-ID: <");
    assert_non_null(id);
    id += strlen("Message-ID: <");
    nl_buf_add(&made_seed.log, id, strcspn(id, "@>"));
}

enum nl_status nl_send_single(struct nl_store *store, const struct nl_config *config,
                              const struct nl_relay *relay, const char *from, const char *sender,
                              const struct nl_address *recipient, struct nl_buf *message,
                              struct nl_error *err) {
    (void)store, (void)config, (void)relay;
    if (made_seed.before != NULL)
        made_seed.before();
    keep(&made_seed.from, from);
    keep(&made_seed.sender, sender);
    keep(&made_seed.message, nl_buf_text(message));
    nl_buf_addf(&made_seed.log, "send %s ", recipient->envelope);
    add_id(nl_buf_text(message));
    nl_buf_adds(&made_seed.log, "\n");
    if (made_seed.refuses != NULL && strcmp(made_seed.refuses, recipient->envelope) == 0)
        return nl_error_set(err, NL_UNAVAILABLE, "it is refused");
    return NL_OK;
}

enum nl_status nl_send_test(struct nl_store *store, const struct nl_config *config,
                            const struct nl_relay *relay, const char *sender,
                            const struct nl_address *recipient, struct nl_buf *message,
                            struct nl_error *err) {
    return nl_send_single(store, config, relay, sender, sender, recipient, message, err);
}

enum nl_status nl_send_reach(const struct nl_relay *relay, const char *from,
                             const struct nl_source *source, struct nl_buf *host,
                             struct nl_error *err) {
    (void)relay, (void)from, (void)source, (void)host;
    return nl_error_set(err, NL_UNAVAILABLE, "nobody is reached");
}

enum nl_status nl_seed_look(const struct nl_seed *seed, const char *token,
                            const volatile sig_atomic_t *stop, struct nl_seed_sight *out,
                            struct nl_error *err) {
    nl_buf_addf(&made_seed.log, "look %s %s\n", seed->address, token);
    made_seed.stop = stop;
    *out = (struct nl_seed_sight){0};
    if (made_seed.closed != NULL && strcmp(made_seed.closed, seed->address) == 0)
        return nl_error_set(err, NL_TEMPFAIL, "the mailbox is closed");
    *out = made_seed.look != NULL
               ? made_seed.look(seed->address)
               : (struct nl_seed_sight){.place = NL_SEED_INBOX, .folder = "INBOX"};
    return NL_OK;
}

enum nl_status nl_seed_open(const struct nl_seed *seed, char junk[NL_SEED_FOLDER],
                            struct nl_error *err) {
    (void)seed, (void)junk;
    return nl_error_set(err, NL_UNAVAILABLE, "no mailbox is opened");
}
